"""One picture's record: read, looked at, made small, encoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pictures import PictureError, facts_of, read_picture
from sbir_tf.data.layouts.walk import NO_UTF8, printable
from sbir_tf.data.records.encoding import encoded, resized
from sbir_tf.data.records.example import serialized_example
from sbir_tf.data.records.plan import Row


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a picture becomes a record.

    Attributes:
        root: The data set's folder, as the machine that reads the pictures calls it.
        size: Of the shorter side.
        swap_red_blue: Whether the photos are stored with red and blue swapped.
    """

    root: str
    size: int
    swap_red_blue: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A picture's record, or why there is none.

    Attributes:
        key: Whose it is.
        example: A serialized `tf.train.Example`; empty with a problem.
        facts: Column -> value, as in a table of facts, of what the picture told.
        problem: Why it cannot be read, or "".
    """

    key: str
    example: bytes
    facts: dict[str, Any]
    problem: str


def make_all(recipe: Recipe, rows: Sequence[Row]) -> list[Made]:
    """The records of some pictures, in order."""
    return [make(recipe, row) for row in rows]


def make(recipe: Recipe, row: Row) -> Made:
    """The record of one picture.

    Facts are those of the file: of the full size, and before red and blue are swapped, so that
    a picture has the same digest in its folder and in its record.

    Args:
        recipe: How to make it.
        row: What is known of it.

    Returns:
        Its record; with a problem if it cannot be read or its name cannot be written down.
    """
    path = Path(recipe.root) / row.key
    try:
        row.key.encode()
        return _made(recipe, row, read_picture(path, longest=None))
    except UnicodeEncodeError:
        problem = NO_UTF8
    except PictureError as error:
        problem = str(error).removeprefix(f"{path}: ")
    except OSError as error:
        problem = error.strerror or str(error)
    except MemoryError:
        problem = "needs more memory than there is"
    return Made(printable(row.key), b"", {}, problem)


def _made(recipe: Recipe, row: Row, rgb: np.ndarray) -> Made:
    facts = facts_of(rgb)
    if not facts.colourfulness:  # exactly 0 for grey pictures, and for no other
        rgb = rgb[..., 0]
    elif recipe.swap_red_blue and row.domain:
        rgb = rgb[..., ::-1]
    image = resized(np.ascontiguousarray(rgb), recipe.size)
    data = encoded(image, lossless=not row.domain)
    example = serialized_example(
        {
            "image/encoded": data,
            "image/key": row.key,
            "class/label": row.label,
            "class/name": row.class_name,
            "domain": row.domain,
            "instance": row.instance,
            "image/width": image.width,
            "image/height": image.height,
            "source/width": facts.width,
            "source/height": facts.height,
            "image/digest": facts.digest,
            "image/ink": facts.ink,
            "image/colourfulness": facts.colourfulness,
            "split/parts": row.parts,
        }
    )
    told = {
        "width": facts.width,
        "height": facts.height,
        "bytes": len(data),
        "digest": facts.digest,
        "ink": facts.ink,
        "colourfulness": facts.colourfulness,
    }
    return Made(row.key, example, told, "")
