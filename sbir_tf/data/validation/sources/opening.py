"""Records or a folder: whichever a path turns out to be."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from sbir_tf.data.layouts import open_folder
from sbir_tf.data.records.naming import BUILD, FORMAT, MANIFEST
from sbir_tf.data.splits import Split
from sbir_tf.data.validation.sources.built import from_records
from sbir_tf.data.validation.sources.folder import from_listing
from sbir_tf.data.validation.sources.source import Source
from sbir_tf.errors import UserError


def open_source(
    folder: Path | str,
    split: Split | None = None,
    layout: str | None = None,
    variant: str | None = None,
    class_map: Path | None = None,
    progress: Callable[..., Iterable] | None = None,
    thorough: bool = True,
    cache: Path | None = None,
) -> Source:
    """The data set in a folder: records that were built, or pictures in class folders.

    Args:
        folder: Of either.
        split: Of the data set; records have their own, unless another is given.
        layout, variant, class_map: Of pictures in class folders; None recognises the layout.
        progress: As `sbir_tf.console.bar`.
        thorough: Whether to read records again; else their index is believed.
        cache: Where surveys of pictures are remembered; None remembers nothing.

    Returns:
        The data set.

    Raises:
        UserError: If the folder holds neither.
    """
    if are_records(folder):
        if layout or variant or class_map:
            raise UserError(
                f"{folder} holds records: leave out --layout, --variant and --class-map"
            )
        return from_records(folder, split, progress, thorough)
    place, listing = open_folder(folder, layout, variant, class_map)
    return from_listing(listing, split, progress, place.layout, cache)


def are_records(folder: Path | str) -> bool:
    """Whether a folder holds records, complete or not, of whatever version."""
    return any(_is_ours(Path(folder) / name) for name in (MANIFEST, BUILD))


def _is_ours(file: Path) -> bool:
    """Whether a file, whose name others may use as well, is about records."""
    try:
        form = json.loads(file.read_bytes())["format"] if file.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return str(form).startswith(FORMAT.partition("/")[0] + "/")
