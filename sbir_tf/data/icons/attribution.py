"""The attribution file: who drew what, and under which licence."""

from __future__ import annotations

from collections import Counter

HEAD = """\
# Attribution

The archive `icons.json.xz` holds icons of the sets below, selected by class, each under its own
licence. Written by `python -m sbir_tf.data.icons.recipe`. The drawings are unchanged, except that
animations are stored at their end, invisible shapes are left out, and rendering may vary the
width of lines. Icons of a share-alike set, and pictures rendered from them, stay under its licence.

| set | package | author | licence | used as | icons |
|---|---|---|---|---|---|
"""


def attribution(sources: dict, contents: dict) -> str:
    """The text of `ATTRIBUTION.md`.

    Args:
        sources: contents of `sources.json`.
        contents: contents of the archive.

    Returns:
        Markdown: one line for each set.
    """
    count = Counter(row["set"] for row in contents["icons"])
    return HEAD + "".join(_line(s, count[s["set"]]) for s in sources["sets"])


def _line(source: dict, count: int) -> str:
    author, licence = source["author"], source["licence"]
    by = f"[{author['name']}]({author['url']})" if author.get("url") else author["name"]
    terms = f"[{licence['spdx']}]({licence['url']})" if licence.get("url") else licence["spdx"]
    used = {"sketch": "sketches", "photo": "pictures"}[source["domain"]]
    package = f"`{source['package']}` {source['version']}"
    cells = (f"{source['title']} (`{source['set']}`)", package, by, terms, used, count)
    return f"| {' | '.join(map(str, cells))} |\n"
