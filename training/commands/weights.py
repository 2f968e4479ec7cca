"""`sbir weights`: published weights for a network."""

from pathlib import Path
from typing import Annotated

import typer

weights_app = typer.Typer(help="Published weights.", no_args_is_help=True)


@weights_app.command("import")
def import_weights(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=".pth, .safetensors, .h5 or .keras.")
    ],
    network: Annotated[str, typer.Option(help="The backbone, such as se_resnet50.")],
    to: Annotated[Path, typer.Option(help="File to write: NAME.weights.h5.")],
    gate: Annotated[str, typer.Option(help="Its gates, as network.gate; none for none.")] = "dase",
    image_size: Annotated[int, typer.Option(min=16, max=1024, help="Side, pixels.")] = 224,
    squeeze_activation: Annotated[
        str, typer.Option(help="Of the gates: relu, or sigmoid as in the 2021 release.")
    ] = "relu",
) -> None:
    """Bring a file's tensors to a network, all of them accounted for; `weights=` reads it."""
    from training.weights import import_file

    account, written = import_file(file, to, network, gate, image_size, squeeze_activation)
    print(account)
    for path in written:
        print(f"written: {path}")
