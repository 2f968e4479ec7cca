"""What an icon's name says: from `home-2-outline-rounded` to the class `house`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sbir_tf.errors import UserError

# A name with one of these words is a filled, two-tone, animated or crossed-out variant.
SKIPPED_WORDS = frozenset(
    {"fill", "filled", "solid", "bold", "duotone", "twotone", "bulk", "duo", "remix", "broken"}
    | {"off", "slash", "disabled", "badged", "alerted", "loop", "transition"}
)
# What tells drawings of the same thing apart at the end of a name.
ENDING = re.compile(r"-(?:\d+|alt|face|flat|one|two|three|four|five|six|seven|eight)$")


def stem_of(name: str) -> str:
    """A name without its number and `alt`, `face`: `house-02` and `house-alt` are `house`."""
    while (shorter := ENDING.sub("", name)) != name:
        name = shorter
    return name


def variants_of(names: Iterable[str], styles: list[str]) -> dict[str, str]:
    """Chooses one icon name for each drawing of a set.

    A set holds the same drawing in several styles: outline and rounded, 16 to 48 px. `styles` are
    patterns, best first; their one group is the drawing's name.

    Args:
        names: all icon names of a set, its aliases included.
        styles: regular expressions that a whole name must match.

    Returns:
        A dict from the drawing's name without style words to the chosen icon name.
    """
    patterns = [re.compile(style) for style in styles]
    chosen: dict[str, tuple[int, str]] = {}
    for name in sorted(names):
        if SKIPPED_WORDS.intersection(name.split("-")):
            continue
        ranked = ((rank, pattern.fullmatch(name)) for rank, pattern in enumerate(patterns))
        rank, match = next(((r, m) for r, m in ranked if m), (0, None))
        if match:
            chosen[match[1]] = min((rank, name), chosen.get(match[1], (rank, name)))
    return {drawing: name for drawing, (_, name) in chosen.items()}


class ClassMap:
    """The curated map from icon names to classes.

    `classes.json` gives each class its `names` (for both domains), and optionally `sketches` and
    `photos` (names that mean this class in one domain alone: a `mouse` is a computer's among line
    icons and an animal among emoji) and `exclude` (icons as `set:name`, found wrong by eye). A
    name may itself be `set:name` where only one set means the class by it.

    Args:
        classes: the contents of `classes.json`.

    Raises:
        UserError: if two classes claim the same name.
    """

    def __init__(self, classes: dict[str, dict]):
        self._order: dict[tuple[str, str], tuple[str, int]] = {}
        self._excluded = {
            (c, key) for c, entry in classes.items() for key in entry.get("exclude", ())
        }
        for class_name, entry in classes.items():
            for domain, more in (("sketch", "sketches"), ("photo", "photos")):
                names = dict.fromkeys([*entry.get("names", ()), *entry.get(more, ())])
                for rank, name in enumerate(names):
                    self._claim((domain, name), (class_name, rank))

    def _claim(self, key: tuple[str, str], value: tuple[str, int]) -> None:
        if key in self._order:
            raise UserError(
                f"classes.json gives the name {key[1]!r} to two classes: "
                f"{self._order[key][0]} and {value[0]}. Keep it in one."
            )
        self._order[key] = value

    def find(self, domain: str, set_name: str, drawing: str, name: str) -> tuple[str, int] | None:
        """The class of a drawing and the rank of its name within the class, or None."""
        stem = stem_of(drawing)
        for key in (f"{set_name}:{name}", f"{set_name}:{drawing}", f"{set_name}:{stem}", stem):
            found = self._order.get((domain, key))
            if found and (found[0], f"{set_name}:{name}") not in self._excluded:
                return found
        return None
