"""`sbir index MODEL PICTURES` means `sbir index build MODEL PICTURES`."""

from typer.core import TyperGroup

_BUILD = "build"


class BuildByDefault(TyperGroup):
    """Commands of which the one that is used most need not be named."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        """Puts the command's name in front of arguments that name none."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_BUILD, *args]
        return super().parse_args(ctx, args)
