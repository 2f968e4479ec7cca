"""`sbir data ...`: one file a command. Everything heavy is imported inside the command."""

import typer

from sbir_tf.data.commands.build import build
from sbir_tf.data.commands.icons import build_icons, icons_info
from sbir_tf.data.commands.inspect import inspect_data
from sbir_tf.data.commands.split import split_data
from sbir_tf.data.commands.validate import validate_data

data_app = typer.Typer(help="Data sets: the bundled icons, or your own.", no_args_is_help=True)
data_app.command("build")(build)
data_app.command("build-icons")(build_icons)
data_app.command("info")(icons_info)
data_app.command("split")(split_data)
data_app.command("inspect")(inspect_data)
data_app.command("validate")(validate_data)
