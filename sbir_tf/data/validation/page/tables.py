"""TFDV's statistics as tables: one for each slice of the data set."""

from collections.abc import Iterator
from html import escape

from sbir_tf.data.validation.page.charts import share, size_of, whole
from sbir_tf.data.validation.statistics import EVERYTHING

_SHOWN = {
    "width": whole,
    "height": whole,
    "bytes": size_of,
    "ink": share,
    "colourfulness": lambda value: f"{value:.1f}",
}
_HEADINGS = ("", "pictures", "missing", "smallest", "median", "largest")


def slice_tables(statistics) -> str:
    """One table for everything, and one for each slice, folded."""
    tables = []
    for number, dataset in enumerate(statistics.datasets):
        name = "everything" if dataset.name == EVERYTHING else dataset.name
        title = f"{escape(name)}: {dataset.num_examples:,} pictures"
        rows = "".join(_rows(dataset))
        headings = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        table = f'<div class="scroll"><table><tr>{headings}</tr>{rows}</table></div>'
        opened = " open" if number < 3 else ""
        tables.append(f"<details{opened}><summary>{title}</summary>{table}</details>")
    return "".join(tables)


def _rows(dataset) -> Iterator[str]:
    for feature in dataset.features:
        name = ".".join(feature.path.step)
        if name not in _SHOWN or not feature.HasField("num_stats"):
            continue
        numbers, said = feature.num_stats, _SHOWN[name]
        common = numbers.common_stats
        values = [f"{common.num_non_missing:,}", f"{common.num_missing:,}"]
        if common.num_non_missing:
            values += [said(numbers.min), said(numbers.median), said(numbers.max)]
        else:
            values += ["-"] * 3
        yield f"<tr><td>{name}</td>{''.join(f'<td>{escape(v)}</td>' for v in values)}</tr>"
