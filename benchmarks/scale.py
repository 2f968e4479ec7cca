"""Machines, memory and money for many pictures, computed from measured costs.

    python -m benchmarks.scale [--page docs/scale.md] [--engine indexes/engine.json]
                               [--gallery indexes/gallery] [--queries 100] [--dollars 2.0]

Reads what `benchmarks.engine` and `benchmarks.gallery` measured on this machine; everything else
here is arithmetic, and every line of the table says which it is.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.engine import SIZES, K
from benchmarks.tables import check_section, replace_section, table

COUNTS = {"10 million": 10**7, "1 billion": 10**9, "100 billion": 10**11}
HOURS = 730  # in a month
GB = 10**9


@dataclass(frozen=True)
class Assumed:
    """What nobody measured here.

    Args:
        queries: a second.
        cores: of a machine.
        memory: of a machine, GB.
        dollars: of a machine, an hour.
        disk: dollars of a GB of solid-state disk, a month.
        store: dollars of a GB in an object store, a month.
        picture: kilobytes of a picture's file.
        busy: share of cores and memory that may be used.
        copies: of everything in memory, so that a machine may fail.
    """

    queries: float = 100
    cores: int = 32
    memory: int = 256
    dollars: float = 2.0
    disk: float = 0.08
    store: float = 0.023
    picture: int = 100
    busy: float = 0.6
    copies: int = 2


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Args:
        encode: processor seconds a picture.
        memory: bytes an item.
        disk: bytes an item.
        fixed: processor milliseconds of a query, whatever the engine holds.
        slope: processor milliseconds of a query, an item.
    """

    encode: float
    memory: float
    disk: float
    fixed: float
    slope: float

    def query(self, count: int) -> float:
        """Processor milliseconds of a query: every segment is asked, so it grows with the items."""
        return self.fixed + self.slope * count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", type=Path, help="replace the sections of this page")
    parser.add_argument("--engine", type=Path, default=Path("indexes/engine.json"))
    parser.add_argument("--gallery", type=Path, default=Path("indexes/gallery"))
    parser.add_argument("--queries", type=float, default=Assumed.queries, help="a second")
    parser.add_argument("--dollars", type=float, default=Assumed.dollars, help="a machine's hour")
    options = parser.parse_args()
    assumed = Assumed(queries=options.queries, dollars=options.dollars)
    engine = json.loads(options.engine.read_text())
    sections = {
        "engine": f"{engine['machine']}; `python -m benchmarks.engine`; other work shared the "
        f"machine\n\n{engine_table(engine['rows'])}",
        "scale": scale(engine["rows"], options.gallery, assumed),
    }
    for name, text in sections.items():
        print(text)
        if options.page:
            check_section(options.page, name)
            replace_section(options.page, name, text)


def engine_table(rows: dict[str, dict]) -> str:
    """What was measured of the engine, and of a folder."""
    shown: dict[str, Callable[[dict], str]] = {
        "added a second": lambda row: f"{row['added a second']:,.0f}",
        "build": lambda row: f"{row['build, s']:.0f} s",
        "memory": lambda row: f"{row['memory, bytes'] / 1e6:,.0f} MB",
        "disk": lambda row: f"{row['disk, bytes'] / 1e6:,.0f} MB",
        f"recall@{K}": lambda row: f"{row['recall@10']:.3f}",
        "a query": lambda row: f"{row['query, ms']:.1f} ms",
        "of the processor": lambda row: f"{row['query, ms of the processor']:.2f} ms",
    }
    lines = [(name, *(show(row) for show in shown.values())) for name, row in rows.items()]
    return table(("where, items", *shown), lines)


def scale(rows: dict[str, dict], gallery: Path, assumed: Assumed) -> str:
    """The arithmetic."""
    rates = json.loads((gallery / "0" / "rates.json").read_text())["index"]
    encode = 1 / float(np.median([rate[1] for rate in rates]))
    floats = costs_of(rows, "milvus, SCANN", encode)
    codes = costs_of(rows, "milvus, 64 bits", encode)
    heading = ("", *COUNTS, "")
    return "\n\n".join(
        [
            f"For {assumed.queries:g} queries a second, on machines of {assumed.cores} cores and "
            f"{assumed.memory} GB at {assumed.dollars:g} dollars an hour, {assumed.busy:.0%} of "
            f"them used, {assumed.copies} copies in memory; {assumed.disk:g} dollars a GB of "
            f"disk and {assumed.store:g} in an object store, a month; pictures of "
            f"{assumed.picture} kB. Those are assumptions: `--queries`, `--dollars`, or the "
            "command's own file.",
            table(heading, [*once(floats, assumed), *kept(floats, codes, assumed)]),
        ]
    )


def costs_of(rows: dict[str, dict], name: str, encode: float) -> Costs:
    """Costs of an engine, of two sizes: what grows with the items, and what does not."""
    small, large = (rows[f"{name}, {size}"] for size in SIZES)
    times = [row["query, ms of the processor"] for row in (small, large)]
    slope = max((times[1] - times[0]) / (SIZES[1] - SIZES[0]), times[1] / SIZES[1] / 10)
    # Memory is not linear: an engine gives back what a small build took later than a large one's.
    memory, disk = (large[of] / large["items"] for of in ("memory, bytes", "disk, bytes"))
    return Costs(encode, memory, disk, max(times[0] - slope * SIZES[0], 0), slope)


def once(costs: Costs, assumed: Assumed) -> list[tuple[str, ...]]:
    """Lines of making the gallery."""
    hours = {count: costs.encode * count / 3600 for count in COUNTS.values()}
    return [
        row("**once: encode** (SE-ResNet-50, 224 px, no GPU)", lambda n: "", ""),
        row("a picture, of one core", lambda n: f"{1000 * costs.encode:.0f} ms", "measured"),
        row("core hours", lambda n: f"{hours[n]:,.0f}", "arithmetic"),
        row("days on 10 machines", lambda n: told(hours[n] / assumed.cores / 240), "arithmetic"),
        row(
            "dollars", lambda n: f"{hours[n] / assumed.cores * assumed.dollars:,.0f}", "arithmetic"
        ),
        row("pictures read", lambda n: size(n * assumed.picture * 1000), "arithmetic"),
    ]


def kept(floats: Costs, codes: Costs, assumed: Assumed) -> list[tuple[str, ...]]:
    """Lines of keeping it, as floats and as codes."""
    lines = []
    for name, costs in (("128 floats, SCANN", floats), ("64 bits", codes)):
        needed = {n: machines(costs, n, assumed) for n in COUNTS.values()}
        lines += [
            row(f"**kept: {name}**", lambda n: "", ""),
            row("memory of an item", lambda n, c=costs: f"{c.memory:,.0f} B", "measured"),
            row("memory, one copy", lambda n, c=costs: size(n * c.memory), "arithmetic"),
            row("machines by memory", lambda n, m=needed: f"{m[n][0]:,}", "arithmetic"),
            row(
                "a query, of one core",
                lambda n, c=costs: f"{told(c.query(n) / 1000)} s",
                "from two sizes, linear: an upper bound",
            ),
            row("machines by queries", lambda n, m=needed: f"{m[n][1]:,}", "arithmetic"),
            row("**machines**", lambda n, m=needed: f"**{max(m[n]):,}**", "arithmetic"),
            row("in the object store", lambda n, c=costs: size(n * c.disk), "arithmetic"),
            row(
                "**dollars a month**",
                lambda n, m=needed, c=costs: f"**{money(max(m[n]), n * c.disk, assumed):,.0f}**",
                "arithmetic",
            ),
        ]
    return lines


def machines(costs: Costs, count: int, assumed: Assumed) -> tuple[int, int]:
    """Machines by memory, and by queries; a copy is on another machine."""
    memory = assumed.copies * count * costs.memory / (assumed.busy * assumed.memory * GB)
    seconds = assumed.queries * costs.query(count) / 1000
    by_queries = seconds / (assumed.busy * assumed.cores)
    return max(math.ceil(memory), assumed.copies), math.ceil(by_queries)


def money(count: int, stored: float, assumed: Assumed) -> float:
    """Dollars a month: machines, their disks, the object store."""
    of_disks = assumed.copies * stored / GB * assumed.disk
    return count * assumed.dollars * HOURS + of_disks + stored / GB * assumed.store


def row(name: str, show: Callable[[int], str], kind: str) -> tuple[str, ...]:
    """A line of the table."""
    return name, *(show(count) for count in COUNTS.values()), kind


def size(count: float) -> str:
    """Bytes, as one says them."""
    for unit, factor in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9)):
        if count >= factor:
            return f"{told(count / factor)} {unit}"
    return f"{told(count / 1e6)} MB"


def told(value: float) -> str:
    """Two digits are all that these figures are worth."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


if __name__ == "__main__":
    main()
