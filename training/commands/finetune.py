"""`sbir finetune`: a trained encoder taught the classes of one's own folder."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar, console
from training.commands.arguments import AsJson


def finetune(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A run's folder, or an exported model's.")
    ],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Your data set.")],
    to: Annotated[Path | None, typer.Option(help="The run's folder (runs/MODEL_FOLDER).")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value.")
    ] = None,
    layout: Annotated[str | None, typer.Option(help="Of the data set; else recognised.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the layout, such as a tx_*.")] = None,
    as_json: AsJson = False,
) -> None:
    """Teach a trained model your classes; print how well it finds them before and after."""
    from training.finetune import finetune as finetune_on
    from training.preemption import Preempted

    try:
        run, before, after = finetune_on(model, folder, to, overrides or (), layout, variant, bar)
    except Preempted as ended:
        print(ended)
        return
    if as_json:
        told = {"run": str(run.folder), "before": before.to_json(), "after": after.to_json()}
        print(json.dumps(told | {key: json.loads(told[key]) for key in ("before", "after")}))
        return
    print_metrics(run, before, after)


def print_metrics(run, before, after) -> None:
    """The metrics on the test part as a table."""
    from rich.table import Table

    from training.sources import note_of

    print(f"{run.folder}: test part, {after.queries} sketches search {after.gallery} photos")
    table = Table()
    for heading in ("metric", "before", "after", "chance"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    columns = [rows_of(each) for each in (before, after, after.chance)]
    for row in zip(*columns, strict=True):
        table.add_row(row[0][0], *(f"{value:.4f}" for _, value in row))
    console().print(table)
    print(note_of(run.config.data))
    print(f"next: sbir export {run.folder}")


def rows_of(values) -> list[tuple[str, float]]:
    """Names and values of the metrics that are shown."""
    return [
        ("mAP@all", values.map_all),
        ("P@10", values.precision_at[10]),
        ("hit@10", values.hit_at[10]),
    ]
