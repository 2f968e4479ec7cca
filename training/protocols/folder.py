"""The folder of an evaluation: what reports are made of, without the model and the data.

result.json            everything needed to repeat it, and every figure
rankings.ROW.npz       `sbir_tf.evaluation.Rankings`, to be scored again by any convention
embeddings.npz         queries, gallery (N, D) float32; query_labels, gallery_labels, as the
                       rankings have them; query_rows, gallery_rows, where they stand in the
                       rankings: beyond 20,000 pictures it is a drawn sample; centers (K, D) with
                       center_classes, of a run that was trained with class centres
thumbs.npz             see `training.protocols.thumbs`
gates.npz              see `training.protocols.gates`, of a network with channel gates

It is written aside and renamed as a whole.
"""

import datetime
import json
import os
import platform
import shutil
import sys
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.files import sweep, written_aside
from training import pictures
from training.codes.material import class_centers
from training.evaluate import note_result
from training.explain.subsets import drawn
from training.fingerprint import CLASSES
from training.protocols.asked import ICONS
from training.protocols.evaluation import Evaluation, Question
from training.protocols.gates import gate_arrays
from training.protocols.rows import Row
from training.protocols.thumbs import thumb_arrays
from training.provenance import command_line, git_revision, versions
from training.run import unwritable, write_json

FORMAT = 1
RESULT = "result.json"
# Of an older evaluation, whose page is of it alone.
OURS = (RESULT, "rankings.*.npz", "embeddings.npz", "thumbs.npz", "gates.npz", "report.html")
CUT = (
    *("layout", "variant", "class_map", "test_sketches", "test_photos", "split_seed"),
    "test_resize",
)
MOST = 20_000  # embeddings of both sides together
SEED = 0  # of what is drawn from them, and of the pictures that gates are shown


def place_for(question: Question, to: Path | None = None) -> Path:
    """Where an evaluation is written: what is there already may only be the same one, older.

    Raises:
        UserError: If the place holds something else, or an evaluation that asks something else.
    """
    folder = to or question.model.place(question.name)
    if before := check_place(folder):
        there, here = asked_in(before), asked_in(question_values(question))
        if to is None:  # among the model's own, which may have been moved with it
            here["model"] = there["model"]
        if others := [name for name in here if there[name] != here[name]]:
            name = others[0]
            raise UserError(
                f"{folder} holds another evaluation, whose {name} is {there[name]}: name another "
                f"folder with --to, or remove this one. Received: {here[name]}"
            )
    return folder


def check_place(folder: Path | None) -> dict | None:
    """Refuse a place that holds something else; what it says, of an evaluation.

    Raises:
        UserError: Naming the place.
    """
    if folder is None or not folder.exists():
        return None
    before = result_in(folder)
    if before is None and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"{folder} exists and is no evaluation: name another folder with --to")
    return before


def asked_in(result: dict) -> dict:
    """What two evaluations share of which one may take the other's place."""
    data, protocol, settings = result["data"], result["protocol"], result["settings"]
    place = data["root"] and str(Path(data["root"]).resolve())
    named = {
        "protocol": protocol["name"],
        "part": protocol["part"],
        "data": place or data["source"],
        "model": str(Path(result["model"]["path"]).resolve()),
        "split": data["split"],
    }
    names = ("flip", "convention", "ties", *CUT)
    return named | {name.replace("_", " "): settings.get(name) for name in names}


def result_in(folder: Path) -> dict | None:
    """What result.json says in a folder; None if it is no evaluation's."""
    try:
        values = json.loads((folder / RESULT).read_text())
        return values if asked_in(values) and values["format"] <= FORMAT else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_evaluation(evaluation: Evaluation, to: Path | None = None) -> Path:
    """Write an evaluation's folder, aside, then in one rename.

    Args:
        evaluation: What to write.
        to: The folder; None: among the model's own evaluations.

    Returns:
        The folder.

    Raises:
        UserError: As `place_for`.
    """
    folder = place_for(evaluation, to)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    sweep(folder.parent)
    with written_aside(folder, replace=True) as aside:
        aside.mkdir()
        for row in evaluation.rows:
            row.rankings.save(aside / row.file)
        np.savez(aside / "embeddings.npz", **embedding_arrays(evaluation))
        ranked, material = evaluation.rows[0].rankings, evaluation.material
        np.savez(aside / "thumbs.npz", **thumb_arrays(ranked, material))
        if gates := gate_arrays(evaluation.model.network(), material, SEED):
            np.savez(aside / "gates.npz", **gates)
        write_json(aside / RESULT, result_of(evaluation))
        if folder.exists():
            keep_others_files(folder, aside)
    note_own(evaluation)
    return folder


def keep_others_files(before: Path, aside: Path) -> None:
    """Take what is not of an older evaluation, such as a user's notes, over into the new one."""
    for entry in before.iterdir():
        if entry.is_dir():
            shutil.copytree(entry, aside / entry.name)
        elif not any(entry.match(pattern) for pattern in OURS):
            shutil.copy2(entry, aside / entry.name)


def note_own(evaluation: Evaluation) -> None:
    """Write a run's evaluation.json, which its model card and `sbir runs` read."""
    asked, run = evaluation.asked, evaluation.model.run
    if run and asked.all_own and (asked.convention, asked.ties) == ("exact", "expected"):
        note_result(run, evaluation.rows[0].result, asked.part, evaluation.flip)


def result_of(evaluation: Evaluation) -> dict:
    """The values of result.json."""
    return {
        "format": FORMAT,
        **question_values(evaluation),
        "rows": [row_values(row) for row in evaluation.rows],
        "excluded_queries": evaluation.excluded,
        "remarks": evaluation.remarks,
        "command": command_line(sys.argv),
        "environment": environment(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def question_values(question: Question) -> dict:
    """Those that were known before a picture was encoded."""
    material, asked = question.material, question.asked
    config = question.model.config
    return {
        "name": question.name,
        "model": question.model.to_json(),
        "data": material.facts(),
        "protocol": {
            "name": material.protocol.name,
            "title": material.protocol.title,
            "conventions": question.conventions(),
            "seen": question.seen.line,
            "contradictions": list(question.seen.contradictions),
            "note": question.seen.note,
            "part": material.part,
            "instances": material.protocol.instances,
        },
        "settings": {
            "flip": question.flip,
            "convention": asked.convention,
            "ties": asked.ties,
            "ks": sorted({*material.protocol.ks, *asked.ks}),
            "seed": config.seed if config else None,
            "size": question.model.size,
            **cut_of(question),
        },
    }


def cut_of(question: Question) -> dict:
    """How the data was read and cut, beside the split's name."""
    data = question.material.data
    return {} if data.source == ICONS else {name: getattr(data, name) for name in CUT}


def row_values(row: Row) -> dict:
    """One row of result.json."""
    metrics = json.loads(row.result.to_json())
    metrics |= {"own_class": row.own_class} if row.own_class else {}
    return {"name": row.name, "bytes": row.bytes, "rankings": row.file, "metrics": metrics}


def environment() -> dict:
    """The machine and the packages."""
    machine = {"platform": platform.platform(), "cores": os.cpu_count()}
    return {"revision": git_revision(), "versions": versions(), **machine}


def embedding_arrays(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """The arrays of embeddings.npz."""
    views, ranked = evaluation.views, evaluation.rows[0].rankings
    queries, gallery = views.queries[0], views.gallery[0]
    rows = sampled(len(queries), len(gallery))
    return {
        "queries": queries[rows[0]].astype(np.float32),
        "gallery": gallery[rows[1]].astype(np.float32),
        "query_labels": ranked.query_labels[rows[0]],
        "gallery_labels": ranked.gallery_labels[rows[1]],
        "query_rows": rows[0].astype(np.int32),
        "gallery_rows": rows[1].astype(np.int32),
        **center_arrays(evaluation),
    }


def sampled(queries: int, gallery: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that are kept of each side: all, or a drawn sample of `MOST` together."""
    if queries + gallery <= MOST:
        return np.arange(queries), np.arange(gallery)
    kept = min(queries, max(MOST // 2, MOST - gallery))
    return drawn(queries, kept, SEED), drawn(gallery, MOST - kept, SEED + 1)


def center_arrays(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """The class centres that a run was trained with, and the names of their classes."""
    run = evaluation.model.run
    if run is None:
        return {}
    try:
        centers = class_centers(run)
    except UserError:  # its loss has none
        return {}
    names = trained_names(evaluation)
    if names is None or len(names) != len(centers):
        return {}
    return {"centers": centers.astype(np.float32), "center_classes": np.array(names)}


def trained_names(evaluation: Evaluation) -> tuple[str, ...] | None:
    """The names of the classes that a run was trained on, in the order of its labels."""
    run = evaluation.model.run
    data = run.config.data
    if data.source != ICONS:
        names = run.facts().get("data", {}).get(CLASSES)
        return None if names is None else tuple(names)
    return tuple(sorted({icon.class_name for icon in pictures.trained_icons(data)}))
