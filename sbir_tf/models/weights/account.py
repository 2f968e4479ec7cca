"""What became of every tensor of a file, and of every weight of a network."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

NAMED = 3


@dataclass(frozen=True)
class Account:
    """The account of one import.

    Attributes:
        network: Name of the network that was filled.
        layout: What the file's names follow.
        loaded: (tensor of the file, weight of the network), for each that was brought over.
        left: (tensor of the file, why), for each that was not.
        missing: (weight of the network, why), for each that keeps its start.
        notes: What else the user should know.
    """

    network: str
    layout: str
    loaded: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.network}: {len(self.loaded)} tensors loaded ({self.layout})",
            f"left in the file: {len(self.left)}",
            *_grouped(self.left),
            f"missing from the file: {len(self.missing)}",
            *_grouped(self.missing),
            *(f"note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)

    def to_json(self) -> dict:
        """The account as plain JSON values, every name in it."""
        return asdict(self)


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each reason: how many, the first names, why."""
    groups: dict[str, list[str]] = {}
    for name, why in pairs:
        groups.setdefault(why, []).append(name)
    return [f"  {listed(names)}: {why}" for why, names in groups.items()]


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
