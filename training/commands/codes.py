"""`sbir codes fit | report`: binary codes of a run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar, console
from sbir_tf.errors import UserError
from training.commands.arguments import AsJson, RunFolder
from training.commands.tables import metric_rows

codes_app = typer.Typer(help="Embeddings as a few bytes each.", no_args_is_help=True)


@codes_app.command("fit")
def codes_fit(
    run: RunFolder,
    bits: Annotated[str, typer.Option(help="Bits of a code, separated by commas.")] = "32,64,128",
    method: Annotated[
        str, typer.Option(help="centers (published) or itq (classical).")
    ] = "centers",
    to: Annotated[Path | None, typer.Option(help="Folder to write (RUN/codes).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random start.")] = 0,
) -> None:
    """Learn binary codes of a run's embeddings."""
    from training.codes.fit import fit_codes
    from training.run import open_complete

    sizes = comma_separated(bits)
    for path in fit_codes(open_complete(run), sizes, method, to, seed, bar):
        print(f"{path}: written")
    where = f" --codes {to}" if to else ""
    print(f"what they cost: sbir codes report {run}{where}")


@codes_app.command("report")
def codes_report(
    run: RunFolder,
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
    codes: Annotated[Path | None, typer.Option(help="Folder of the codes (RUN/codes).")] = None,
    as_json: AsJson = False,
) -> None:
    """Metrics of a run's codes beside those of its real-valued embeddings."""
    from training.codes.report import as_json as report_of
    from training.codes.report import evaluate_codes
    from training.run import open_complete

    opened = open_complete(run)
    rows = evaluate_codes(opened, part, codes, bar)
    if as_json:
        print(json.dumps(report_of(opened, part, rows), indent=2))
    else:
        print_codes(opened, part, rows)


def comma_separated(numbers: str, option: str = "--bits") -> tuple[int, ...]:
    """The numbers in "32,64,128"."""
    try:
        return tuple(dict.fromkeys(int(number) for number in numbers.split(",")))
    except ValueError:
        raise UserError(
            f"{option} takes numbers such as 32,64,128. Received: {numbers!r}"
        ) from None


def print_codes(run, part, rows) -> None:
    """The metrics of codes as a table, one line a code."""
    from rich.table import Table

    from training.sources import note_of

    first = rows[0].result
    table = Table(
        title=f"{run.folder.name}: {run.config.data.split} split, {part} part: {first.queries} "
        f"sketches search {first.gallery} pictures"
    )
    shown = [name for name, _ in metric_rows(first) if not name.startswith("mAP@1")]
    table.add_column("code", no_wrap=True)
    for heading in ("bytes", *shown):
        table.add_column(heading, justify="right")
    lines = [(row.name, str(row.bytes), row.result) for row in rows]
    for name, size, values in [*lines, ("chance", "-", first.chance)]:
        metrics = dict(metric_rows(values))
        table.add_row(name, size, *(f"{metrics[heading]:.4f}" for heading in shown))
    console().print(table)
    print(f"conventions: {first.convention} AP, ties {first.ties}; codes by Hamming distance")
    if note := note_of(run.config.data, part):
        print(note)
