"""The manifest of a records folder, read and checked."""

import json
import re
from pathlib import Path
from typing import Any

from sbir_tf.data.records.files import open_regular
from sbir_tf.data.records.naming import BUILD, FORMAT, INDEX, MANIFEST, SKIPPED, shard_name
from sbir_tf.errors import UserError

_FILE = {"bytes": int, "sha256": str}
# A type; a dict with at least these keys; a list of such.
_SHAPE = {
    "root": str,
    "settings": {"size": int, "swap_red_blue": bool},
    "counts": dict.fromkeys(("pictures", "sketches", "photos", "classes", "skipped"), int),
    "classes": [str],
    "shards": [{"name": str, "pictures": int, **_FILE}],
    "files": {INDEX: _FILE, SKIPPED: _FILE},
    "digest": str,
}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Args:
        folder: Of the records.

    Returns:
        Its values, all there and of the right types.

    Raises:
        UserError: If the folder is something else or not complete, or the manifest is damaged or
            of another format.
    """
    path = folder / MANIFEST
    try:
        with open_regular(path) as file:
            manifest = json.load(file)
        form = manifest["format"]
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(_not_records(folder)) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path} is damaged, or no records' manifest") from None
    if form != FORMAT:
        raise UserError(f"{folder} {_another_format(form)}")
    if problem := _wrong(manifest, _SHAPE, "") or _wrong_shards(manifest["shards"]):
        raise UserError(f"{path} is damaged: {problem}. Fetch it again, or build the records anew")
    return manifest


def _not_records(folder: Path) -> str:
    if (folder / BUILD).is_file():
        return f"{folder} is not complete: run the same `sbir data build` again, it continues"
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        return f"{folder} {problem}: `sbir data build FOLDER --to RECORDS` writes records"
    return f"{folder} holds no records: `sbir data build FOLDER --to RECORDS` writes them"


def _another_format(form: Any) -> str:
    known, _, own = FORMAT.partition("/")
    number = re.fullmatch(rf"{known}/(\d+)", str(form))
    if number and int(number[1]) > int(own):
        return f"has the format {form}; this version reads {FORMAT}: update this program"
    return f"holds no records of format {FORMAT}. Received: format={form!r}"


def _wrong(value: Any, shape: Any, name: str) -> str:
    """What is not of a shape, and where; or ""."""
    expected = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, expected):
        return f"{name} is {value!r:.40}, not of type {expected.__name__}"
    if isinstance(shape, list):
        return next(filter(None, (_wrong(one, shape[0], f"{name}[]") for one in value)), "")
    if not isinstance(shape, dict):
        return ""
    if missing := [key for key in shape if key not in value]:
        return f"{name or 'it'} lacks {missing[0]}"
    below = (_wrong(value[key], shape[key], f"{name}.{key}".lstrip(".")) for key in shape)
    return next(filter(None, below), "")


def _wrong_shards(shards: list[dict[str, Any]]) -> str:
    """A shard of another name than a build gives, which might lie anywhere; or of no size."""
    for number, shard in enumerate(shards):
        if shard["name"] != (name := shard_name(number, len(shards))):
            return f"its shard {number} should be {name}. Received: {shard['name']!r:.80}"
        if shard["pictures"] < 0 or shard["bytes"] < 0:
            return f"{name} has less than no pictures or bytes"
    return ""
