"""`sbir data inspect`: looks a folder over before anything is built from it or trained on it."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar, console


def inspect_data(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The data set.")],
    layout: Annotated[str | None, typer.Option(help="Of the data set; else recognised.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the layout: tx_*, or A,B.")] = None,
    class_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which folder shows what: folder,class.")
    ] = None,
    swap_red_blue: Annotated[
        bool | None, typer.Option(help="Swap red and blue of photos; else as the layout needs.")
    ] = None,
    read: Annotated[bool, typer.Option(help="Read every picture, not just names.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Show what a folder holds, what is wrong with it, and what to do next."""
    import json

    from sbir_tf.data.inspection import inspect_folder
    from sbir_tf.data.survey import CACHE

    report = inspect_folder(folder, layout, variant, class_map, swap_red_blue, read, bar, CACHE)
    if as_json:
        print(json.dumps(report, indent=2, ensure_ascii=True))
        return
    from sbir_tf.data.inspection.page import show_report

    show_report(report, console())
