"""A contact sheet as one HTML file that needs nothing else: no script, no other host."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image

from serving.errors import ServingError
from serving.files import write_atomically
from serving.sheet.rows import Cell, Row

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5b646d; --paper: #fff;
  --line: #d8dde2; --hit: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebee; --faint: #9aa4ae;
  --paper: #14171a; --line: #343b42; --hit: #3fb950; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 90rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.4 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
p { color: var(--faint); margin: 0 0 1rem; }
section { border-top: 1px solid var(--line); padding: 1rem 0; display: grid;
  grid-template-columns: 8.5rem 1fr; gap: 0 1.25rem; }
h2 { grid-column: 1 / -1; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem .6rem;
  grid-template-columns: repeat(auto-fill, minmax(5.4rem, 1fr)); align-content: start; }
figure { margin: 0; min-width: 0; position: relative; }
.picture { aspect-ratio: 1; background: #fff; border: 1px solid var(--line);
  border-radius: .4rem; display: grid; place-items: center; overflow: hidden; color: #5b646d;
  font-size: .8rem; padding: 5px; text-align: center; }
.picture img { width: 100%; height: 100%; object-fit: contain; }
.hit .picture { border: 4px solid var(--hit); padding: 2px; }
.hit::after { content: "\\2713"; position: absolute; top: -.45rem; right: -.45rem;
  width: 1.5rem; height: 1.5rem; border-radius: 50%; background: var(--hit); color: var(--paper);
  font-weight: 700; font-size: .9rem; line-height: 1.5rem; text-align: center; }
figcaption { font-size: .85rem; line-height: 1.25; padding-top: .3rem; overflow-wrap: anywhere; }
figcaption span { display: block; color: var(--faint); font-size: .78rem; }
@media (max-width: 36rem) { section { grid-template-columns: 1fr; gap: .75rem 0; }
  section > figure { width: 8.5rem; } }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_html(rows: Sequence[Row], path: Path | str, title: str = "Search by sketch") -> Path:
    """Writes a contact sheet: readable on a telephone and in the dark, hits framed and ticked.

    Args:
        rows: from `make_rows`.
        path: the HTML file to write or replace.
        title: the page's heading.

    Returns:
        The path.

    Raises:
        ServingError: no rows.
        OSError: the file cannot be written; what was there stays.
    """
    if not rows:
        raise ServingError("a contact sheet needs at least one row. Received: 0 rows")
    return write_atomically(path, _page(rows, title).encode())


def _page(rows: Sequence[Row], title: str) -> str:
    sections = "\n".join(map(_section, rows))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{_legend(rows)}</p>
{sections}
</body>
</html>
"""


def _legend(rows: Sequence[Row]) -> str:
    text = "The query first, then the pictures nearest to it; under each its squared distance."
    if any(row.judged for row in rows):
        text += " A green frame with a tick: of the query's class."
    return text


def _section(row: Row) -> str:
    heading = escape(row.query.title)
    if row.judged:
        heading += f": {row.hits} of {len(row.answers)} of its class"
    answers = "\n".join(
        f"<li>{_figure(cell, f'Rank {rank}: {cell.title}')}</li>"
        for rank, cell in enumerate(row.answers, start=1)
    )
    query = _figure(row.query, f"Query: {row.query.title}")
    return f"<section>\n<h2>{heading}</h2>\n{query}\n<ol>\n{answers}\n</ol>\n</section>"


def _figure(cell: Cell, description: str) -> str:
    description += ", of the query's class" if cell.hit else ""
    picture = "the file is gone"
    if cell.thumbnail is not None:
        picture = f'<img alt="{escape(description)}" src="{_data_uri(cell)}">'
    kind = ' class="hit"' if cell.hit else ""
    caption = f"{escape(cell.title)}<span>{escape(cell.detail)}</span>"
    return (
        f'<figure{kind}><div class="picture">{picture}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _data_uri(cell: Cell) -> str:
    file = BytesIO()
    Image.fromarray(cell.thumbnail).save(file, "WEBP", quality=85)
    return "data:image/webp;base64," + b64encode(file.getvalue()).decode()
