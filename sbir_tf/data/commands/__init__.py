"""`sbir data ...`: one file a command. Everything heavy is imported inside the command."""

import typer

from sbir_tf.data.commands.icons import build_icons, icons_info

data_app = typer.Typer(help="Data sets: the bundled icons, or your own.", no_args_is_help=True)
data_app.command("build-icons")(build_icons)
data_app.command("info")(icons_info)
