"""A page of several sections, each between markers and each written by its own command.

<!-- icons_ablation: written by `sbir compare icons_ablation` -->
...
<!-- /icons_ablation -->
"""

import re
from pathlib import Path

from sbir_tf.files import written_aside


def put_section(path: Path, name: str, text: str) -> None:
    """Write a section of a page, leaving whatever else it holds; a new one comes last.

    Args:
        path: The page, made if it is not there.
        name: Of the section.
        text: What stands between its markers from now on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    page = path.read_text() if path.exists() else ""
    with written_aside(path) as aside:
        aside.write_text(with_section(page, name, text))


def with_section(page: str, name: str, text: str) -> str:
    """A page's text with a section in its place."""
    opening = f"<!-- {name}: written by `sbir compare {name}` -->"
    section = f"{opening}\n\n{text.strip()}\n\n<!-- /{name} -->"
    present = re.compile(rf"<!-- {re.escape(name)}\b[^>]*-->.*?<!-- /{re.escape(name)} -->", re.S)
    if present.search(page):
        return present.sub(lambda _: section, page, count=1)
    return f"{page.rstrip()}\n\n{section}\n".lstrip()
