"""What a run was trained on, so that other data are noticed before a training continues.

Of a data set on disk that is every item with its size and its part of the split: reading all
pictures would take longer than many a training. A picture that changed without changing its
size is not noticed in a folder; records know better, by their own digest.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.data.icons.archive import archive_digest
from sbir_tf.data.stores import RecordRows
from sbir_tf.errors import UserError
from sbir_tf.files import written_aside
from training.config import Data
from training.folders import Folder, class_names, folder_of
from training.run import Run

ITEMS = "data_items.json.gz"
CLASSES = "trained_classes"  # their names; a label is a place among them


@dataclass(frozen=True)
class Fingerprint:
    """What tells one state of a data set from another.

    Attributes:
        facts: "source", "digest" and, of a data set on disk, counts and the names of the classes
            that are trained on: run.json has them.
        items: Path -> [bytes, parts of the split], None of the bundled icons.
    """

    facts: dict
    items: Mapping[str, list] | None = None

    @property
    def place(self) -> str:
        return self.facts.get("root", "The archive of the bundled icons")

    def keep(self, folder: Path) -> None:
        """Write the items into a run's folder."""
        if self.items is not None:
            with written_aside(folder / ITEMS) as aside:
                aside.write_bytes(gzip.compress(as_text(self.items).encode(), mtime=0))


def fingerprint_of(data: Data) -> Fingerprint:
    """The fingerprint of what a configuration trains on.

    Raises:
        UserError: If the data set cannot be trained on.
    """
    if data.source == "icons":
        return Fingerprint({"source": "icons", "digest": archive_digest()})
    folder = folder_of(data)
    items = items_of(folder)
    facts = {"source": data.source, "root": data.root, "items": len(items)}
    facts["classes"] = len({item.class_name for item in folder.items.values()})
    facts[CLASSES] = list(class_names(folder.part("train")))
    text = as_text(items)
    if isinstance(folder.stores[0], RecordRows):
        facts["manifest"] = folder.stores[0].records.manifest["digest"]
        text += facts["manifest"]
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return Fingerprint(facts | {"digest": digest}, items)


def items_of(folder: Folder) -> dict[str, list]:
    """Path -> [bytes, parts], sorted."""
    parts = {path: [] for path in folder.items}
    for name, paths in folder.split.parts.items():
        for path in paths:
            parts[path].append(name)
    sizes = sizes_of(folder)
    return {path: [sizes[path], " ".join(sorted(parts[path]))] for path in sorted(parts)}


def sizes_of(folder: Folder) -> dict[str, int]:
    """Path -> bytes of the file, or of the record."""
    store = folder.stores[0]
    if isinstance(store, RecordRows):
        lengths = store.records.table["length"].to_pylist()
        return {path: lengths[row] for path, row in folder.places.items()}
    return {path: Path(place).stat().st_size for path, place in folder.places.items()}


def as_text(items: Mapping[str, list]) -> str:
    return json.dumps(items, sort_keys=True)


def accept_or_refuse(run: Run, now: Fingerprint, accept: bool | None = False) -> None:
    """Let a run go on from its checkpoints only with the data that they come from.

    Args:
        run: The run; one without checkpoints takes the data as they are now.
        now: Of the data set as it is.
        accept: Go on with changed data, and say so in run.json. None: no, and don't offer it.

    Raises:
        UserError: If the data changed, saying in what; however it is accepted, if the classes did.
    """
    facts = run.facts()
    before = facts.get("data", now.facts)  # a run from before they were noted has none
    changed = before["digest"] != now.facts["digest"]
    if changed and run.checkpoints.exists():
        if not accept:
            raise UserError(
                f"{now.place} changed since {run.folder} began: {told(run, before, now)}. Bring "
                "it back, name another folder with --to to train anew"
                + ("" if accept is None else ", or go on with the changed data by --accept-data")
            )
        refuse_other_classes(run, before, now)
        run.note(data_before=[*facts.get("data_before", []), before])
    if changed or "data" not in facts:
        run.note(data=now.facts)
    if changed or not (run.folder / ITEMS).exists():
        now.keep(run.folder)


def refuse_other_classes(run: Run, before: dict, now: Fingerprint) -> None:
    """Refuse other classes than a run's labels mean."""
    names = before.get(CLASSES), now.facts.get(CLASSES)
    if None in names or names[0] == names[1]:  # a run from before they were noted has none
        return
    added, removed = (sorted(set(a) - set(b)) for a, b in (names[::-1], names))
    groups = {"added": added, "removed": removed}
    changes = ", ".join(f"{len(of)} {what} ({shown(of)})" for what, of in groups.items() if of)
    raise UserError(
        f"The classes in {now.place} changed since {run.folder} began: {changes}. It cannot go on "
        "with them: bring them back, or name another folder with --to to train anew"
    )


def refuse_another_cut(run: Run) -> None:
    """Refuse to measure by data that are cut otherwise than those that a run was trained on.

    Pictures that were added since move others between the parts: what is the test now may have
    been trained on.

    Raises:
        UserError: Saying what changed.
    """
    before = run.facts().get("data")
    if run.config.data.source == "icons" or not before:
        return
    now = fingerprint_of(run.config.data)
    kept = kept_items(run.folder)
    if before["digest"] == now.facts["digest"] or (kept and parts_of(kept) == parts_of(now.items)):
        return
    raise UserError(
        f"{now.place} changed since {run.folder} was trained: {told(run, before, now)}. What its "
        "parts hold now may have been trained on: bring it back, or train anew in another folder"
    )


def parts_of(items: Mapping[str, list]) -> dict[str, str]:
    """Path -> parts of the split."""
    return {path: parts for path, (_, parts) in items.items()}


def told(run: Run, before: dict, now: Fingerprint) -> str:
    """What changed, as far as it is known."""
    return changes_between(kept_items(run.folder), now.items) or (
        f"its digest was {before['digest'][:12]}, it is {now.facts['digest'][:12]}"
    )


def kept_items(run_folder: Path) -> dict[str, list] | None:
    """The items that a run began with, None if that is not known."""
    try:
        return json.loads(gzip.decompress((run_folder / ITEMS).read_bytes()))
    except (OSError, EOFError, ValueError):
        return None


def changes_between(before: Mapping | None, now: Mapping | None) -> str:
    """What changed, in words; nothing if that is not known."""
    if before is None or now is None:
        return ""
    both = [path for path in now if path in before]
    groups = {
        "added": [path for path in now if path not in before],
        "removed": [path for path in before if path not in now],
        "of another size": [path for path in both if before[path][0] != now[path][0]],
        "in another part of the split": [p for p in both if before[p][1] != now[p][1]],
    }
    told = [f"{len(paths)} {what} ({shown(paths)})" for what, paths in groups.items() if paths]
    return ", ".join(told)


def shown(paths: list[str], most: int = 2) -> str:
    return ", ".join(sorted(paths)[:most]) + (", ..." if len(paths) > most else "")
