"""One look at one picture's file: its facts and its form, or why there are none."""

import math
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from pictures import Facts, Form, PictureError, PictureTooLarge, examine_picture, read_bytes

_LARGE = 16_000_000  # pixels; a few threads may hold as many each
_one_at_a_time = threading.Lock()  # above that


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    Attributes:
        facts, form: Of the picture; None if it cannot be read.
        problem: Why it cannot; else "".
        lasting: Whether the file's content is to blame, so that another look finds the same.
    """

    facts: Facts | None
    form: Form | None
    problem: str = ""
    lasting: bool = True


def look_at(path: Path | str) -> Look:
    """Read a picture, whatever its file turns out to be.

    Args:
        path: The file.

    Returns:
        Its facts and form at full size, or the problem. At most one picture above 16 megapixels
        is in memory at a time.
    """
    name = str(path)
    try:
        data = read_bytes(path)
    except PictureError as error:
        return _no_look(error, name, lasting=error.__cause__ is None)  # the disk may be to blame
    except MemoryError:
        return _NO_MEMORY
    try:
        return Look(*_examined(data, name))
    except PictureError as error:
        return _no_look(error, name)
    except MemoryError:
        return _NO_MEMORY


_NO_MEMORY = Look(None, None, "needs more memory than there is", lasting=False)


def _no_look(error: PictureError, name: str, lasting: bool = True) -> Look:
    return Look(None, None, str(error).removeprefix(f"{name}: "), lasting)


def _examined(data: bytes, name: str) -> tuple[Facts, Form]:
    try:
        return examine_picture(data, _LARGE, name)
    except PictureTooLarge:
        with _one_at_a_time:
            return examine_picture(data, name=name)


def stamp_of(path: Path | str) -> tuple[int, int] | None:
    """Size and time of change of a file; None if it has none."""
    try:
        status = os.stat(path)  # noqa: PTH116 (as quick as it gets, once for each picture)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def to_fields(look: Look) -> list:
    """A look as a list for JSON."""
    if look.facts is None:
        return [look.problem]
    facts, form = look.facts, look.form
    numbers = [facts.width, facts.height, facts.ink, facts.colourfulness, facts.digest]
    return [*numbers, form.kind, form.bytes, list(form.traits)]


def from_fields(fields: list) -> Look:
    """A look from such a list.

    Raises:
        ValueError: If it is none.
    """
    match fields:
        case [str(problem)] if problem:
            return Look(None, None, problem)
        case [
            int(width),
            int(height),
            float(ink),
            float(colour),
            str(digest),
            str(kind),
            int(length),
            [*traits],
        ] if math.isfinite(ink + colour) and all(isinstance(trait, str) for trait in traits):
            facts = Facts(width, height, ink, colour, digest)
            return Look(facts, Form(kind, length, tuple(traits)))
    raise ValueError(f"not a look at a picture: {fields!r:.80}")
