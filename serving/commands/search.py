"""`sbir search`: the pictures that sketches show."""

import json
from pathlib import Path
from typing import Annotated

import typer


def search(
    index: Annotated[
        str, typer.Argument(metavar="INDEX", help="A folder, or milvus://HOST:PORT/NAME.")
    ],
    sketches: Annotated[
        list[Path], typer.Argument(metavar="SKETCH...", help="Drawings, or folders of them.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many pictures to find.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    sheet: Annotated[
        list[Path] | None, typer.Option(help="Write a contact sheet: .png or .html.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model, if it moved since the index was made.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many sketches, evenly spaced.")
    ] = None,
) -> None:
    """Find the pictures that sketches show."""
    from serving.search import search_files

    rows = search_files(index, sketches, k, model=model, limit=limit, sheets=sheet or [])
    if as_json:
        print(json.dumps([row.to_json() for row in rows], indent=2))
        return
    for path in sheet or []:
        print(f"contact sheet of {len(rows)} sketches: {path}")
    for row in rows if not sheet else []:
        print(row.query)
        for hit in row.hits:
            print(f"  {hit.rank:3}  {hit.distance:10.4f}  {hit.path}")
