"""`sbir index info`: what an index is."""

import json
from typing import Annotated

import typer


def info(
    index: Annotated[str, typer.Argument(metavar="INDEX", help="A folder, or milvus://...")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what an index holds, by which model, and how it is searched."""
    from contextlib import closing

    from serving.index import open_index

    with closing(open_index(index)) as opened:
        told = opened.info()
    if as_json:
        print(json.dumps(told.to_json(), indent=2))
        return
    size = "" if told.bytes is None else f", {told.bytes / 1e6:,.1f} MB"
    print(f"{told.place}: {told.items:,} items{size}")
    print(f"metric     {told.metric}, {told.dimension} dimensions")
    print(f"model      {told.model}")
    since = f"{told.added:,} added and {told.removed:,} removed since"
    print(f"generation {told.generation} of {told.created}; {since}")
    print(f"searcher   {told.searcher} {json.dumps(told.settings)}")
    print(f"           {told.why}")
    for name, value in told.facts.items():
        print(f"{name:10} {json.dumps(value, ensure_ascii=False)}")
