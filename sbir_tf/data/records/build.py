"""Builds records: plans the shards, lets Beam write them, and completes the folder."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sbir_tf.data.layouts.layout import Item, Layout
from sbir_tf.data.records import storage
from sbir_tf.data.records.earlier import (
    check_folder,
    complete_already,
    discard,
    remove_shards,
)
from sbir_tf.data.records.finishing import finish, versions, write_json
from sbir_tf.data.records.making import Recipe
from sbir_tf.data.records.naming import BUILD, FORMAT, PLAN, SPLIT
from sbir_tf.data.records.options import pipeline_options as beam_options
from sbir_tf.data.records.pipeline import WriteShard, new_pipeline
from sbir_tf.data.records.plan import Group, Row, class_names_of, fingerprint, grouped, rows_of
from sbir_tf.data.records.running import run
from sbir_tf.data.splits import Split, check_split
from sbir_tf.data.splits.files import encoded as encoded_split
from sbir_tf.errors import UserError

SHARD_SIZE = 1024  # pictures: 10 to 50 MB, and what an interrupted build does anew
_FEW = 256  # pictures for which starting processes takes longer than it saves
_SIZES = (8, 4096)


@dataclass(frozen=True)
class Built:
    """What a build did.

    Attributes:
        folder: Of the records.
        manifest: What they are.
        new: Whether anything was built; False where the folder held the same already.
    """

    folder: str
    manifest: dict[str, Any]
    new: bool


def build_records(
    root: Path | str,
    items: Sequence[Item],
    to: Path | str,
    split: Split | None = None,
    size: int = 256,
    runner: str = "direct",
    layout: Layout | None = None,
    variant: str | None = None,
    swap_red_blue: bool | None = None,
    shard_size: int = SHARD_SIZE,
    jobs: int | None = None,
    pipeline_options: Sequence[str] = (),
    left_out: Iterable[tuple[str, str]] = (),
    force: bool = False,
    progress: Callable = lambda iterable, description, total: iterable,
) -> Built:
    """Build the records of a data set, or continue where an earlier build was interrupted.

    Every picture is read upright on white, made small (its shorter side becomes `size`, never
    enlarged) and encoded anew: PNG for sketches and grey pictures, JPEG for photos. Pictures
    that cannot be read are listed in `skipped.jsonl`. The same pictures, settings and packages
    give the same bytes, whatever the runner, the jobs and the interruptions.

    Args:
        root: The data set's folder. On a cluster, every worker must see it under this name.
        items: Its pictures.
        to: The records' folder: missing, empty, or of an earlier build; or a bucket's, such as
            gs://bucket/records.
        split: Whose parts are written into the records.
        size: Of the shorter side of a record's picture.
        runner: "direct", "flink", "spark" or "dataflow".
        layout: Of the data set, for instances and swapped colours.
        variant: Of the layout.
        swap_red_blue: Whether the photos' red and blue are swapped in their files; None asks the
            layout.
        shard_size: Pictures of a shard.
        jobs: Processes that read pictures, with the direct runner; None takes one a core.
        pipeline_options: Of Beam, as "key=value" or "key".
        left_out: Pairs of a path and a reason, to be listed with the skipped pictures.
        force: Whether to discard what an earlier build with other settings or data left in `to`.
        progress: A callable `progress(iterable, description, total)`.

    Returns:
        What was built.

    Raises:
        UserError: If `to` holds something else, a split is of other data, an argument is out of
            range, not one picture can be read, or a file cannot be written.
    """
    root, to = Path(root).absolute(), absolute(str(to))
    _check(size, shard_size, jobs)
    options = beam_options(runner, pipeline_options)
    if split is not None:
        check_split(split, items)
    swap = bool(layout and layout.swap_red_blue) if swap_red_blue is None else swap_red_blue
    rows = rows_of(items, layout, split)
    settings = {
        "size": size,
        "shard_size": shard_size,
        "layout": layout.name if layout else "",
        "variant": variant or "",
        "swap_red_blue": swap,
        "split": split.name if split else "",
    }
    left_out = sorted(left_out)
    groups, inputs = grouped(root, rows, shard_size, [settings, versions()])
    keys = [*(row.key for row in rows), *(path for path, _ in left_out)]
    made_from = {"format": FORMAT, "settings": settings, "inputs": fingerprint(inputs, left_out)}
    with new_pipeline(options) as pipeline, storage.locked(to):
        check_folder(to)
        if force:
            discard(to)
        elif manifest := complete_already(to, made_from, keys):
            return Built(to, manifest, new=False)
        places = _prepare(to, made_from, split, groups)
        write = WriteShard(to, Recipe(str(root), size, swap))
        run(pipeline, write, places, runner, jobs or _usual_jobs(rows), progress, len(rows))
        about = {"root": root.name, "settings": settings, "split": _named(split)}
        manifest = finish(to, groups, class_names_of(items), about, left_out)
        return Built(to, manifest, new=True)


def _prepare(
    to: str, made_from: dict[str, Any], split: Split | None, groups: Sequence[Group]
) -> list[tuple[int, int, int]]:
    """Write what a build needs before its shards; the groups' places in the plan."""
    write_json(to, BUILD, made_from)
    storage.remove_leftovers(to)
    remove_shards(to, but={group.shard for group in groups})
    storage.remove(to, SPLIT)
    if split is not None:
        with storage.whole(to, SPLIT) as file:
            file.write(encoded_split(split, Path(SPLIT)))
    places, offset = [], 0
    with storage.whole(to, PLAN) as file:
        for number, group in enumerate(groups):
            line = group.to_json()
            file.write(line)
            places.append((number, offset, len(line)))
            offset += len(line)
    return places


def absolute(folder: str) -> str:
    """A folder that means the same from anywhere."""
    return str(Path(folder).absolute()) if storage.is_local(folder) else folder


def _check(size: int, shard_size: int, jobs: int | None) -> None:
    low, high = _SIZES
    if not low <= size <= high:
        raise UserError(f"`size` must be from {low} to {high} pixels. Received: size={size}")
    for name, value in (("shard_size", shard_size), ("jobs", 1 if jobs is None else jobs)):
        if value < 1:
            raise UserError(f"`{name}` must be at least 1. Received: {name}={value}")


def _usual_jobs(rows: Sequence[Row]) -> int:
    return 1 if len(rows) < _FEW else os.cpu_count() or 1


def _named(split: Split | None) -> dict[str, str] | None:
    return {"name": split.name, "note": split.note} if split else None
