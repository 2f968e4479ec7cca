"""What faults are put into: a generated Sketchy, its split, its records, its schema."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.faults.sets import sketchy_tree, tuberlin_tree
from sbir_tf.data.layouts import list_folder, locate
from sbir_tf.data.splits import Split, make_split
from sbir_tf.data.validation import Report, make_schema
from sbir_tf.data.validation.sources import Source, open_source

SKETCHES = "256x256/sketch/tx_000000000000"
PHOTOS = "EXTEND_image_sketchy"


@dataclass(frozen=True)
class Lab:
    """Whole sets, and where copies of them go.

    Attributes:
        folder: For the copies.
        tree: The pictures in folders.
        records: The same, built, in one shard.
        other: Another data set, in folders.
        split: Of the pictures.
        schema: Of the pictures, as a team would have committed it.
    """

    folder: Path
    tree: Path
    records: Path
    other: Path
    split: Split
    schema: object

    def copy(self, of: Path) -> Path:
        """A copy to be spoilt."""
        to = self.folder / "copy" / of.name
        shutil.rmtree(to, ignore_errors=True)
        return shutil.copytree(of, to)

    def with_tree(self, spoil: Callable[[Path], None], **options) -> Report:
        """The report about a copy of the pictures that is spoilt; without a split but one given."""
        tree = self.copy(self.tree)
        spoil(tree)
        return opened(tree, options.pop("split", None)).validate(**options)

    def with_records(self, spoil: Callable[[Path], None], **options) -> Report:
        """The report about a copy of the records that is spoilt."""
        records = self.copy(self.records)
        spoil(records)
        return opened(records).validate(**options)


def make_lab(folder: Path) -> Lab:
    """Generate the sets below a folder."""
    tree, other = sketchy_tree(folder / "sketchy"), tuberlin_tree(folder / "tuberlin")
    split = split_of(tree, "held-out-photos")
    records = records_of(tree, folder / "records", split)
    schema = make_schema(opened(tree).table)
    return Lab(folder, tree, records, other, split, schema)


def split_of(tree: Path, name: str, share: float = 0.25) -> Split:
    """A split of a tree, a quarter of each class held out."""
    items = items_of(tree)
    return make_split(name, items, test_sketches=share, test_photos=share)


def records_of(tree: Path, to: Path, split: Split | None, size: int = 64) -> Path:
    """The records of a tree."""
    from sbir_tf.data.records import build_records  # Beam, which warns of Python's age

    place = locate(tree)
    build_records(place.root, items_of(tree), to, split=split, size=size, layout=place.layout)
    return to


def items_of(tree: Path):
    place = locate(tree)
    return list_folder(place.root, place.layout, place.variant).items


def opened(folder: Path, split: Split | None = None) -> Source:
    """A data set, surveyed anew."""
    return open_source(folder, split, cache=None)


def unbalanced(split: Split) -> Split:
    """The split with all but one query of every other class left out of its queries."""
    by_class = {path.split("/")[-2]: [] for path in split.queries}
    for path in split.queries:
        by_class[path.split("/")[-2]].append(path)
    first, *others = by_class.values()
    kept = [*first, *(paths[0] for paths in others)]
    unused = [path for paths in others for path in paths[1:]]
    parts = {**split.parts, "queries": tuple(kept), "unused": tuple(unused)}
    return replace(split, parts=parts)
