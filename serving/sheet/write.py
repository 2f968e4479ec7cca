"""Writes a contact sheet in the form that the file's name asks for."""

from collections.abc import Sequence
from pathlib import Path

from serving.errors import ServingError
from serving.sheet.html import write_html
from serving.sheet.png import write_png
from serving.sheet.rows import Row

_WRITERS = {".png": write_png, ".html": write_html}


def check_sheet(path: Path | str) -> str:
    """Returns the ending, `.png` or `.html`, before any work is spent.

    Raises:
        ServingError: another ending.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise ServingError(f"a contact sheet must end in .png or .html. Received: {path}")
    return suffix


def write_sheet(rows: Sequence[Row], path: Path | str) -> Path:
    """Writes a contact sheet.

    Args:
        rows: from `make_rows`.
        path: the file to write or replace, `.png` or `.html`.

    Returns:
        The path.

    Raises:
        ServingError: another ending, or no rows.
        OSError: the file cannot be written; what was there stays.
    """
    return _WRITERS[check_sheet(path)](rows, path)
