"""The check before a training: mistakes in the data are cheaper to find than to train on."""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from sbir_tf.data.layouts import LAYOUTS
from sbir_tf.data.splits import Split
from sbir_tf.errors import UserError
from training.config import Config, Data
from training.folders import folder_of, listing_of
from training.run import existing_run, write_json

CACHE = Path("data/cache/validation")
# Of the checks: a higher number validates again what an older one had passed.
CHECKS = 2


def check_before_training(
    config: Config, folder: Path, progress: Callable[..., Iterable] | None = None
) -> tuple[str, ...]:
    """Validate what a configuration would be trained on, unless that is done already.

    The bundled icons and complete runs need no check. The result is kept beside the caches, with
    the statistics page, under a name made of the data's content: what has not changed is
    validated once, however often a training is started or continued.

    Args:
        config: What to train.
        folder: The run's folder.
        progress: As `sbir_tf.console.bar`.

    Returns:
        Lines to show: the warnings, when they are new.

    Raises:
        UserError: If there are errors, naming the first, how many, and the page; and as `train`
            does, if the folder holds something else or the data cannot be cut as it says.
    """
    if config.data.source == "icons":
        return ()
    run = existing_run(folder, config)
    if run and run.complete:
        return ()
    split = folder_of(config.data).split
    if config.data.source == "records":
        result, page, new = _records(config.data, split, progress)
    else:
        result, page, new = _folder(config.data, split, progress)
    _refuse(config.data, result, page)
    warnings = [f"warning: {one['message']} [{one['code']}]" for one in result["anomalies"]]
    return (*warnings, f"statistics: {page}") if new and warnings else ()


def _records(data: Data, split: Split, progress) -> tuple[dict, Path, bool]:
    from sbir_tf.data.records import open_records
    from sbir_tf.data.validation.sources import from_records

    records = open_records(data.root)
    states = [(shard.name, shard.stat().st_mtime_ns) for shard in records.shards]
    key = _key(records.manifest["digest"], states, split)
    return _kept(key, lambda: from_records(data.root, split, progress))


def _folder(data: Data, split: Split, progress) -> tuple[dict, Path, bool]:
    from sbir_tf.data.survey import CACHE as SURVEYS
    from sbir_tf.data.validation.sources import from_listing

    # Quick where nothing changed: a survey remembers what it read.
    options = {"layout": LAYOUTS[data.layout], "cache": SURVEYS, "to_train": True}
    source = from_listing(listing_of(data), split, progress, **options)
    key = _key(_content(source.table), source.found, str(data.root), split)
    return _kept(key, lambda: source)


def _kept(key: str, open_source: Callable) -> tuple[dict, Path, bool]:
    """A validation's result as JSON, the page about it, and whether it is new.

    Errors are not kept: what is mended may look as it did, as a shard restored with its date.
    """
    page = CACHE / f"{key}.html"
    file = page.with_suffix(".json")
    if file.exists() and page.exists():
        return json.loads(file.read_text()), page, False
    from sbir_tf.data.validation.page import write_page

    source = open_source()
    report = source.validate()
    write_page(report, source.table, page, source.name, source.read)
    if report.ok:
        write_json(file, report.to_json())
    return report.to_json(), page, True


def _refuse(data: Data, result: dict, page: Path) -> None:
    if result["ok"]:
        return
    first, count = result["anomalies"][0], result["errors"]
    more = f" There {'is 1 more error' if count == 2 else f'are {count - 1} more errors'}."
    raise UserError(
        f"data.root={data.root} has errors: {first['message']}.{more if count > 1 else ''} All of "
        f"them: {page}; train all the same with --skip-validation"
    )


def _key(*what) -> str:
    text = "\n".join(map(repr, (CHECKS, *what)))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:24]


def _content(table: pa.Table) -> str:
    """SHA-256 of a table's columns, whatever their chunks."""
    digest = hashlib.sha256()
    for name in table.column_names:
        digest.update(repr(table[name].to_pylist()).encode(errors="surrogateescape"))
    return digest.hexdigest()
