"""Distances from queries to the gallery, a block of queries at a time."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.evaluation.checks import check_bits

DISTANCES = ("euclidean", "cosine", "hamming")
_TILE_BYTES = 16 << 20  # of gallery, converted at a time
_LARGEST_WHOLE = 1 << 16  # far below 2^24, up to which float32 adds whole numbers without error


class Distances:
    """The distances of all queries to all items, computed block by block.

    Args:
        queries: `(Q, D)` arrays: the pictures as they are and, perhaps, mirrored.
        gallery: `(N, D)` arrays. Of several pairs the smallest distance counts.
        distance: A name of `DISTANCES`.

    Raises:
        UserError: If the name is unknown, or "hamming" is asked of other numbers than 0 and 1.
    """

    def __init__(
        self, queries: Sequence[np.ndarray], gallery: Sequence[np.ndarray], distance: str
    ) -> None:
        if distance not in DISTANCES:
            raise UserError(f"`distance` is one of {', '.join(DISTANCES)}. Received: {distance!r}")
        if distance == "hamming":
            for side, views in (("query", queries), ("gallery", gallery)):
                for view in views:
                    check_bits(side, view)
        self.queries, self.rows = queries, len(queries[0])
        whole = distance != "cosine" and _small_whole_numbers([*queries, *gallery])
        self.searched = [Searched(view, distance == "cosine", whole) for view in gallery]

    def rows_in(self, memory: int) -> int:
        """How many queries' distances to all items take so many bytes: at least one's."""
        several = len(self.queries) * len(self.searched) > 1
        return max(1, memory // (sum(self.searched[0].bytes_each) * (1 + several)))

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """`(rows, N)` at a time, the last perhaps fewer.

        Each block takes the memory of the one before: what is to be kept has to be copied. To the
        system new memory costs more than to fill it.
        """
        smallest, other = Block(), Block()
        for start in range(0, self.rows, rows):
            some = [view[start : start + rows] for view in self.queries]
            pairs = itertools.product(some, self.searched)
            view, searched = next(pairs)
            found = searched.distances(view, smallest)
            for view, searched in pairs:
                np.minimum(found, searched.distances(view, other), out=found)
            yield found


class Block:
    """Memory for distances, taken once; two of them, where items that are equal are put back."""

    def __init__(self) -> None:
        self.taken: dict[str, np.ndarray] = {}

    def of(self, name: str, rows: int, columns: int, kind: type) -> np.ndarray:
        """`(rows, columns)`, whatever they hold."""
        if name not in self.taken or len(self.taken[name]) < rows * columns:
            self.taken[name] = np.empty(rows * columns, kind)
        return self.taken[name][: rows * columns].reshape(rows, columns)


class Searched:
    """A gallery, made ready for distances to it.

    Items that are equal, value for value, share one computed distance and so tie exactly: a matrix
    product may round equal columns differently. Of small whole numbers every product and sum is
    exact, in float32 already.

    Args:
        gallery: `(N, D)`.
        cosine: 1 - cosine, rather than the squared Euclidean distance |q|^2 + |g|^2 - 2 q.g.
        whole: Whether all numbers are whole and small.
    """

    def __init__(self, gallery: np.ndarray, cosine: bool = False, whole: bool = False) -> None:
        self.gallery, self.cosine, self.whole = gallery, cosine, whole
        self.kind = np.float32 if whole else np.float64
        self.squares = squares_of(gallery)
        first = np.arange(len(gallery)) if whole else first_equal_rows(gallery)
        self.distinct, self.inverse = np.unique(first, return_inverse=True)
        self.some_are_equal = len(self.distinct) < len(gallery)

    @property
    def bytes_each(self) -> list[int]:
        """Bytes of one query's distances: to the distinct items, and spread over all."""
        if self.whole:
            return [4 * len(self.gallery)]
        return [8 * len(self.distinct), 8 * len(self.gallery) * self.some_are_equal]

    def distances(self, queries: np.ndarray, memory: Block) -> np.ndarray:
        """`(queries, N)`, int32 of whole numbers, else float64; never below 0."""
        queries = queries.astype(self.kind)
        lengths = squares_of(queries)
        kind = np.int32 if self.whole else np.float64
        block = memory.of("distinct", len(queries), len(self.distinct), kind)
        queries *= -self._of_unit_length(lengths)[:, None] if self.cosine else self.kind(-2)
        for part in tiles(len(self.distinct), self.gallery.shape[1]):
            self._fill(block[:, part], queries, lengths, part)
        if not self.some_are_equal:
            return block
        every = memory.of("every", len(queries), len(self.inverse), kind)
        return np.take(block, self.inverse, axis=1, out=every, mode="clip")

    def _fill(self, out, queries: np.ndarray, lengths: np.ndarray, part: slice) -> None:
        """One tile of distances, while it is in the processor's cache."""
        items = self.distinct[part] if self.some_are_equal else part
        tile = self.gallery[items].astype(self.kind)
        squares = self.squares[items]
        if self.cosine:
            tile *= self._of_unit_length(squares)[:, None]
        product = np.matmul(queries, tile.T, out=None if self.whole else out)
        product += self.kind(1) if self.cosine else squares.astype(self.kind)
        if not self.cosine:
            product += lengths.astype(self.kind)[:, None]
        np.maximum(product, 0, out=product)
        if self.whole:
            out[:] = product

    @staticmethod
    def _of_unit_length(squares: np.ndarray) -> np.ndarray:
        """What makes vectors of these squared lengths unit vectors; 0 for those of zeros."""
        return np.divide(1, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)


def first_equal_rows(embeddings: np.ndarray) -> np.ndarray:
    """For each row, the number of the first row that equals it."""
    seen: dict[bytes, int] = {}
    first = np.arange(len(embeddings))
    for row in _rows_of_repeated(squares_of(embeddings)):
        octets = (embeddings[row] + 0).tobytes()  # -0.0 + 0 is 0.0: equal, but of other bytes
        first[row] = seen.setdefault(hashlib.blake2b(octets, digest_size=16).digest(), row)
    return first


def _rows_of_repeated(values: np.ndarray) -> list[int]:
    """The rows whose value occurs more than once: rows of other lengths cannot be equal."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.flatnonzero(counts[inverse] > 1).tolist()


def tiles(rows: int, columns: int) -> Iterator[slice]:
    """Slices of so many rows that they take `_TILE_BYTES` as float64."""
    step = max(1, _TILE_BYTES // (8 * max(1, columns)))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def squares_of(embeddings: np.ndarray) -> np.ndarray:
    """`(rows,)` float64, the squared length of each row."""
    squares = np.empty(len(embeddings))
    for part in tiles(*embeddings.shape):
        tile = embeddings[part].astype(np.float64)
        np.einsum("nd,nd->n", tile, tile, out=squares[part])
    return squares


def _small_whole_numbers(views: Sequence[np.ndarray]) -> bool:
    """Whether all distances are whole numbers that float32 computes without error."""
    for view in views:
        for part in tiles(*view.shape):
            tile = view[part]
            if tile.dtype.kind == "f" and (tile != np.rint(tile)).any():
                return False
    longest = max(squares_of(view).max() for view in views)
    return 4 * longest < _LARGEST_WHOLE
