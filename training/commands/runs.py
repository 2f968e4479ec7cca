"""`sbir runs list | show | compare`: reads the folders of runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import console
from sbir_tf.errors import UserError
from training.commands.arguments import AsJson

runs_app = typer.Typer(help="Runs: what was trained, and what came out.", no_args_is_help=True)

NONE = "-"


@runs_app.command("list")
def list_runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="That holds runs.")] = Path(
        "runs"
    ),
    as_json: AsJson = False,
) -> None:
    """List every run in a folder, and what cannot be read with its reason."""
    from training.runs import summaries

    rows = summaries(folder)
    if as_json:
        print(json.dumps([row.to_json() for row in rows], indent=2))
        return
    print_list(folder, rows)


@runs_app.command("show")
def show_run(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")],
    as_json: AsJson = False,
) -> None:
    """Show one run: what it changed, where it comes from, its figures, how to go on."""
    from training.runs import details

    shown = details(run)
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    print_details(shown)


@runs_app.command("compare")
def compare_runs(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    as_json: AsJson = False,
) -> None:
    """Compare runs: the settings that differ, and their figures side by side."""
    from training.runs import side_by_side

    if len(runs) < 2:
        raise UserError(f"Name two runs or more to compare. Received: {runs[0]}")
    compared = side_by_side(runs)
    if as_json:
        print(json.dumps(compared, indent=2))
        return
    print_compared(compared)


def print_list(folder: Path, rows) -> None:
    """Runs as a table; what cannot be read below it, a line each."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE)
    headings = ("run", "config", "steps", "state", "loss", "mAP", "when", "seconds")
    for heading in headings:
        right = heading in ("steps", "loss", "mAP", "seconds")
        table.add_column(heading, justify="right" if right else "left")
    readable = [row for row in rows if row.state != "unreadable"]
    for row in readable:
        figures = row.figures
        table.add_row(
            name_of(row.folder, folder),
            row.config,
            f"{row.done}/{row.steps}",
            row.state,
            words(figures.get("loss")),
            words(figures.get("mAP@all")),
            row.when[:16].replace("T", " "),
            words(row.seconds, "{:.0f}"),
        )
    if readable:
        print_wide(table)
    for row in rows:
        if row.reason:
            print(f"{row.folder}: {row.state}: {row.reason}")
    if not rows:
        print(f"{folder} holds no run: `sbir train CONFIG` makes one")


def print_wide(table) -> None:
    """A table as wide as it needs to be: a name cut into letters is no name."""
    to = console()
    to.width = max(to.width, to.measure(table, options=to.options.update(width=10_000)).maximum)
    to.print(table)


def name_of(run: str, folder: Path) -> str:
    """A run's path below the folder that is listed."""
    path = Path(run)
    return path.name if path == folder else str(path.relative_to(folder))


def words(value: float | None, form: str = "{:.4g}") -> str:
    """A figure, or that there is none."""
    return NONE if value is None else form.format(value)


def print_details(shown: dict) -> None:
    """A run, in lines."""
    facts = shown["facts"]
    seconds = "" if shown["seconds"] is None else f", {shown['seconds']:.0f} s"
    print(f"{shown['folder']}: {shown['state']}, step {shown['done']}/{shown['steps']}{seconds}")
    if shown["reason"]:
        print(f"  {shown['reason']}")
    print(f"configuration: {shown['config']}")
    for key, (before, now) in shown["changed"].items():
        print(f"  {key}={now} ({before} in {shown['from']})")
    print(f"command: {' '.join(map(str, facts.get('command') or [NONE]))}")
    print(f"revision: {facts.get('revision') or NONE}")
    for name in ("versions", "data"):
        pairs = facts.get(name) or {}
        short = {key: value for key, value in pairs.items() if not isinstance(value, list)}
        told = ", ".join(f"{key} {value}" for key, value in short.items())
        print(f"{name}: {told or NONE}")
    for name, value in shown["figures"].items():
        print(f"  {name} {value:.4f}")
    if shown["continue"]:
        print(f"continue it with: {shown['continue']}")


def print_compared(compared: dict) -> None:
    """Runs as columns: their figures, then the settings that differ."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE)
    table.add_column("")
    for run in compared["runs"]:
        table.add_column(run)
    for name in ("state", "steps"):
        table.add_row(name, *map(str, compared[name]))
    table.add_row("seconds", *(words(value, "{:.0f}") for value in compared["seconds"]))
    for name, values in compared["figures"].items():
        table.add_row(name, *(words(value, "{:.4f}") for value in values))
    table.add_section()
    for key, values in compared["config"].items():
        table.add_row(key, *map(str, values))
    print_wide(table)
    if not compared["config"]:
        print("their configurations are the same")
