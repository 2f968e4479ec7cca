"""`sbir data build`: pictures in folders become records."""

import time
from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar
from sbir_tf.errors import UserError


def build(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A data set's folder.")],
    to: Annotated[str, typer.Option(help="The records' folder, new or of this build.")],
    split: Annotated[
        str | None, typer.Option(help="A split's file, or the name of one, such as sketchy-1.")
    ] = None,
    size: Annotated[int, typer.Option(min=8, max=4096, help="Of the shorter side, pixels.")] = 256,
    layout: Annotated[str | None, typer.Option(help="Of the folder (recognised).")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the layout: tx_*, or A,B.")] = None,
    class_map: Annotated[
        Path | None, typer.Option(help="A .csv or .json: which folder shows what.")
    ] = None,
    swap_red_blue: Annotated[
        bool | None,
        typer.Option("--swap-red-blue/--no-swap-red-blue", help="Of photos (as the layout says)."),
    ] = None,
    runner: Annotated[str, typer.Option(help="direct, flink, spark or dataflow.")] = "direct",
    pipeline_option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="For Apache Beam.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes that read pictures (one a core).")
    ] = None,
    shard_size: Annotated[int, typer.Option(min=1, help="Pictures of a shard.")] = 1024,
    force: Annotated[
        bool, typer.Option("--force", help="Discard an earlier build in the same folder.")
    ] = False,
) -> None:
    """Build a data set's records, or continue where a build was interrupted."""
    from sbir_tf.data.layouts import open_folder
    from sbir_tf.data.records.build import build_records

    began = time.monotonic()
    (root, found, variant), listing = open_folder(folder, layout, variant, class_map)
    listing.check()
    built = build_records(
        root,
        listing.items,
        to,
        split=split_of(split, listing.items, found.name, variant) if split else None,
        size=size,
        runner=runner,
        layout=found,
        variant=variant,
        swap_red_blue=swap_red_blue,
        shard_size=shard_size,
        jobs=jobs,
        pipeline_options=pipeline_option or (),
        left_out=[(problem.path, problem.reason) for problem in listing.skipped],
        force=force,
        progress=bar,
    )
    print_built(built, to, time.monotonic() - began)


def split_of(name: str, items, layout: str, variant: str | None):
    """The split of a file or a name."""
    from sbir_tf.data.splits import TooFewItems, is_split_file, make_split, read_split

    if is_split_file(name):
        return read_split(name)
    try:
        return make_split(name, items, layout=layout, variant=variant or "")
    except TooFewItems as error:
        raise UserError(
            f"{error}. That is an option of `sbir data split`: make it there, then --split FILE"
        ) from None


def print_built(built, to: str, seconds: float) -> None:
    """What was written, and what to do next."""
    counts, shards = built.manifest["counts"], built.manifest["shards"]
    size = sum(shard["bytes"] for shard in shards)
    told = f"{counts['pictures']} pictures in {len(shards)} shards, {size / 1e6:.1f} MB"
    done = f"{told}, {seconds:.0f} s" if built.new else f"complete already: {told}"
    print(f"{to}: {done}")
    if counts["skipped"]:
        print(f"{counts['skipped']} could not be read: {to}/skipped.jsonl lists them")
    if split := built.manifest["split"]:
        print(f"split {split['name']}: {split['note']}")
    print(f"check them: {check_command(to)}")


def check_command(to: str) -> str:
    """The command that checks records; it cannot reach into a bucket."""
    from sbir_tf.data.records.storage import is_local

    if is_local(to):
        return f"sbir data validate {to}"
    return "copy them to a disk, then sbir data validate COPY"
