"""A folder of pictures as packed codes, kept in a file so that each picture is encoded once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from serving.codes.arrays import DAMAGE, dump_arrays, read_arrays
from serving.encoding import Progress, encode_pictures, none_readable, silent, stamp_of
from serving.errors import ServingError
from serving.files import write_atomically
from serving.folders import list_pictures

_FORMAT = 1
# What tells one state of a picture from the next: its id, size and time of change.
Stamp = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class CodedGallery:
    """Pictures as codes.

    Args:
        stamps: one a picture.
        codes: (n, bytes) uint8.
        encoded: how many of them were encoded just now.
        skipped: `{"path", "reason"}` of each picture that could not be read.
    """

    stamps: list[Stamp]
    codes: np.ndarray
    encoded: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """Paths of the pictures, relative to their folder."""
        return [stamp[0] for stamp in self.stamps]


def coded_gallery(
    encode: Callable[[list[np.ndarray]], np.ndarray],
    made_by: dict[str, str],
    folder: Path,
    kept: Path,
    progress: Progress = silent,
) -> CodedGallery:
    """The codes of a folder's pictures; only new and changed pictures are encoded.

    Args:
        encode: packed codes (B, bytes) of a batch of pictures.
        made_by: what the codes depend on; what was kept is used only if it depends on the same.
        folder: the pictures, at any depth.
        kept: the file to keep the codes in. If it is damaged or of something else, all
            pictures are encoded anew.
        progress: wraps the pictures as they are read.

    Returns:
        The gallery, sorted by id.

    Raises:
        ServingError: no pictures, or none readable; nothing is written.
        OSError: the file cannot be written.
    """
    paths = {_stamp(path, folder): path for path in list_pictures(folder)}
    before = _read(kept, made_by)
    known = dict(zip(before.stamps, before.codes, strict=True)) if before else {}
    new = {stamp: path for stamp, path in paths.items() if stamp not in known}
    found = encode_pictures(encode, list(new.values()), folder, progress=progress)
    by_id = {stamp[0]: stamp for stamp in new}
    rows = zip(found.ids, () if found.rows is None else found.rows, strict=True)
    known |= {by_id[name]: code for name, code in rows}
    stamps = [stamp for stamp in paths if stamp in known]
    if not stamps:
        raise ServingError(none_readable(folder, found.skipped))
    codes = np.stack([known[stamp] for stamp in stamps])
    if before is None or stamps != before.stamps:
        facts = {"format": _FORMAT, "made_by": made_by, "stamps": stamps}
        write_atomically(kept, dump_arrays(facts, codes=codes))
    return CodedGallery(stamps, codes, len(found.ids), found.skipped)


def _stamp(path: Path, folder: Path) -> Stamp:
    return path.relative_to(folder).as_posix(), *stamp_of(path)


def _read(kept: Path, made_by: dict[str, str]) -> CodedGallery | None:
    try:
        arrays, facts = read_arrays(kept.read_bytes())
        codes, stamps = arrays["codes"], [tuple(stamp) for stamp in facts["stamps"]]
        usable = _usable(facts, made_by) and codes.ndim == 2 and codes.dtype == np.uint8
    except DAMAGE:
        return None
    return CodedGallery(stamps, codes) if usable and len(codes) == len(stamps) else None


def _usable(facts: dict[str, Any], made_by: dict[str, str]) -> bool:
    return facts["format"] == _FORMAT and facts["made_by"] == made_by
