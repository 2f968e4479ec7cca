"""Splits on disk: one JSON file that names every item, to be kept and shared."""

import gzip
import io
import json
import re
import zlib
from pathlib import Path

from sbir_tf.data.splits.split import Split
from sbir_tf.errors import UserError
from sbir_tf.files import written_aside

FORMAT = "sbir-split/1"
SUFFIXES = (".json", ".json.gz")
_GZIP = b"\x1f\x8b"
_LARGEST = 2**29  # bytes; ten million items are fewer
_TYPES = {
    "name": str,
    "protocol": str,
    "note": str,
    "layout": str,
    "variant": str,
    "seed": int,
    "gallery_seen": bool,
    "parts": dict,
}


def is_split_file(name: str) -> bool:
    """Whether a name is that of a split's file."""
    return name.endswith(SUFFIXES)


def check_file_name(file: Path) -> None:
    """Refuse a name that is not that of a split's file."""
    if not is_split_file(file.name):
        raise UserError(f"A split is written to {' or '.join(SUFFIXES)}. Received: {file}")


def write_split(split: Split, file: Path | str) -> Path:
    """Write a split, aside and then renamed.

    The same split gives the same `.json` bytes on every machine; gzipped, it does where zlib is
    the same.

    Args:
        split: What to write.
        file: `.json`, or `.json.gz` for a tenth of the size; its folder is made.

    Returns:
        The file.

    Raises:
        UserError: If the file's name ends otherwise.
    """
    file = Path(file)
    content = encoded(split, file)
    with written_aside(file) as aside:
        aside.write_bytes(content)
    return file


def encoded(split: Split, file: Path) -> bytes:
    """The bytes of a split's file of this name."""
    check_file_name(file)
    values = {"format": FORMAT, **{key: getattr(split, key) for key in _TYPES}}
    # Escaped to ASCII, so that names that are no UTF-8 come back as they were.
    text = json.dumps(values, sort_keys=True, separators=(",", ":")) + "\n"
    return _zipped(text.encode()) if file.name.endswith(".gz") else text.encode()


def read_split(file: Path | str) -> Split:
    """Read the split of a file that `write_split` wrote, here or elsewhere.

    Args:
        file: The file.

    Returns:
        The split.

    Raises:
        UserError: Naming the file, and what is wrong with it or with what it says.
    """
    file = Path(file)
    values = read_json(file)
    form = values.get("format") if isinstance(values, dict) else None
    if form != FORMAT:
        raise UserError(f"{file} {_another_format(form, values)}")
    wrong = [key for key, kind in _TYPES.items() if type(values.get(key)) is not kind]
    parts = values.get("parts")
    if wrong or not all(
        isinstance(paths, list) and all(isinstance(path, str) for path in paths)
        for paths in parts.values()
    ):
        key = wrong[0] if wrong else "parts"
        found = repr(values.get(key))[:80]
        raise UserError(
            f"{file} is damaged: write it anew with `sbir data split`. Received: {key}={found}"
        )
    try:
        kept = {part: tuple(paths) for part, paths in parts.items()}
        return Split(**{key: values[key] for key in _TYPES if key != "parts"}, parts=kept)
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def read_json(file: Path):
    """The values of a JSON file, gzipped or not.

    Raises:
        UserError: If there is no such file, or it is something else.
    """
    if not file.is_file():
        problem = "is not a file" if file.exists() else "does not exist"
        raise UserError(f"{file} {problem}: `sbir data split` writes splits")
    check_size(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from None
    text = _unzipped(content, file) if content.startswith(_GZIP) else content
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        kind = "a binary file" if b"\0" in text[:1024] else "no JSON"
        raise UserError(f"{file} is not a split: it is {kind} ({_short(error)})") from None


def check_size(file: Path) -> None:
    """Refuse a file that is too large to be a split or a list."""
    if (size := file.stat().st_size) > _LARGEST:
        raise UserError(
            f"{file} is no split and no list: those have up to {_LARGEST >> 20} MB. Received: "
            f"{size >> 20} MB"
        )


def _another_format(form, values) -> str:
    """What a file that has not our format is, with the cure."""
    newer = re.fullmatch(r"sbir-split/(\d+)", form) if isinstance(form, str) else None
    if newer:
        return f"has the format {form}; this version reads {FORMAT}: update this program"
    if isinstance(values, dict) and {"train", "test"} <= set(values):
        return (
            f"is a split of the authors' release, not of format {FORMAT}: `sbir data split "
            "FOLDER --lists FILE --to SPLIT` converts it"
        )
    return f"is not a split of format {FORMAT}. Received: format={form!r}"


def _unzipped(content: bytes, file: Path) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            text = stream.read(_LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{file} is truncated or damaged: fetch or write it anew ({_short(error)})"
        ) from None
    if len(text) > _LARGEST:
        raise UserError(f"{file} is not a split: it unpacks to more than {_LARGEST >> 20} MB")
    return text


def _zipped(text: bytes) -> bytes:
    # gzip.compress would write the system that it ran on.
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as stream:
        stream.write(text)
    return out.getvalue()


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:80] if str(error) else type(error).__name__
