"""`sbir codes search`: pictures found by their binary codes."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def codes_search(
    codes: Annotated[
        Path, typer.Argument(metavar="CODES", help="A file that `sbir codes fit` wrote.")
    ],
    sketches: Annotated[
        list[Path], typer.Argument(metavar="SKETCH...", help="Drawings, or folders of them.")
    ],
    gallery: Annotated[Path, typer.Option(help="Any folder of pictures.")],
    k: Annotated[int, typer.Option("-k", help="How many pictures to find.")] = 10,
    model: Annotated[
        Path | None, typer.Option(help="The model's folder (saved_models/NAME).")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many sketches, evenly spaced.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the pictures that sketches show, by the bits in which their codes differ."""
    from serving.codes import open_codes, search_codes

    opened = open_codes(codes)
    model = model or Path("saved_models") / opened.name
    found = search_codes(opened, gallery, sketches, k, model=model, limit=limit, progress=bar)
    if as_json:
        print(json.dumps([answer.to_json() for answer in found.answers], indent=2))
        return
    for answer in found.answers:
        print(answer.query)
        for hit in answer.hits:
            print(f"  {hit.rank:3}  {hit.distance:4} of {opened.bits} bits  {hit.path}")
    pictures, size = found.gallery.codes.shape
    print(f"{pictures} pictures of {size} bytes, {found.gallery.encoded} new: {found.kept}")
    for item in found.gallery.skipped:
        print(f"could not be read: {item['reason']}", file=sys.stderr)
