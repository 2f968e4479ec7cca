"""One cell of a comparison: a training and its scores, in a process of its own.

    python -m training.compare.cell FOLDER PART < config.json

What ends a training for good, such as a collapse, is a result too: it is kept in scores.json. A
classical method is fitted instead of trained: its values are those of a `Plan`. Costs are seconds
of the processor, all threads together, which a busy machine does not stretch as it does those of
the clock.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from training.run import Run, write_json

SCORES = "scores.json"
PLAN = "plan.json"
DISTANCES = ("euclidean", "cosine")
HAMMING = ("hamming",)


@dataclass(frozen=True)
class Scores:
    """What a cell reached under one distance.

    Attributes:
        map_all, hit_at_10: Means over the queries.
        per_query_ap: AP of each query.
        precision_at_10: The mean; cells of before it was kept have none.
    """

    map_all: float
    hit_at_10: float
    per_query_ap: tuple[float, ...]
    precision_at_10: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: scores by distance, or why there are none.

    Attributes:
        scores: Distance -> `Scores`.
        failure: The message of the training that ended early, or None.
        facts: Of the run: margin, seconds, weights, queries, gallery, chance; what it costs:
            fit_seconds, encode_ms and bytes of a picture.
    """

    scores: dict[str, Scores]
    failure: str | None
    facts: dict


def outcome_of(folder: Path) -> Outcome | None:
    """What a cell's folder holds, None while it is not finished."""
    path = folder / SCORES
    if not path.exists():
        return None
    values = json.loads(path.read_text())
    scores = {
        distance: Scores(**row | {"per_query_ap": tuple(row["per_query_ap"])})
        for distance, row in values["scores"].items()
    }
    return Outcome(scores, values["failure"], values["facts"])


def work(folder: Path, values: dict, part: str) -> None:
    """Train or fit what these JSON values say in a folder, score it, keep scores.json."""
    outcome = fit_plan if "method" in values else train_config
    write_json(folder / SCORES, outcome(folder, values, part))


def fit_plan(folder: Path, values: dict, part: str) -> dict:
    """Outcome of a classical method, as JSON values."""
    from training.baselines.material import learning_material
    from training.baselines.plan import plan_from_json
    from training.pictures import held_out

    plan = plan_from_json(values)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / PLAN, plan.to_json())
    material = learning_material(plan.data) if plan.baseline.learns else ((), ())
    items = held_out(plan.data, part)
    encode, seconds = timed(lambda: plan.baseline.fit(*material, plan.seed))
    distances = HAMMING if plan.baseline.binary else DISTANCES
    scores, facts = measured(encode, *items, distances)
    return {"scores": scores, "failure": None, "facts": facts | {"fit_seconds": seconds}}


def train_config(folder: Path, values: dict, part: str) -> dict:
    """Outcome of a training, as JSON values."""
    from training.config import config_from_json
    from training.guards import TrainingEnded
    from training.preemption import Preempted
    from training.train import train

    config, started = config_from_json(values), time.process_time()
    try:
        run = train(config, folder)
    except TrainingEnded as error:
        return {"scores": {}, "failure": str(error), "facts": {}}
    except Preempted as ended:
        if (folder / "run.json").exists():  # else it ended before it was a run
            note_seconds(Run(folder, config), time.process_time() - started)
        # Its own command reads the configuration from a pipe.
        sys.exit(f"{ended.what}; run `sbir compare` again to go on")
    note_seconds(run, time.process_time() - started)
    return measured_run(run, part)


def note_seconds(run: Run, seconds: float) -> None:
    """Add a session's seconds of the processor to a run's; those of a killed one are lost."""
    before = run.facts().get("processor_seconds", 0)
    run.note(processor_seconds=round(before + seconds, 1))


def measured_run(run: Run, part: str) -> dict:
    """Outcome of a complete run, as JSON values."""
    from training.evaluate import embed, trained_encoder
    from training.pictures import held_out

    encoder = trained_encoder(run)
    items = held_out(run.config.data, part)
    scores, measures = measured(lambda few: embed(encoder, few), *items)
    facts = run.facts()
    kept = {key: facts[key] for key in ("margin", "training_seconds")}
    kept |= {"fit_seconds": facts.get("processor_seconds"), "weights": encoder.count_params()}
    return {"scores": scores, "failure": None, "facts": kept | measures}


def measured(encode: Callable, queries, gallery, distances=DISTANCES) -> tuple[dict, dict]:
    """Scores under every distance, and the facts of the encoding and of the search.

    Args:
        encode: Items to their embeddings (N, D), or codes as bits.
        queries: Sketches.
        gallery: Photos; their encoding is timed, as the first call may include a compilation.
        distances: Names. Of bits, the squared Euclidean distance is the Hamming distance.
    """
    from sbir_tf.evaluation import evaluate

    left = encode(queries)
    right, seconds = timed(lambda: encode(gallery))
    scores = {}
    for distance in distances:
        rows = map(unit_rows, (left, right)) if distance == "cosine" else (left, right)
        searching, searched = rows
        result = evaluate(searching, queries.labels, searched, gallery.labels, ks=(10,))
        scores[distance] = {
            "map_all": result.map_all,
            "hit_at_10": result.hit_at[10],
            "per_query_ap": result.per_query_ap.tolist(),
            "precision_at_10": result.precision_at[10],
        }
    size = right.shape[1] // 8 if distances == HAMMING else 4 * right.shape[1]  # kept as float32
    facts = {"chance": result.chance.map_all, "queries": result.queries}
    facts |= {"gallery": result.gallery, "bytes": size}
    return scores, facts | {"encode_ms": 1000 * seconds / len(gallery)}


def timed(call: Callable) -> tuple:
    """What a call returns, and its seconds of the processor."""
    started = time.process_time()
    return call(), time.process_time() - started


def unit_rows(embeddings):
    """Rows of norm 1: squared Euclidean distance then ranks as the cosine does."""
    import numpy as np

    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


if __name__ == "__main__":
    work(Path(sys.argv[1]), json.load(sys.stdin), sys.argv[2])
