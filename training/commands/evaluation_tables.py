"""What `sbir evaluate` prints."""

import json
from pathlib import Path

from sbir_tf.console import console
from training.commands.tables import metric_rows

CODES = ("P@10", "hit@10")  # what is shown of codes, beside what papers print


def figures(values, instances: bool) -> dict[str, float]:
    """Names and values of a result's figures, or of chance's; of instances their accuracies."""
    named = {name: value for name, value in metric_rows(values) if value is not None}
    if not instances:
        return named
    hits = {name: value for name, value in named.items() if name.startswith("hit@")}
    accuracies = {name.replace("hit", "Acc"): value for name, value in hits.items()}
    return accuracies | {"mAP@all": named["mAP@all"]}


def print_evaluation(evaluation, before, folder: Path) -> None:
    """The figures, those of codes apart, then all that a reader must know of them."""
    instances = evaluation.material.protocol.instances
    real = evaluation.rows[0].result
    columns = {"trained": real} | ({"untrained": before} if before else {})
    columns |= {"chance": real.chance}
    shown = {name: figures(values, instances) for name, values in columns.items()}
    console().print(figures_table(title(evaluation), shown))
    if len(evaluation.rows) > 1:
        console().print(codes_table(evaluation))
    for line in told(evaluation, shown["trained"], folder):
        print(line)


def figures_table(heading: str, shown: dict[str, dict[str, float]]):
    """A line a metric."""
    from rich.table import Table

    table = Table(title=heading)
    table.add_column("metric")
    for name in shown:
        table.add_column(name, justify="right")
    for metric in next(iter(shown.values())):
        table.add_row(metric, *(in_words(of.get(metric)) for of in shown.values()))
    return table


def codes_table(evaluation):
    """A line each: the embeddings as they are, then the codes."""
    from rich.table import Table

    protocol = evaluation.material.protocol
    shown = list(dict.fromkeys((*protocol.headline, "mAP@all", *CODES)))
    lines = [(row, figures(row.result, protocol.instances)) for row in evaluation.rows]
    shown = [name for name in shown if name in lines[0][1]]
    table = Table(title="binary codes, by Hamming distance")
    table.add_column("code", no_wrap=True)
    for heading in ("bytes", *shown):
        table.add_column(heading, justify="right")
    for row, values in lines:
        table.add_row(row.name, str(row.bytes), *(in_words(values[name]) for name in shown))
    return table


def in_words(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def title(evaluation) -> str:
    """Of the table: who searches what."""
    material, real = evaluation.material, evaluation.rows[0].result
    return (
        f"{evaluation.model.name}: {material.protocol.name}, {material.part} part: {real.queries} "
        f"sketches search {real.gallery} pictures"
    )


def told(evaluation, real: dict[str, float], folder: Path):
    """What a reader of the figures must know, a line each."""
    protocol = evaluation.material.protocol
    first = ", ".join(f"{name} {real[name]:.4f}" for name in protocol.headline if name in real)
    yield f"protocol: {protocol.title}; {'first' if protocol.icons else 'its papers print'} {first}"
    for row in evaluation.rows:
        if row.own_class:
            hits = ", ".join(f"Acc@{k} {hit:.4f}" for k, hit in row.own_class["hit_at"].items())
            yield f"{row.name}, among the photos of the sketch's own class alone: {hits}"
    means, asked = evaluation.conventions(), evaluation.asked
    flipped = "; test-time flip" if evaluation.flip else ""
    yield (
        f"conventions: {asked.convention} AP, AP@k {means['AP@k']}, P@k {means['P@k']}, ties "
        f"{asked.ties}{flipped}"
    )
    yield f"excluded: {evaluation.excluded} queries without a relevant picture"
    yield evaluation.seen.line
    yield from filter(None, (evaluation.seen.note, *evaluation.remarks))
    yield f"written: {folder}"


def print_json(evaluation, folder: Path) -> None:
    """The figures of the real-valued embeddings, and beside them all of result.json."""
    from training.protocols.folder import RESULT

    values = json.loads((folder / RESULT).read_text())
    real = values["rows"][0]["metrics"]
    print(json.dumps({**real, "folder": str(folder), "evaluation": values}, indent=2))
