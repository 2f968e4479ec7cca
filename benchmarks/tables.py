"""Markdown tables, and the sections of a page that a benchmark writes."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def replace_section(page: Path, name: str, text: str) -> None:
    """Puts a text between a page's `<!-- name -->` and `<!-- /name -->`.

    Raises:
        ValueError: If the page has no such section.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    before = page.read_text()
    after, found = pattern.subn(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", before)
    if found != 1:
        raise ValueError(f"{page} has no section <!-- {name} --> ... <!-- /{name} -->")
    aside = page.with_name(f".{page.name}.new")
    aside.write_text(after)
    aside.replace(page)
