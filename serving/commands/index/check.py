"""`sbir index check`: everything read, every checksum compared."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def check(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="An index's folder.")],
) -> None:
    """Read an index from end to end and name the first file that is damaged."""
    from serving.index.stored import check_stored

    checked = check_stored(index, progress=bar)
    of = f"{checked.items:,} items of generation {checked.generation}"
    print(f"{index}: whole, {of}, {checked.bytes / 1e6:,.1f} MB")
