"""`sbir compare`: every row of a comparison trained, and its page."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def compare(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name in training/comparisons.")],
    jobs: Annotated[int, typer.Option(min=1, help="Cells at a time, one thread each.")] = 1,
    to: Annotated[Path | None, typer.Option(help="For the cells (runs/compare/NAME).")] = None,
    page: Annotated[Path, typer.Option(help="The page.")] = Path("docs/comparison.md"),
    page_only: Annotated[bool, typer.Option("--page-only", help="Train nothing.")] = False,
) -> None:
    """Train every row of a comparison, or continue it; write its section of the page."""
    from training.compare.page import write_page
    from training.compare.run import compare as run_comparison
    from training.compare.spec import load_comparison

    comparison = load_comparison(name)
    folder = to or Path("runs") / "compare" / name
    if not page_only:
        run_comparison(comparison, folder, jobs, bar)
    write_page(comparison, folder, page)
    print(page.read_text())
