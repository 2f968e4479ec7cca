"""Pictures in class folders, surveyed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pictures import PictureError, read_picture
from sbir_tf.data.layouts import Layout, Listing
from sbir_tf.data.splits import Split
from sbir_tf.data.survey import survey
from sbir_tf.data.survey.memory import CACHE
from sbir_tf.data.validation.features import texts
from sbir_tf.data.validation.page.gallery import SIDE
from sbir_tf.data.validation.report import ERROR, WARNING, Anomaly, anomaly
from sbir_tf.data.validation.sources.source import Source
from sbir_tf.data.validation.words import counted, named
from sbir_tf.errors import UserError


def from_listing(
    listing: Listing,
    split: Split | None = None,
    progress=None,
    layout: Layout | None = None,
    cache: Path | None = CACHE,
) -> Source:
    """Pictures in class folders, surveyed."""
    if not listing.items:
        raise UserError(f"{listing.root} holds no picture to validate")
    table = survey(listing.root, listing.items, progress=progress, layout=layout, cache=cache)
    table = _with_sizes(table, listing.root)
    names = tuple(sorted(set(texts(table, "class"))))

    def read(key: str) -> np.ndarray | None:
        try:
            return read_picture(listing.root / key, longest=SIDE)
        except (PictureError, OSError):
            return None

    found = tuple(_of_listing(listing))
    return Source(str(listing.root), table, names, split, found, read)


def _with_sizes(table: pa.Table, root: Path) -> pa.Table:
    """Files that cannot be read have a size all the same, which tells the empty ones."""
    problems = texts(table, "problem")
    if not (problems != "").any():
        return table
    sizes = table["bytes"].to_pylist()
    for row in np.flatnonzero(problems != ""):
        try:
            sizes[row] = (root / table["key"][int(row)].as_py()).stat().st_size
        except OSError:
            sizes[row] = 1  # not known, but not empty either
    place = table.schema.get_field_index("bytes")
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(sizes, field.type))


def _of_listing(listing: Listing) -> Iterator[Anomaly]:
    if listing.empty:
        yield anomaly(
            ERROR,
            "folder_empty",
            f"{counted(len(listing.empty), 'class folder')} without a picture: "
            f"{named(listing.empty)}. Fill or remove them",
            listing.empty,
        )
    if listing.unreadable:
        told = [f"{problem.path}: {problem.reason}" for problem in listing.unreadable]
        yield anomaly(
            ERROR,
            "folder_unreadable",
            f"{counted(len(told), 'folder')} cannot be listed: {named(told)}. Mend their rights",
            told,
        )
    if listing.skipped:
        told = [f"{problem.path}: {problem.reason}" for problem in listing.skipped]
        yield anomaly(
            WARNING,
            "file_skipped",
            f"{counted(len(told), 'file')} left out: {named(told)}. Mend or remove them",
            told,
        )
