"""`sbir report`: what evaluations found, as a page and as pictures."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    evaluations: Annotated[
        list[Path],
        typer.Argument(
            metavar="EVALUATION...", help="Folders that `sbir evaluate` wrote, or runs."
        ),
    ],
    html: Annotated[
        Path | None, typer.Option(help="The page (report.html in the first evaluation).")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="A folder for the figures as PNG.")] = None,
) -> None:
    """Show what evaluations found: one page that opens anywhere; several side by side."""
    from sbir_tf.report import open_evaluation, write_report

    opened = [open_evaluation(place) for place in evaluations]
    for path in write_report(opened, html or opened[0].folder / "report.html", png):
        print(f"{path}: written")
