"""`sbir evaluate`: how well a run's held-out sketches find its held-out pictures."""

from typing import Annotated

import typer

from sbir_tf.console import bar, console
from training.commands.arguments import AsJson, RunFolder
from training.commands.tables import metric_rows


def evaluate(
    run: RunFolder,
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
    as_json: AsJson = False,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Also the pretrained features, untrained.")
    ] = False,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Compare mirrored pictures too (as configured)."),
    ] = None,
) -> None:
    """Search a run's held-out pictures with its held-out sketches; print the metrics."""
    from training.evaluate import evaluate_run, evaluate_untrained
    from training.run import open_complete

    opened = open_complete(run)
    flip = opened.config.data.test_flip if flip is None else flip
    result = evaluate_run(opened, part, bar, flip)
    before = evaluate_untrained(opened.config, part, bar, flip) if untrained else None
    if as_json:
        print(result.to_json())
    else:
        print_metrics(opened, part, result, before, flip)


def print_metrics(run, part, result, before, flip) -> None:
    """The metrics as a table, with what chance and the untrained features reach."""
    from rich.table import Table

    from training.sources import note_of

    split = run.config.data.split
    table = Table(
        title=f"{run.folder.name}: {split} split, {part} part: {result.queries} sketches "
        f"search {result.gallery} pictures"
    )
    columns = {"trained": result} | ({"untrained": before} if before else {})
    columns["chance"] = result.chance
    table.add_column("metric")
    for heading in columns:
        table.add_column(heading, justify="right")
    for row in zip(*(metric_rows(values) for values in columns.values()), strict=True):
        table.add_row(row[0][0], *(f"{value:.4f}" for _, value in row))
    console().print(table)
    flipped = "; test-time flip" if flip else ""
    print(
        f"conventions: {result.convention} AP, ties {result.ties}{flipped}; seed {run.config.seed}"
    )
    if note := note_of(run.config.data, part):
        print(note)
