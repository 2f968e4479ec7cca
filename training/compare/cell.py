"""One cell of a comparison: a training and its scores, in a process of its own.

    python -m training.compare.cell FOLDER PART < config.json

What ends a training for good, such as a collapse, is a result too: it is kept in scores.json.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from training.run import write_json

SCORES = "scores.json"
DISTANCES = ("euclidean", "cosine")


@dataclass(frozen=True)
class Scores:
    """What a cell reached under one distance.

    Attributes:
        map_all, hit_at_10: Means over the queries.
        per_query_ap: AP of each query.
    """

    map_all: float
    hit_at_10: float
    per_query_ap: tuple[float, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: scores by distance, or why there are none.

    Attributes:
        scores: Distance -> `Scores`.
        failure: The message of the training that ended early, or None.
        facts: Of the run: margin, seconds, weights, queries, gallery, chance.
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
        distance: Scores(row["map_all"], row["hit_at_10"], tuple(row["per_query_ap"]))
        for distance, row in values["scores"].items()
    }
    return Outcome(scores, values["failure"], values["facts"])


def work(folder: Path, values: dict, part: str) -> None:
    """Train the configuration of these JSON values in a folder, score it, keep scores.json."""
    from training.config import config_from_json
    from training.guards import TrainingEnded
    from training.preemption import Preempted
    from training.train import train

    try:
        run = train(config_from_json(values), folder)
    except TrainingEnded as error:
        write_json(folder / SCORES, {"scores": {}, "failure": str(error), "facts": {}})
        return
    except Preempted as ended:
        # Its own command reads the configuration from a pipe.
        sys.exit(f"{ended.what}; run `sbir compare` again to go on")
    write_json(folder / SCORES, measured(run, part))


def measured(run, part: str) -> dict:
    """Scores of a complete run under every distance."""
    from sbir_tf.evaluation import evaluate
    from training.evaluate import embed, trained_encoder
    from training.pictures import held_out

    encoder = trained_encoder(run)
    queries, gallery = held_out(run.config.data, part)
    embeddings = embed(encoder, queries), embed(encoder, gallery)
    scores = {}
    for distance in DISTANCES:
        left, right = embeddings if distance == "euclidean" else map(unit_rows, embeddings)
        result = evaluate(left, queries.labels, right, gallery.labels, ks=(10,))
        scores[distance] = {
            "map_all": result.map_all,
            "hit_at_10": result.hit_at[10],
            "per_query_ap": result.per_query_ap.tolist(),
        }
    facts = run.facts()
    kept = {key: facts[key] for key in ("margin", "training_seconds")}
    kept |= {"weights": encoder.count_params(), "chance": result.chance.map_all}
    kept |= {"queries": result.queries, "gallery": result.gallery}
    return {"scores": scores, "failure": None, "facts": kept}


def unit_rows(embeddings):
    """Rows of norm 1: squared Euclidean distance then ranks as the cosine does."""
    import numpy as np

    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)


if __name__ == "__main__":
    work(Path(sys.argv[1]), json.load(sys.stdin), sys.argv[2])
