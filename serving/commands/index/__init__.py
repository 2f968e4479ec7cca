"""`sbir index ...`: one file a command. Everything heavy is imported inside the command."""

import typer

from serving.commands.index.build import build
from serving.commands.index.check import check
from serving.commands.index.copy import copy
from serving.commands.index.group import BuildByDefault
from serving.commands.index.info import info
from serving.commands.index.tune import tune

index_app = typer.Typer(
    help="Indexes of pictures: `sbir index MODEL PICTURES --to INDEX` makes one.",
    cls=BuildByDefault,
    no_args_is_help=True,
)
index_app.command("build")(build)
index_app.command("copy")(copy)
index_app.command("check")(check)
index_app.command("info")(info)
index_app.command("tune")(tune)
