"""A class map: the user's own word on which folder shows what."""

import csv
import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.errors import UserError

MAX_BYTES = 2**20  # far more than any data set has classes


@dataclass(frozen=True)
class ClassMap:
    """Which class the pictures of a folder show, where its name alone does not say.

    It counts for the folders of both domains, and before a layout's own aliases. Two folders of
    one class are merged.

    Attributes:
        file: Where it was read from, for messages.
        classes: Folder -> class.
        lines: Folder -> where the file says so, for messages.
    """

    file: str
    classes: Mapping[str, str]
    lines: Mapping[str, str]

    def check(self, folders: Collection[str]) -> None:
        """Refuse a folder that a data set does not have.

        Args:
            folders: The names of the data set's class folders, of both domains.

        Raises:
            UserError: Naming the line, the folder and the nearest one.
        """
        for folder in self.classes:
            if folder not in folders:
                close = difflib.get_close_matches(folder, sorted(folders), n=1)
                hint = f". Did you mean {close[0]!r}?" if close else ""
                raise UserError(
                    f"{self.lines[folder]}: the data set has no class folder {folder!r}{hint}"
                )


def read_class_map(file: Path | str) -> ClassMap:
    """Read a class map.

    Args:
        file: A .csv with a line `folder,class` for each folder (a first line of these two words
            is a heading), or a .json with an object {"folder": "class"}.

    Returns:
        The map.

    Raises:
        UserError: If the file is missing, neither, or damaged; it names the line and the value.
    """
    file = Path(file)
    readers = {".csv": _csv_entries, ".json": _json_entries}
    if file.suffix.lower() not in readers:
        raise UserError(f"A class map is a .csv or .json file. Received: {file}")
    classes, lines = {}, {}
    for folder, name, line in readers[file.suffix.lower()](file, _text(file)):
        _check_entry(folder, name, line)
        if folder in classes:
            raise UserError(f"{line}: folder {folder!r} comes twice. Name it once")
        classes[folder], lines[folder] = name, line
    if not classes:
        raise UserError(f"{file} maps no folder: write lines of folder,class")
    return ClassMap(str(file), classes, lines)


def _text(file: Path) -> str:
    if not file.is_file():
        raise UserError(f"There is no class map {file}")
    if file.stat().st_size > MAX_BYTES:
        raise UserError(f"{file} is too large for a class map. Received: {file.stat().st_size} B")
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise UserError(f"{file} {reason}: {error}") from error


def _csv_entries(file: Path, text: str) -> Iterator[tuple[object, object, str]]:
    rows = csv.reader(text.splitlines(), strict=True)
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            heading = rows.line_num == 1 and [cell.lower() for cell in cells] == ["folder", "class"]
            if not any(cells) or heading:
                continue
            line = f"{file} line {rows.line_num}"
            if len(cells) != 2:
                raise UserError(f"{line} must be folder,class. Received: {','.join(row)!r}")
            yield cells[0], cells[1], line
    except csv.Error as error:
        raise UserError(f"{file} line {rows.line_num} is no CSV: {error}") from error


def _json_entries(file: Path, text: str) -> Iterator[tuple[object, object, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        line = f" line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UserError(f"{file}{line} is no JSON: {error}") from error
    if not isinstance(pairs, tuple):
        raise UserError(
            f'{file} must hold an object {{"folder": "class"}}. Received: {str(pairs)[:80]}'
        )
    for folder, name in pairs:
        yield folder, name, f"{file} line {_line_of(folder, text)}"


def _line_of(folder: str, text: str) -> int:
    """Where a key stands; JSON's reader does not tell."""
    spellings = (json.dumps(folder), json.dumps(folder, ensure_ascii=False))
    starts = [text.find(spelling) for spelling in spellings if spelling in text]
    return text.count("\n", 0, min(starts, default=0)) + 1


def _check_entry(folder: object, name: object, line: str) -> None:
    for what, value in (("folder", folder), ("class", name)):
        if not isinstance(value, str) or not value.strip():
            raise UserError(f"{line}: the {what} must be a name. Received: {value!r}")
    if "/" in folder:
        raise UserError(f"{line}: a folder is one name, not a path. Received: {folder!r}")
