"""Pictures in class folders, surveyed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pictures import PictureError, read_bytes, read_picture
from sbir_tf.data.inspection.misread import may_be_refused, misread
from sbir_tf.data.layouts import Layout, Listing
from sbir_tf.data.splits import Split
from sbir_tf.data.survey import Survey, survey_forms
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
    cache: Path | None = None,
    to_train: bool = False,
) -> Source:
    """Pictures in class folders, surveyed.

    Args:
        listing: Of the folder.
        split: Of the data set.
        progress: As `sbir_tf.console.bar`.
        layout: Who knows the instances.
        cache: Where surveys are remembered; None remembers nothing.
        to_train: Whether the files themselves are about to be trained on: one that TensorFlow
            refuses is then an error.
    """
    if not listing.items:
        raise UserError(f"{listing.root} holds no picture to validate")
    surveyed = survey_forms(listing.root, listing.items, progress, layout=layout, cache=cache)
    table = _with_sizes(surveyed.table, listing.root)
    names = tuple(sorted(set(texts(table, "class"))))

    def read(key: str) -> np.ndarray | None:
        try:
            return read_picture(listing.root / key, longest=SIDE)
        except (PictureError, OSError):
            return None

    found = (*_of_listing(listing), *_misread(surveyed, listing.root if to_train else None))
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


def _misread(surveyed: Survey, root: Path | None) -> Iterator[Anomaly]:
    """Pictures that are read rightly here, and otherwise or not at all by TensorFlow.

    What it refuses of those below `root` is an error.
    """
    keys, told = surveyed.table["key"].to_pylist(), {ERROR: [], WARNING: []}
    for key, form in zip(keys, surveyed.forms, strict=True):
        if form and (reason := misread(form)):
            stops = root and may_be_refused(form) and _is_refused(root / key)
            told[ERROR if stops else WARNING].append(f"{key}: {reason}")
    for severity, lines in told.items():
        if lines:
            yield anomaly(
                severity,
                "misread_by_tensorflow",
                f"{counted(len(lines), 'picture')} that a training from these files would see "
                f"otherwise, or not at all: {named(lines)}. Build records (`sbir data build`) and "
                "train on those",
                lines,
            )


def _is_refused(file: Path) -> bool:
    import tensorflow as tf

    from sbir_tf.data.decoding import decode_on_white

    try:
        decode_on_white(tf.constant(read_bytes(file)))
    except (PictureError, tf.errors.InvalidArgumentError):
        return True
    return False


def _of_listing(listing: Listing) -> Iterator[Anomaly]:
    if doubled := listing.pairing.doubled:
        told = [f"{name!r}: {' and '.join(map(repr, of))}" for name, of in doubled.items()]
        yield anomaly(
            ERROR,
            "class_doubled",
            f"{counted(len(told), 'class')} with several photo folders: {named(told)}. Merge or "
            "rename them, or pass --class-map FILE",
            told,
        )
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
