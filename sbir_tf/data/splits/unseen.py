"""The classes that zero-shot papers hold out, and how they are found on disk."""

from collections.abc import Iterable
from types import MappingProxyType

from sbir_tf.data.layouts.pairing import letters
from sbir_tf.errors import UserError, nearest

# As the lists in use write them; `unseen_classes` finds them whatever the folders' spelling.
UNSEEN = MappingProxyType(
    {
        "sketchy-1": (
            *("cup", "swan", "harp", "squirrel", "snail", "ray", "pineapple", "volcano", "rifle"),
            *("scissors", "parrot", "windmill", "teddy_bear", "tree", "wine_bottle", "deer"),
            *("chicken", "airplane", "wheelchair", "tank", "umbrella", "butterfly", "camel"),
            *("horse", "bell"),
        ),
        "sketchy-2": (
            *("bat", "cabin", "cow", "dolphin", "door", "giraffe", "helicopter", "mouse", "pear"),
            *("raccoon", "rhinoceros", "saw", "scissors", "seagull", "skyscraper", "songbird"),
            *("sword", "tree", "wheelchair", "windmill", "window"),
        ),
        "tuberlin-30": (
            *("banana", "bus", "tractor", "suitcase", "streetlight", "telephone"),
            *("bottle opener", "canoe", "fan", "teacup", "penguin", "laptop", "shoe", "lighter"),
            *("hot air balloon", "pizza", "brain", "ant", "t-shirt", "trombone", "windmill"),
            *("snowboard", "table", "rollerblades", "parachute", "space shuttle", "bridge"),
            *("frying-pan", "bread", "horse"),
        ),
        "quickdraw-30": (
            *("bat", "cow", "dolphin", "door", "giraffe", "helicopter", "mouse", "raccoon"),
            *("rhinoceros", "saw", "scissors", "skyscraper", "tree", "windmill", "feather"),
            *("campfire", "palm_tree", "fire_hydrant", "bread", "beach", "megaphone", "cactus"),
            *("zebra", "tiger", "shark", "frog", "banana", "cake", "hamburger", "fan"),
        ),
    }
)


def unseen_classes(name: str, class_names: Iterable[str]) -> frozenset[str]:
    """The classes of the data that a list holds out.

    Spaces, hyphens, underscores and capitals do not count; neither does what stands in
    parentheses, where a class of the data has no other partner: "mouse (animal)" is "mouse".

    Args:
        name: Of the list, see `UNSEEN`.
        class_names: Of the data.

    Returns:
        Those of `class_names` that nothing may be trained on.

    Raises:
        UserError: If a class of the list is not among them, or two may be meant.
    """
    class_names = sorted(set(class_names))
    plain, bare = _by_letters(class_names), _by_letters(class_names, parentheses=False)
    found, missing = set(), []
    for wanted in UNSEEN[name]:
        matches = plain.get(letters(wanted)) or bare.get(letters(wanted), [])
        if len(matches) > 1:
            raise UserError(
                f"{wanted!r} of the split {name} may be one of several classes: rename all but "
                f"one. Received: {', '.join(map(repr, matches))}"
            )
        found.update(matches)
        missing += [] if matches else [wanted]
    if missing:
        raise UserError(
            f"The split {name} holds out {len(UNSEEN[name])} classes, and the data lacks "
            f"{len(missing)} of them: {_named(missing, class_names)}"
        )
    if not set(class_names) - found:
        raise UserError(
            f"The data holds the classes that the split {name} tests and no other: none would be "
            f"left to train on. Received: {len(class_names)} classes"
        )
    return frozenset(found)


def _by_letters(class_names: list[str], parentheses: bool = True) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in class_names:
        key = letters(name if parentheses else name.partition("(")[0])
        found.setdefault(key, []).append(name)
    return found


def _named(missing: list[str], class_names: list[str]) -> str:
    if len(missing) == 1:
        return repr(missing[0]) + nearest(missing[0], class_names)
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    return f"{', '.join(map(repr, missing[:5]))}{more}. Is this the data set that it is made for?"
