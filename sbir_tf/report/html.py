"""Pieces of the page, each a text that is safe whatever a class or a file is called."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from sbir_tf.report.sheets import Line, Mixed, Picture, hits
from sbir_tf.report.style import svg

# Nothing may be loaded or run, whatever a class is called.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def chart(drawn, alt: str, caption: str) -> str:
    """A figure with what it shows, for eyes and for ears."""
    return (
        f'<figure class="chart"><img alt="{escape(alt)}" src="{data_uri(svg(drawn), "svg+xml")}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls by itself where it is too wide; cells are HTML already."""
    head = "".join(f"<th>{cell}</th>" for cell in heading)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>\n{body}</table></div>'


def thumb(picture: Picture, alt: str) -> str:
    """A picture with its class; a hit has a frame and a tick."""
    shown = "not kept"
    if picture.jpeg:
        said = escape(f"{alt}: {picture.name}" + (", right" if picture.hit else ""))
        shown = f'<img alt="{said}" src="{data_uri(picture.jpeg, "jpeg")}">'
    kind = "thumb hit" if picture.hit else "thumb"
    return (
        f'<figure class="{kind}"><div class="frame">{shown}</div>'
        f"<figcaption>{breakable(picture.name)}</figcaption></figure>"
    )


def breakable(name: str) -> str:
    """A class's name that may be broken behind an underscore."""
    return escape(name).replace("_", "_<wbr>")


def lines(sheet: Sequence[Line]) -> str:
    """A contact sheet."""
    return '<div class="lines">' + "\n".join(map(one_line, sheet)) + "</div>"


def one_line(line: Line) -> str:
    answers = "".join(
        f"<li>{thumb(picture, f'place {place}')}</li>"
        for place, picture in enumerate(line.answers, start=1)
    )
    told = f"AP {line.score:.2f}; {hits(line.answers)} of {len(line.answers)} right"
    query = thumb(line.query, "query")
    return (
        f'<div class="line"><div>{query}<p class="faint"><small>{told}</small></p></div>'
        f"<ol>{answers}</ol></div>"
    )


def mixed_up(pairs: Sequence[Mixed]) -> str:
    """The classes that are mixed up, with an example of each."""
    return '<div class="mixed">' + "\n".join(map(one_pair, pairs)) + "</div>"


def one_pair(pair: Mixed) -> str:
    told = f"{pair.pair.share:.0%} of the first places of {pair.query.name} show {pair.item.name}"
    return (
        f'<div>{thumb(pair.query, "query")}<span aria-hidden="true">&rarr;</span>'
        f"{thumb(pair.item, 'found')}<p>{escape(told)}</p></div>"
    )


def bars(values: Mapping[str, float]) -> str:
    """A list of names with bars from 0 to 1, in as many columns as fit."""
    return '<ul class="bars">' + "\n".join(one_bar(*pair) for pair in values.items()) + "</ul>"


def one_bar(name: str, value: float) -> str:
    length = f"background-size: {100 * value:.1f}% 100%"
    return (
        f'<li><span title="{escape(name)}">{escape(name)}</span><i style="{length}"></i>'
        f"<b>{value:.2f}</b></li>"
    )


def document(title: str, style: str, parts: Sequence[str]) -> str:
    """The whole page."""
    body = "\n".join(parts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
