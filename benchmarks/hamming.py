"""Ways to rank by Hamming distance: the product's, and the NumPy ones it was chosen over.

Each takes packed queries (Q, bytes), packed codes (N, bytes), k, and gives positions and distances
(Q, k), ascending, of equal distances the lower position first.
"""

import os

import numpy as np

from serving.codes import nearest_codes
from serving.index.exact import nearest

_CACHED = 8192  # codes whose temporaries stay in the cache
_PRODUCTS = 16384


def by_threads(queries: np.ndarray, codes: np.ndarray, k: int):
    """faiss as the product calls it, but with a thread a core."""
    import faiss

    faiss.omp_set_num_threads(os.cpu_count())
    index = faiss.IndexBinaryFlat(8 * codes.shape[1])
    index.add(codes)
    distances, positions = index.search(queries, k)
    return nearest(positions, distances, k)


def by_count(queries: np.ndarray, codes: np.ndarray, k: int):
    """XOR, and each word's bits counted by adding neighbours, all in registers' width."""
    words, asked = codes.view(np.uint64), queries.view(np.uint64)

    def distances(query, block):
        return sum(_bits_of(block[:, column] ^ query[column]) for column in range(len(query)))

    return _one_by_one(asked, words, k, distances)


def by_table(queries: np.ndarray, codes: np.ndarray, k: int):
    """XOR, and each 16 bits looked up."""
    table = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1)
    table = table.sum(axis=1, dtype=np.uint8)
    words, asked = codes.view(np.uint16), queries.view(np.uint16)
    return _one_by_one(asked, words, k, lambda query, block: table[block ^ query].sum(axis=1))


def by_product(queries: np.ndarray, codes: np.ndarray, k: int):
    """Codes as -1 and 1 in float32: (bits - s . t) / 2, by the matrix product."""
    asked, bits = _signs(queries), 8 * codes.shape[1]
    best = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(codes), _PRODUCTS):
        distances = (bits - asked @ _signs(codes[start : start + _PRODUCTS]).T) / 2
        if start == 0:
            best = np.array([_smallest(_keys(row, 0), k) for row in distances])
            continue
        near = distances < best[:, -1:] >> 32
        for row in np.flatnonzero(near.any(axis=1)):
            best[row] = _with_nearer(best[row], distances[row], start, k)
    return _split(best)


def _one_by_one(queries, codes, k, distances_of):
    best = []
    for query in queries:
        kept = _smallest(_keys(distances_of(query, codes[:_CACHED]), 0), k)
        for start in range(_CACHED, len(codes), _CACHED):
            distances = distances_of(query, codes[start : start + _CACHED])
            kept = _with_nearer(kept, distances, start, k)
        best.append(kept)
    return _split(np.array(best))


def _bits_of(words: np.ndarray) -> np.ndarray:
    """Bits set in each uint64 (the words are overwritten)."""
    ones, twos, fours = (np.uint64(int(octet * 8, 16)) for octet in ("55", "33", "0f"))
    part = words >> np.uint64(1)
    part &= ones
    words -= part
    np.right_shift(words, np.uint64(2), out=part)
    part &= twos
    words &= twos
    words += part
    np.right_shift(words, np.uint64(4), out=part)
    words += part
    words &= fours
    words *= np.uint64(int("01" * 8, 16))
    words >>= np.uint64(56)
    return words


def _with_nearer(kept: np.ndarray, distances: np.ndarray, start: int, k: int) -> np.ndarray:
    """The k best keys after one more block; a later code must be nearer to get in."""
    near = np.flatnonzero(distances < kept[-1] >> 32)
    if not len(near):
        return kept
    return _smallest(np.concatenate([kept, _keys(distances[near], near + start)]), k)


def _keys(distances: np.ndarray, positions) -> np.ndarray:
    """Distance and position in one number, so that sorting settles ties."""
    if np.isscalar(positions):
        positions = np.arange(len(distances))
    return distances.astype(np.int64) << 32 | positions


def _smallest(keys: np.ndarray, k: int) -> np.ndarray:
    return np.sort(np.partition(keys, k - 1)[:k])


def _split(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return keys & 0xFFFFFFFF, keys >> 32


def _signs(packed: np.ndarray) -> np.ndarray:
    return 2 * np.unpackbits(packed, axis=1).astype(np.float32) - 1


RANKERS = {
    "faiss `IndexBinaryFlat` (the product's)": nearest_codes,
    "faiss, a thread a core": by_threads,
    "NumPy, XOR and counting by adding": by_count,
    "NumPy, XOR and a table of 16 bits": by_table,
    "NumPy, float32 matrix product": by_product,
}
