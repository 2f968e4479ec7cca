"""`sbir export`: a run's encoder as a SavedModel."""

from pathlib import Path
from typing import Annotated

import typer

from training.commands.arguments import RunFolder


def export(
    run: RunFolder,
    to: Annotated[Path | None, typer.Option(help="The model's folder (saved_models/NAME).")] = None,
    tflite: Annotated[
        list[str] | None,
        typer.Option(help="Also as TensorFlow Lite: int8, float16 or float32; repeatable."),
    ] = None,
) -> None:
    """Write a run's encoder as a SavedModel for TensorFlow Serving."""
    from training.export import export_run
    from training.run import open_complete

    opened = open_complete(run)
    folder, new = export_run(opened, to or Path("saved_models") / opened.config.name, tflite or ())
    print(f"{folder}: {'written' if new else 'holds this run already'}")
