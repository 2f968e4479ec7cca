"""Markdown tables, and the sections of a page that a benchmark writes."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from sbir_tf.files import written_aside


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def check_section(page: Path, name: str) -> re.Pattern:
    """The pattern of a page's section, for `replace_section`; call it before measuring.

    Raises:
        ValueError: If the page has no such section.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if len(pattern.findall(page.read_text())) != 1:
        raise ValueError(f"{page} has no section <!-- {name} --> ... <!-- /{name} -->")
    return pattern


def replace_section(page: Path, name: str, text: str) -> None:
    """Puts a text between a page's `<!-- name -->` and `<!-- /name -->`."""
    pattern = check_section(page, name)
    after = pattern.sub(lambda m: f"{m[1]}\n{text}\n\n{m[2]}", page.read_text())
    with written_aside(page) as aside:
        aside.write_text(after)
