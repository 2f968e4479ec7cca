"""`sbir data build-icons`, `sbir data info`: the bundled icons."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar, console


def build_icons(
    to: Annotated[Path, typer.Option(help="Folder to write.")] = Path("data/icons"),
    size: Annotated[int, typer.Option(min=16, max=1024, help="Side, pixels.")] = 128,
) -> None:
    """Render the bundled icons as a tree of pictures, with their splits."""
    from sbir_tf.data.icons import write_tree

    write_tree(to, size=size, progress=bar)
    print(f"{to}: sketches, photos, and the held-out ones in {to / 'styles'}")


def icons_info() -> None:
    """Classes, counts, splits and licences of the bundled icons."""
    from rich.table import Table

    from sbir_tf.data import icons

    bundled = icons.load_icons()
    domain = {icon.key: icon.domain for icon in bundled}
    table = Table(title=f"icons: {len(icons.class_names())} classes")
    for heading in ("split", "part", "sketches", "pictures"):
        table.add_column(heading, justify="right" if heading[-1] == "s" else "left")
    for split in (icons.styles(bundled), icons.zero_shot(bundled)):
        for part in ("train", "validation", "test"):
            keys = getattr(split, part)
            sketches = sum(domain[key] == "sketch" for key in keys)
            table.add_row(split.name, part, str(sketches), str(len(keys) - sketches))
    console().print(table)
    print(f"licences: {Path(icons.__file__).with_name('ATTRIBUTION.md')}")
