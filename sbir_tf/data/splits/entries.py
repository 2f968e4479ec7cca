"""The lists that others cut data sets by: which pictures they name, under which labels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.data.splits.files import check_size, read_json
from sbir_tf.data.splits.split import check_path
from sbir_tf.errors import UserError

# Words in the name of a list -> what it is a list of. "zero" is what SAKE calls its unseen
# classes; its "test" is then a validation part of the seen ones.
ROLES = {
    "train": "train",
    "test": "test",
    "zero": "zero",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list.

    Attributes:
        path: As it stands there, with "/".
        label: The list's own number of the class.
        role: "train", "test", "zero" or "validation".
        source: File and line, for messages.
    """

    path: str
    label: int
    role: str
    source: str


def read_entries(name: str) -> list[Entry]:
    """The entries of a list.

    Args:
        name: A file: the authors' `.json`, or text of lines `path 12`. A text list's role is in
            its name ("..._train.txt"), or stands before it: "train=FILE".

    Raises:
        UserError: If the file cannot be read, its role is unknown, or an entry is malformed or
            points outside the root.
    """
    given, equals, rest = name.partition("=")
    role, file = (given, Path(rest)) if equals and given in ROLES else (None, Path(name))
    if not file.is_file():
        raise UserError(f"There is no list {file}")
    entries = list(_of_json(file) if file.suffix == ".json" else _of_text(file, role))
    if not entries:
        raise UserError(f"The list {file} is empty")
    return entries


def _of_json(file: Path) -> Iterator[Entry]:
    values = read_json(file)
    if not isinstance(values, dict) or not {"train", "test"} <= set(values):
        raise UserError(
            f'{file} is not a list: expected {{"train": [[path, label], ...], "test": [...]}}'
        )
    for key, role in ROLES.items():
        pairs = values.get(key, [])
        if not isinstance(pairs, list):
            raise UserError(
                f"{file} {key} must be a list of [path, label]. Received: {repr(pairs)[:80]}"
            )
        for number, pair in enumerate(pairs):
            source = f"{file} {key}[{number}]"
            if not _is_pair(pair):
                raise UserError(f"{source} must be [path, label]. Received: {repr(pair)[:80]}")
            yield _entry(*pair, role, source)


def _of_text(file: Path, role: str | None) -> Iterator[Entry]:
    role = ROLES[role] if role else role_in(file)
    check_size(file)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"The list {file} is not text: expected lines `path label`") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        path, _, label = line.strip().rpartition(" ")
        source = f"{file}:{number}"
        if not path or not re.fullmatch(r"\d{1,9}", label):
            raise UserError(f"{source} must be `path label`. Received: {line.strip()[:80]!r}")
        yield _entry(path.strip(), int(label), role, source)


def role_in(file: Path) -> str:
    """What a list is of, by the last word of its name that says so."""
    words = re.findall("[a-z]+", file.stem.lower())
    roles = [ROLES[word] for word in words if word in ROLES]
    if not roles:
        raise UserError(
            f"The name of the list {file} does not say what it is of: write --lists "
            f"train={file} (or test=, zero=, validation=)"
        )
    return roles[-1]


def _entry(path: str, label: int, role: str, source: str) -> Entry:
    path = path.replace("\\", "/").removeprefix("./")
    try:
        check_path(path)
    except UserError as error:
        raise UserError(f"{source}: {error}") from None
    return Entry(path, label, role, source)


def _is_pair(pair) -> bool:
    return (
        isinstance(pair, list)
        and [type(value) for value in pair] == [str, int]
        and pair[0] != ""
        and pair[1] >= 0
    )
