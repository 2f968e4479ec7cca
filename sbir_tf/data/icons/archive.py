"""The bundled data set `icons`: line icons (sketches) and colour icons (pictures), as vectors."""

from __future__ import annotations

import functools
import hashlib
import json
import lzma
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.errors import UserError

HERE = Path(__file__).parent
ARCHIVE = HERE / "icons.json.xz"
DIGESTS = HERE / "digests.json"


@dataclass(frozen=True, slots=True)
class Icon:
    """One drawing of the bundled data set.

    Args:
        key: `set:name`, unique over the whole archive and the order of `load_icons`.
        set: the icon set that it comes from, such as `lucide`.
        family: the designer of the set; what `styles` holds out as a whole.
        name: the icon's name within its set.
        domain: `"sketch"` (line icons) or `"photo"` (colour icons).
        class_name: what the icon shows.
        body: SVG elements, without the `<svg>` around them.
        left: left edge of the view box.
        top: top edge of the view box.
        width: width of the view box.
        height: height of the view box.
    """

    key: str
    set: str
    family: str
    name: str
    domain: str
    class_name: str
    body: str
    left: float
    top: float
    width: float
    height: float

    @property
    def file_name(self) -> str:
        """The name of its picture in a tree: `<set>--<name>.png`."""
        return f"{self.set}--{self.name}.png"


def archive_digest(archive: Path = ARCHIVE) -> str:
    """The SHA-256 of the archive file, as 64 hexadecimal digits."""
    try:
        return hashlib.sha256(archive.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise UserError(f"{archive} is missing. Restore it with `git checkout`.") from None


def read_archive(archive: Path = ARCHIVE, digests: Path = DIGESTS) -> dict:
    """Reads the archive and checks it against the committed digest.

    Args:
        archive: the compressed archive.
        digests: the JSON file with its SHA-256.

    Returns:
        The archive's contents: `format`, `sets` (set name to domain and family) and `icons`.

    Raises:
        UserError: if the archive is missing or differs from the digest.
    """
    found = archive_digest(archive)
    expected = json.loads(digests.read_text())["sha256"]
    if found != expected:
        raise UserError(
            f"{archive} is damaged: expected SHA-256 {expected[:12]}... Received: {found[:12]}... "
            "Restore it with `git checkout`."
        )
    return json.loads(lzma.decompress(archive.read_bytes()))


def icon_of(row: dict, sets: dict[str, dict]) -> Icon:
    """Builds one `Icon` from a row of the archive and the archive's table of sets."""
    described = sets[row["set"]]
    left, top, width, height = row["box"]
    return Icon(
        key=f"{row['set']}:{row['name']}",
        set=row["set"],
        family=described["family"],
        name=row["name"],
        domain=described["domain"],
        class_name=row["class"],
        body=row["body"],
        left=left,
        top=top,
        width=width,
        height=height,
    )


@functools.cache
def load_icons() -> tuple[Icon, ...]:
    """All icons of the bundled archive, sorted by key.

    Returns:
        A tuple of `Icon`; the archive is read and checked once per process.

    Raises:
        UserError: if the archive is missing or damaged.
    """
    contents = read_archive()
    icons = (icon_of(row, contents["sets"]) for row in contents["icons"])
    return tuple(sorted(icons, key=lambda icon: icon.key))


def class_names() -> tuple[str, ...]:
    """The names of the bundled classes, sorted: label i is `class_names()[i]`."""
    return tuple(sorted({icon.class_name for icon in load_icons()}))
