"""The whole page, and how it is written."""

from collections import Counter
from html import escape
from pathlib import Path

import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.features import numbers, texts
from sbir_tf.data.validation.page.charts import (
    LEGEND,
    Axis,
    class_bars,
    histogram,
    share,
    size_of,
    whole,
)
from sbir_tf.data.validation.page.gallery import Reader, gallery
from sbir_tf.data.validation.page.style import STYLE
from sbir_tf.data.validation.page.tables import slice_tables
from sbir_tf.data.validation.report import Anomaly, Report
from sbir_tf.data.validation.words import NAMED, counted
from sbir_tf.files import written_aside

# Nothing may be loaded or run, whatever a class is called.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_AXES = {
    "width": Axis("width, pixels", whole, logarithmic=True),
    "height": Axis("height, pixels", whole, logarithmic=True),
    "ink": Axis("ink, share of black", share),
    "colourfulness": Axis("colourfulness", whole),
    "bytes": Axis("bytes of a file", size_of, logarithmic=True),
}
SHOWN_CLASSES = 20


def write_page(
    report: Report, table: pa.Table, file: Path | str, title: str, read: Reader | None = None
) -> Path:
    """Write the statistics page, aside and then renamed.

    Args:
        report: Of `validate`.
        table: The facts that it is about.
        file: The HTML file; its folder is made.
        title: What the data set is called.
        read: Gives a picture by its key, RGB, or None; for a gallery of flagged pictures.

    Returns:
        The file.
    """
    file = Path(file)
    with written_aside(file) as aside:
        aside.write_text(page_of(report, table, title, read), "utf-8", errors="replace")
    return file


def page_of(report: Report, table: pa.Table, title: str, read: Reader | None = None) -> str:
    """The page as text: see `write_page`."""
    pictures = ""
    if read is not None:
        pictures = gallery(report.anomalies, frozenset(texts(table, "key")), read)
    sections = {
        "What was found": _anomalies(report),
        "Flagged pictures": pictures,
        "Distributions": LEGEND + _histograms(table),
        "Classes": LEGEND + _classes(table),
        "Statistics": slice_tables(report.statistics) if report.statistics else "",
    }
    body = "\n".join(f"<h2>{name}</h2>\n{text}" for name, text in sections.items() if text)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p class="faint">{escape(report.headline())}</p>
{body}
</body>
</html>
"""


def _anomalies(report: Report) -> str:
    if not report.anomalies:
        return '<p class="fine">&#10003; No anomaly.</p>'
    return f'<ul class="anomalies">{"".join(map(_anomaly, report.anomalies))}</ul>'


def _anomaly(anomaly: Anomaly) -> str:
    listed = ""
    if len(anomaly.items) > NAMED:  # else the message has them all
        items = "".join(f"<li>{escape(item)}</li>" for item in anomaly.items)
        shown = f"{len(anomaly.items)} of {max(anomaly.count, len(anomaly.items)):,}"
        listed = f"<details><summary>{shown}</summary><ul>{items}</ul></details>"
    return (
        f'<li class="{anomaly.severity}"><b>{anomaly.severity}</b> {escape(anomaly.message)} '
        f"<code>{escape(anomaly.code)}</code>{listed}</li>"
    )


def _histograms(table: pa.Table) -> str:
    domain = numbers(table, "domain")
    charts = []
    for name, axis in _AXES.items():
        values = numbers(table, name)
        of_domain = {known: values[domain == bit] for known, bit in DOMAINS.items()}
        charts.append(histogram(axis, of_domain))
    return f'<div class="charts">{"".join(charts)}</div>'


def _classes(table: pa.Table) -> str:
    """Counts of each class, the largest first; beyond the first few, folded."""
    found = Counter(zip(texts(table, "class"), numbers(table, "domain"), strict=True))
    names = {name for name, _ in found}
    bits = tuple(DOMAINS.values())
    counts = [(name, *(found[name, bit] for bit in bits)) for name in names]
    counts.sort(key=lambda row: (-sum(row[1:]), row[0]))
    largest = max(1, *(max(row[1:]) for row in counts))
    text = class_bars(counts[:SHOWN_CLASSES], largest)
    if rest := counts[SHOWN_CLASSES:]:
        more = f"<summary>{counted(len(rest), 'smaller class')}</summary>"
        text += f"<details>{more}{class_bars(rest, largest)}</details>"
    return text
