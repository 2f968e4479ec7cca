"""Whether a split is of the data that it is used with."""

from collections.abc import Collection, Iterable

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.data.splits.held_out import PLURAL
from sbir_tf.data.splits.split import EVALUATED, Split
from sbir_tf.errors import UserError

_EXAMPLES = 3


def check_split(split: Split, items: Iterable[Item], allow_new: bool = False) -> None:
    """Refuse a split that does not match the data.

    Args:
        split: The split.
        items: What lies on disk.
        allow_new: Whether items may lie on disk that the split does not name; they are left out.

    Raises:
        UserError: Saying how many items are missing (in the split, not on disk), how many are
            new (on disk, not in the split), and some of them; or that a part holds items of the
            wrong domain.
    """
    domains = {item.path: item.domain for item in items}
    named = split.items()
    missing = sorted(named - domains.keys())
    new = [] if allow_new else sorted(domains.keys() - named)
    if missing or new:
        raise UserError(
            f"The split {split.name} is not of this data{_of(split)}: {_some(missing, 'missing')}; "
            f"{_some(new, 'new')}. Use the data that it was made of, or make a new split"
        )
    for parts in EVALUATED.values():
        for part, domain in zip(parts, (SKETCH, PHOTO), strict=True):
            wrong = [path for path in split.parts.get(part, ()) if domains[path] != domain]
            if wrong:
                raise UserError(
                    f"The part {part!r} of a split holds {PLURAL[domain]} alone: make the split "
                    f"anew. Received: {_some(wrong, 'others')}"
                )


def _of(split: Split) -> str:
    place = " ".join(part for part in (split.layout, split.variant) if part)
    return f" (it was made of the layout {place})" if place else ""


def _some(paths: Collection[str], what: str) -> str:
    if not paths:
        return f"none {what}"
    more = ", ..." if len(paths) > _EXAMPLES else ""
    return f"{len(paths)} {what} ({', '.join(list(paths)[:_EXAMPLES])}{more})"
