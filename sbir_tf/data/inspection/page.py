"""A report for people: tables of at most 80 columns, the long lists cut short."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_SHOWN = 8  # of each list
_CLASSES = 12
_ODD = {"tiny": "shorter side under 32 pixels", "extreme": "more than 5 times as long as wide"}


def show_report(report: Mapping[str, Any], console: Console) -> None:
    """Print a report of `inspect_folder`.

    Args:
        report: The report.
        console: Where to.
    """
    for part in chain(_data(report), _flaws(report), _pictures(report), _end(report)):
        # A command is one line, however long, so that it can be copied.
        is_command = isinstance(part, str) and part.startswith("  sbir ")
        console.print(part, soft_wrap=is_command, markup=False)


def _data(report: Mapping[str, Any]) -> Iterator[Table | str]:
    data = report["data"]
    variant = f", variant {data['variant']}" if data["variant"] else ""
    yield _plain(f"{data['root']}: layout {data['layout']}{variant}")
    counts = data["pictures"]
    yield (
        f"{data['classes']} classes, {counts['sketch']} sketches in {data['folders']['sketch']}, "
        f"{counts['photo']} photos in {data['folders']['photo']}"
    )
    classes = [(c["class"], c["sketches"], c["photos"]) for c in report["classes"]]
    yield from _table("classes", ("class", "sketches", "photos"), classes, _CLASSES)
    pairs = [(p["folder"], p["domain"], p["class"], p["by"]) for p in report["pairs"]]
    headings = ("folder", "domain", "class", "by")
    yield from _table("folders named otherwise than their class", headings, pairs)


def _flaws(report: Mapping[str, Any]) -> Iterator[Table | str]:
    flaws = report["flaws"]
    yield from _list("classes without photos", flaws["sketches_alone"])
    yield from _list("photo folders without a class of sketches", flaws["photos_alone"])
    doubled = [f"{name}: {', '.join(folders)}" for name, folders in flaws["doubled"].items()]
    yield from _list("classes with several photo folders", doubled)
    yield from _list("class folders without a picture", flaws["empty"])
    for title, kind in (("folders left out", "unreadable_folders"), ("files left out", "skipped")):
        yield from _table(title, ("path", "why"), [(p["path"], p["reason"]) for p in flaws[kind]])
    beside = [f"{folder}: {note}" for folder, note in report["beside"].items()]
    ignored = [f"{name}: {count} passed over" for name, count in report["ignored"].items()]
    yield from _list("beside the data set", beside + ignored)


def _pictures(report: Mapping[str, Any]) -> Iterator[Table | str]:
    pictures = report.get("pictures")
    if pictures is None:
        return
    yield from _sizes(pictures["sizes"])
    stored = pictures["forms"]
    counts = [f"{count} {name}" for of in stored.values() for name, count in of.items()]
    yield f"\nstored as: {', '.join(counts) or 'nothing readable'}"
    unread = [(u["key"], u["reason"]) for u in pictures["unreadable"]]
    yield from _table("pictures that cannot be read", ("picture", "why"), unread)
    first = Counter(u["reason"] for u in pictures["to_build_first"])
    examples = {u["reason"]: u["key"] for u in reversed(pictures["to_build_first"])}
    rows = [(reason, count, examples[reason]) for reason, count in first.most_common()]
    yield from _table("to build records from before training", ("why", "pictures", "first"), rows)
    for size, title in _ODD.items():
        for domain, of in pictures["sizes"].items():
            yield from _list(f"{domain}: {title}", of[size])
    copies = [(group["where"], *group["keys"][:2]) for group in pictures["duplicates"]]
    yield from _table("the same content twice", ("where", "picture", "copy"), copies)


def _sizes(sizes: Mapping[str, Any]) -> Iterator[Table | str]:
    rows = []
    for domain, of in sizes.items():
        common = ", ".join(f"{c['width']}x{c['height']} ({c['pictures']})" for c in of["common"])
        rows.append((domain, _spread(of["width"]), _spread(of["height"]), common))
    headings = ("domain", "width", "height", "most common (pictures)")
    yield from _table("sizes: least, median, most", headings, rows, counted=False)


def _spread(of: Mapping[str, float]) -> str:
    return f"{of['least']} {of['median']:g} {of['most']}"


def _end(report: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    for hint in report["hints"]:
        yield _plain(f"note: {hint}")
    for step in report["next"]:
        yield f"next: {step['why']}"
        if "command" in step:
            yield f"  {_plain(step['command'])}"


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    """A line each; nothing without any."""
    if lines:
        yield f"\n{title}{_count(lines)}"
        yield from (f"  {_plain(line)}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"  {_more(lines, _SHOWN)}"


def _table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence],
    shown: int = _SHOWN,
    counted: bool = True,
) -> Iterator[Table | str]:
    """A table of the first few rows; nothing without any."""
    if not rows:
        return
    yield f"\n{title}{_count(rows) if counted else ''}"
    table = Table()
    for heading, cell in zip(headings, rows[0], strict=True):
        table.add_column(
            heading, justify="right" if isinstance(cell, int) else "left", overflow="fold"
        )
    for row in rows[:shown]:
        table.add_row(*_cells(row))
    yield table
    if len(rows) > shown:
        yield _more(rows, shown)


def _cells(row: Iterable) -> Iterator[Text]:
    return (Text(_plain(str(cell))) for cell in row)


def _count(rows: Sequence) -> str:
    return f" ({len(rows)})" if len(rows) > 1 else ""


def _more(rows: Sequence, shown: int) -> str:
    return f"and {len(rows) - shown} more (--json names all)"


def _plain(text: str) -> str:
    """Text without what would move the cursor or colour the terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
