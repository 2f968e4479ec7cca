"""Which photo folder shows the same thing as which sketch folder."""

from collections.abc import Iterable

from sbir_tf.data.layouts.layout import Layout
from sbir_tf.errors import UserError

_NAMED = 10  # classes in a message


def paired_classes(sketches: Iterable[str], photos: Iterable[str], layout: Layout) -> dict:
    """The class of each photo folder: the sketch folder that it belongs to.

    A photo folder belongs to the sketch folder of the same name; else to the one that the
    layout's aliases say; else to the one with the same letters and digits.

    Args:
        sketches: Names of the sketch folders: the classes.
        photos: Names of the photo folders.
        layout: Whose aliases count.

    Returns:
        Photo folder -> class.

    Raises:
        UserError: Listing the classes without a partner, or two folders for one class.
    """
    classes = set(sketches)
    by_letters = {letters(name): name for name in sorted(classes)}
    pairs, strangers = {}, []
    for photo in sorted(photos):
        candidates = (photo, layout.aliases.get(photo), by_letters.get(letters(photo)))
        match = next((name for name in candidates if name in classes), None)
        if match is None:
            strangers.append(photo)
        elif match in pairs.values():
            raise UserError(
                f"Two photo folders belong to the class {match!r}: merge or rename one. Received: "
                f"{next(p for p, c in pairs.items() if c == match)!r} and {photo!r}"
            )
        else:
            pairs[photo] = match
    lonely = sorted(classes - set(pairs.values()))
    if strangers or lonely:
        raise UserError(
            "Classes without a partner in the other domain: rename the folders alike, or remove "
            f"them. Received: sketches alone of {_some(lonely)}; photos alone of {_some(strangers)}"
        )
    return pairs


def letters(name: str) -> str:
    """A folder's name without what archives write differently: "hot-air balloon" and
    "HotAirBalloon" are both "hotairballoon"."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more
