"""What to do about a folder: hints, and the commands that come next."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sbir_tf.data.layouts import LAYOUTS, Place
from sbir_tf.data.layouts.layout import names_of

_HELD_OUT = 10  # sketches of each class, as published for TU-Berlin
_SPLIT = "split.json"


@dataclass(frozen=True)
class Choice:
    """How a folder is read.

    Attributes:
        place: Where it is, and its layout.
        class_map: The file of the class map.
        swap_red_blue: As asked; None: as the layout.
    """

    place: Place
    class_map: str | None = None
    swap_red_blue: bool | None = None

    @property
    def swaps(self) -> bool:
        """Whether red and blue of photos are swapped back."""
        usual = self.place.layout.swap_red_blue
        return usual if self.swap_red_blue is None else self.swap_red_blue

    @property
    def unusual_variant(self) -> str | None:
        """The variant, unless it is the layout's usual one."""
        variant = self.place.variant
        return variant if variant != self.place.layout.variant else None


def hints(choice: Choice, report: Mapping[str, Any]) -> list[str]:
    """What a reader of a report should know beside its numbers."""
    layout = choice.place.layout
    said = []
    if layout.swap_red_blue and choice.swaps:
        said.append(
            f"The photos of layout {layout.name} are stored with red and blue swapped: they are "
            "swapped back (--no-swap-red-blue leaves them)."
        )
    elif layout.swap_red_blue:
        said.append(f"The photos of layout {layout.name} stay as stored: red and blue swapped.")
    elif choice.swaps:
        said.append("Red and blue of the photos are swapped, as asked.")
    read = names_of(choice.place.variant)
    others = [name for name in report["data"]["variants"] if name not in read]
    if others:
        more = ", several joined by commas" if layout.joins_variants else ""
        said.append(f"Other variants lie beside this one (--variant{more}): {', '.join(others)}.")
    return said + _misspelt(choice, report)


def _misspelt(choice: Choice, report: Mapping[str, Any]) -> list[str]:
    """Lonely folders that another layout knows by these very names."""
    alone = set(report["flaws"]["sketches_alone"])
    known = {
        folder: layout.aliases[folder]
        for folder in report["flaws"]["photos_alone"]
        for layout in LAYOUTS.values()
        if layout.aliases.get(folder) in alone
    }
    if not known:
        return []
    lines = ", ".join(f"{folder},{name}" for folder, name in sorted(known.items()))
    return [f"Photo folders with the names of TU-Berlin Extended: a class map pairs them: {lines}."]


def advice(choice: Choice, report: Mapping[str, Any]) -> list[dict[str, str]]:
    """The next steps: "why" and, where there is one, the "command"."""
    flaws, pictures = report["flaws"], report.get("pictures")
    steps = []
    if flaws["sketches_alone"] or flaws["photos_alone"] or flaws["doubled"]:
        steps.append({"why": "Pair the classes: name the folders alike, or pass --class-map FILE"})
    if flaws["empty"] or flaws["unreadable_folders"]:
        steps.append({"why": "Fill or remove the folders without pictures; mend the others"})
    if pictures is None:
        steps.append({"why": "Read the pictures too", "command": _inspect(choice)})
    stops = ("sketches_alone", "photos_alone", "doubled", "empty", "unreadable_folders")
    return steps if any(flaws[kind] for kind in stops) else steps + _commands(choice, report)


def _commands(choice: Choice, report: Mapping[str, Any]) -> list[dict[str, str]]:
    pictures, steps = report.get("pictures"), []
    if pictures and pictures["duplicates"]:
        why = "Split, and leave out copies that would be in two parts"
        steps.append({"why": why, "command": _split(choice, report)})
    first = pictures and (pictures["to_build_first"] or pictures["unreadable"])
    only = ": some pictures are read rightly, or skipped, only so" if first else ""
    build = {"why": f"Build records{only}", "command": _build(choice, bool(steps))}
    train = {
        "why": "Or train straight from the folder",
        "command": _train(choice, report, bool(steps)),
    }
    return [*steps, build] if first else [*steps, build, train]


def _inspect(choice: Choice) -> str:
    return _command("sbir data inspect", str(choice.place.root), *_options(choice))


def _build(choice: Choice, cut: bool) -> str:
    to = ("--to", "data/records", *(("--split", _SPLIT) if cut else ()))
    return _command("sbir data build", str(choice.place.root), *to, *_options(choice))


def _split(choice: Choice, report: Mapping[str, Any]) -> str:
    held_out = ("--test-sketches", str(_test_sketches(report)))
    to = ("--split", "supervised", *held_out, "--drop-copies", "--to", _SPLIT)
    options = [option for option in _options(choice) if "swap" not in option]
    return _command("sbir data split", str(choice.place.root), *to, *options)


def _options(choice: Choice) -> list[str]:
    options = ["--layout", choice.place.layout.name]
    if choice.unusual_variant:
        options += ["--variant", choice.unusual_variant]
    if choice.class_map:
        options += ["--class-map", choice.class_map]
    if choice.swap_red_blue is not None:
        options.append("--swap-red-blue" if choice.swap_red_blue else "--no-swap-red-blue")
    return options


def _test_sketches(report: Mapping[str, Any]) -> int:
    """Of each class to hold out: the usual number, or what the smallest class can spare."""
    fewest = min((row["sketches"] for row in report["classes"]), default=0)
    return max(1, min(_HELD_OUT, fewest // 5))


def _train(choice: Choice, report: Mapping[str, Any], cut: bool) -> str:
    held_out = ("data.split=supervised", f"data.test_sketches={_test_sketches(report)}")
    keys = [
        "data.source=folder",
        *((f"data.split={_SPLIT}",) if cut else held_out),
        f"data.root={choice.place.root}",
        f"data.layout={choice.place.layout.name}",
    ]
    if choice.unusual_variant:
        keys.append(f"data.variant={choice.unusual_variant}")
    if choice.class_map:
        keys.append(f"data.class_map={choice.class_map}")
    if choice.swap_red_blue is not None:
        keys.append(f"data.swap_red_blue={str(choice.swap_red_blue).lower()}")
    settings = (word for key in keys for word in ("--set", key))
    return _command("sbir train CONFIG", *settings)


def _command(start: str, *words: str) -> str:
    return " ".join((start, *(shlex.quote(word) for word in words)))
