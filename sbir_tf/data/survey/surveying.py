"""Reads every picture of a data set once, in threads."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pictures import Form
from sbir_tf.data.facts import DOMAINS, facts_table
from sbir_tf.data.layouts.layout import Item, Layout
from sbir_tf.data.survey.looking import Look, look_at, stamp_of
from sbir_tf.data.survey.memory import Memory

_AHEAD = 8  # files a thread


@dataclass(frozen=True)
class Survey:
    """What a survey found.

    Attributes:
        table: The facts, one row an item, in the items' order.
        forms: How each picture is stored, row by row; None for those that cannot be read.
    """

    table: pa.Table
    forms: tuple[Form | None, ...]


def survey(root: Path | str, items: Sequence[Item], *args, **options) -> pa.Table:
    """The facts of a data set's pictures: the table of `survey_forms`, with its arguments."""
    return survey_forms(root, items, *args, **options).table


def survey_forms(
    root: Path | str,
    items: Sequence[Item],
    progress: Callable[..., Iterable] | None = None,
    jobs: int | None = None,
    layout: Layout | None = None,
    cache: Path | None = None,
) -> Survey:
    """The facts of a data set's pictures, and how they are stored.

    The pictures are read as they are stored: where a layout has red and blue swapped, so have
    they. With a `cache`, a second survey reads only what changed, and an interrupted one
    continues. A picture that cannot be read never stops a survey.

    Args:
        root: The data set's folder.
        items: Its pictures.
        progress: As `sbir_tf.console.bar`.
        jobs: Threads; None takes one for each processor.
        layout: Who knows the instances; without it there are none.
        cache: The folder to remember in, as `CACHE`; None remembers nothing, and so does a folder
            inside the data set, which is the user's.

    Returns:
        The survey. Every item has its row, with facts or with a problem.
    """
    root = Path(root)
    label = {name: n for n, name in enumerate(sorted({item.class_name for item in items}))}
    forms = []

    def rows(looks: Iterable[Look]) -> Iterator[dict]:
        for item, look in zip(items, looks, strict=True):
            forms.append(look.form)
            yield {
                "key": item.path,
                "class": item.class_name,
                "label": label[item.class_name],
                "domain": DOMAINS[item.domain],
                "instance": layout.instance(item) if layout else "",
                **_measured(look),
            }

    with Memory(root, cache) as memory:
        looks = _looks(root, items, memory, jobs or os.cpu_count() or 1)
        shown = progress(looks, "reading pictures", len(items)) if progress else looks
        table = facts_table(rows(shown))
    return Survey(table, tuple(forms))


def _measured(look: Look) -> dict:
    if look.facts is None:
        return {"problem": look.problem}
    facts = look.facts
    return {
        "width": facts.width,
        "height": facts.height,
        "bytes": look.form.bytes,
        "digest": facts.digest,
        "ink": facts.ink,
        "colourfulness": facts.colourfulness,
    }


def _looks(root: Path, items: Sequence[Item], memory: Memory, jobs: int) -> Iterator[Look]:
    """A look at each item, in order; a few are read ahead."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque = deque()
        try:
            for item in items:
                path = root / item.path
                stamp = stamp_of(path)
                known = memory.find(item.path, stamp) if stamp else None
                waiting.append((item, stamp, known or pool.submit(look_at, path)))
                if len(waiting) > jobs * _AHEAD:
                    yield _next(waiting, memory)
            while waiting:
                yield _next(waiting, memory)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _next(waiting: deque, memory: Memory) -> Look:
    item, stamp, look = waiting.popleft()
    if isinstance(look, Look):
        return look
    found = look.result()
    if stamp:
        memory.add(item.path, stamp, found)
    return found
