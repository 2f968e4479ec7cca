"""Which items of the data the paths of a list mean, though their first folders differ."""

import re
from collections.abc import Iterable

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.data.layouts.pairing import letters
from sbir_tf.data.splits.entries import Entry
from sbir_tf.errors import UserError

_SUFFIX = "_ready"
_EXAMPLES = 3
_WORDS = {
    PHOTO: {"photo", "photos", "image", "images", "imageresized"},
    SKETCH: {"sketch", "sketches"},
}


class Matcher:
    """Finds the items that lists mean.

    An entry means the item with the same class folder and file name; of several, the one whose
    path ends the same way for longest. A suffix `_ready` of folders does not count, nor does how
    class folders are spaced, nor "JPEG" for "jpg". Where a folder above (the nearest that does, or
    the list's name) says "sketch", "photo" or "image", only that domain is looked at.

    Args:
        items: What lies on disk.
    """

    def __init__(self, items: Iterable[Item]):
        self._items: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            self._items.setdefault(_key(item.path), []).append(item)

    def find(self, entry: Entry) -> Item | None:
        """The item that an entry means, None if there is none.

        Raises:
            UserError: If several may be meant.
        """
        found = self._items.get(_key(entry.path), [])
        domain = _domain(entry)
        found = [item for item in found if domain in (None, item.domain)]
        if len(found) > 1:
            tails = [_common_tail(entry.path, item.path) for item in found]
            found = [i for i, t in zip(found, tails, strict=True) if t == max(tails)]
        if len(found) > 1:
            raise UserError(
                f"{entry.source} may mean several items: write more of the path. Received: "
                f"{entry.path}; {', '.join(item.path for item in found[:_EXAMPLES])}"
            )
        return found[0] if found else None

    def find_all(self, entries: Iterable[Entry]) -> list[tuple[Entry, Item]]:
        """The items that entries mean.

        Raises:
            UserError: If an entry means none or several; saying how many, and some.
        """
        pairs = [(entry, self.find(entry)) for entry in entries]
        lost = [entry for entry, item in pairs if item is None]
        if lost:
            some = ", ".join(f"{entry.path} ({entry.source})" for entry in lost[:_EXAMPLES])
            raise UserError(
                f"{len(lost)} of {len(pairs)} entries name no picture of the data: name its "
                f"folder, layout and variant. Received: {some}"
            )
        return pairs


def _key(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    extension = "jpg" if extension.lower() == "jpeg" else extension.lower()
    return letters(_bare(folder.rpartition("/")[2])), f"{stem}.{extension}"


def _bare(folder: str) -> str:
    return folder.removesuffix(_SUFFIX)


def _common_tail(listed: str, path: str) -> int:
    """How many of the last folders are the same."""
    pairs = zip(reversed(listed.split("/")[:-1]), reversed(path.split("/")[:-1]), strict=False)
    count = 0
    for a, b in pairs:
        if _bare(a) != _bare(b):
            break
        count += 1
    return count


def _domain(entry: Entry) -> str | None:
    above = reversed(entry.path.split("/")[:-2])
    for text in (*above, re.split(r"[/\\]", entry.source)[-1]):
        words = set(re.findall("[a-z]+", text.lower()))
        told = [domain for domain, known in _WORDS.items() if words & known]
        if len(told) == 1:
            return told[0]
    return None
