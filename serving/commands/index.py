"""`sbir index`: an index of a folder of pictures."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def index(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model's folder.")],
    pictures: Annotated[Path, typer.Argument(metavar="PICTURES", help="Any folder of pictures.")],
    to: Annotated[Path, typer.Option(help="The index's folder.")],
) -> None:
    """Embed every picture in a folder and write a ScaNN index of them."""
    from serving.encoders import load_encoder
    from serving.gallery import index_folder

    report = index_folder(load_encoder(model), pictures, to, progress=bar)
    print(f"{to}: {report.indexed} pictures indexed")
    if report.skipped:
        print(f"{len(report.skipped)} could not be read: {report.skipped_file} lists them")
