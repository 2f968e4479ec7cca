"""How counts and names are put into a message."""

from collections.abc import Iterable, Sequence

NAMED = 3  # in a message
LISTED = 10  # in an anomaly's items


def counted(number: int, noun: str) -> str:
    """`1 picture`, `1,200 pictures`, `2 classes`, `3 sketches`."""
    plural = noun + ("es" if noun.endswith(("s", "ch")) else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def named(names: Sequence[str], limit: int = NAMED) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {more:,} more" if more > 0 else "")


def quoted(names: Iterable[str], limit: int = NAMED) -> str:
    """The first few class names, which may hold spaces and commas, in quotes."""
    return named([repr(str(name)) for name in names], limit)


def percent(share: float) -> str:
    """`0%`, `0.08%`, `4.2%`, `85%`: two digits that count, or whole percents."""
    value = 100 * share
    return f"{value:.0f}%" if value >= 10 else f"{value:.2g}%"
