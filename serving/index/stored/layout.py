"""An index's folder: what is where, and which generation counts.

    CURRENT                   names the generation; replaced in one step
    generations/00000007/     a generation: its files never change once CURRENT names it
    generations/.building/    one in the making; a crash may leave it
    journal.sqlite            what was added and removed since, in SQLite's write-ahead mode
    acknowledged              the number of the last change that a caller was told of
    writer.lock               held by the one that may change the index
    skipped.json              of a gallery: the pictures that could not be read

A crash at any moment leaves CURRENT, and so the index, either old or new.
"""

import os
import re
import shutil
import zlib
from contextlib import suppress
from pathlib import Path

from serving.errors import ServingError
from serving.files import sync_folder, write_atomically
from serving.index.stored.lock import take_if_unheld

CURRENT, GENERATIONS, BUILDING = "CURRENT", "generations", ".building"
JOURNAL, ACKNOWLEDGED, LOCK = "journal.sqlite", "acknowledged", "writer.lock"
CURE = "Build the index again with `sbir index build`, or restore a copy"
_NUMBER = re.compile(r"\d{8,}")
_EARLIER = "manifest.json"  # of format 1, at the top


def generation_folder(folder: Path, number: int) -> Path:
    """Where a generation is."""
    return folder / GENERATIONS / f"{number:08d}"


def is_index(folder: Path) -> bool:
    """Whether a folder holds an index of this format."""
    return (folder / CURRENT).is_file() and (folder / GENERATIONS).is_dir()


def check_target(folder: Path | str) -> None:
    """Refuses a folder that an index must not be made in.

    Args:
        folder: an index, or a folder that is new or empty.

    Raises:
        ServingError: a file, an index of an earlier format, a folder with something else, or the
            current folder, whose place a new index would take from under whoever is in it.
    """
    folder = Path(folder)
    if not folder.exists() or is_index(folder):
        return
    if not folder.is_dir():
        raise ServingError(f"{folder}: a file is in the way. Name a new folder for the index")
    if names := {entry.name for entry in folder.iterdir()}:
        inside = _earlier(folder) or f"it holds {min(names)!r} and is not an index"
        raise ServingError(f"{folder}: {inside}. Name a new or empty folder for the index")
    if folder.samefile("."):
        problem = "a new index cannot take the place of the current folder"
        raise ServingError(f"{folder}: {problem}. Name a new folder in it")


def size_of(folder: Path) -> int:
    """Bytes of all files of an index; what a writer removes meanwhile counts for nothing."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(place) / name).stat().st_size
    return size


def read_current(folder: Path) -> int:
    """The number of the generation that counts.

    Raises:
        ServingError: no such folder, not an index, or CURRENT is damaged.
    """
    if not folder.is_dir():
        problem = "a file, not an index" if folder.exists() else "no such index folder"
        raise ServingError(f"{folder}: {problem}. `sbir index build` makes one")
    try:
        data = (folder / CURRENT).read_bytes()
    except FileNotFoundError as error:
        if earlier := _earlier(folder):
            raise ServingError(f"{folder}: {earlier}. Build it again in a new folder") from error
        missing = f"not an index, it has no {CURRENT}"
        raise ServingError(f"{folder}: {missing}. `sbir index build` makes one") from error
    number = data[:8]
    if not number.isdigit() or data != _sealed(int(number)):
        raise ServingError(f"{folder}: {CURRENT} is damaged. {CURE}")
    return int(number)


def write_current(folder: Path, number: int) -> None:
    """Switches to a generation, in one step."""
    write_atomically(folder / CURRENT, _sealed(number))


def next_number(folder: Path) -> int:
    """A number that no generation has had: one above the highest there is."""
    return 1 + max([read_current(folder), *_numbers(folder)])


def sweep(folder: Path) -> None:
    """Removes what a crash left, and the generations that neither count nor are read."""
    current = read_current(folder)
    shutil.rmtree(folder / GENERATIONS / BUILDING, ignore_errors=True)
    for half in [*folder.glob(f".{CURRENT}.*.tmp"), *folder.glob(".*.json.*.tmp")]:
        half.unlink(missing_ok=True)
    for number in _numbers(folder):
        if number != current:
            _remove_unheld(generation_folder(folder, number))
    sync_folder(folder / GENERATIONS)


def _remove_unheld(generation: Path) -> None:
    with take_if_unheld(generation) as taken:
        if taken:
            shutil.rmtree(generation, ignore_errors=True)


def _numbers(folder: Path) -> list[int]:
    entries = (folder / GENERATIONS).iterdir()
    return sorted(int(entry.name) for entry in entries if _NUMBER.fullmatch(entry.name))


def _sealed(number: int) -> bytes:
    text = f"{number:08d}"
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()


def _earlier(folder: Path) -> str | None:
    found = (folder / _EARLIER).is_file() and any(folder.glob("generation-*"))
    return "an index of format 1, which this version does not read" if found else None
