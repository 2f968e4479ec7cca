"""An evaluation's folder, as `sbir evaluate` writes it, of embeddings that are drawn."""

import io
import json

import numpy as np
from PIL import Image

from sbir_tf.evaluation import rank
from sbir_tf.report import rows_to_show

NAMES = ("ant", "bee & <b>co</b>", "cat", "dog")
SIZES = {"queries": 24, "gallery": 40}


def drawn(seed=0, spread=0.6, dimension=8):
    """Embeddings around one centre a class, and their labels."""
    rng = np.random.default_rng(seed)
    centers = 3 * np.random.default_rng(99).normal(size=(len(NAMES), dimension))
    labels = {side: np.arange(count) % len(NAMES) for side, count in SIZES.items()}
    points = {
        side: (centers[of] + spread * 3 * rng.normal(size=(len(of), dimension))).astype(np.float32)
        for side, of in labels.items()
    }
    return centers.astype(np.float32), points, labels


def jpeg(rng):
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (12, 12, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def thumbs_of(rankings):
    rng = np.random.default_rng(5)
    chosen = rows_to_show(rankings)
    files = [jpeg(rng) for rows in chosen for _ in rows]
    return {
        "kind": np.repeat(np.array([0, 1], np.uint8), [len(rows) for rows in chosen]),
        "row": np.concatenate(chosen).astype(np.int32),
        "offsets": np.cumsum([0, *map(len, files)]),
        "bytes": np.frombuffer(b"".join(files), np.uint8),
    }


def gates():
    quartiles = np.array([[0.05, 0.1, 0.2], [0.0, 0.02, 0.1]], np.float32)
    return {
        "stage": np.array([1, 2], np.int32),
        "gate": np.array(["a", "b"]),
        "difference": np.array([0.1, 0.05], np.float32),
        "difference_quartiles": quartiles,
        "of_the_bit": np.array([0.02, np.nan], np.float32),
        "of_the_bit_quartiles": quartiles,
        "pictures": np.array([24, 40], np.int32),
    }


def write_evaluation(folder, seed=0, spread=0.6, name="made_up", centers=True, instances=False):
    """Write one; its folder."""
    folder.mkdir(parents=True)
    of_classes, points, labels = drawn(seed, spread)
    sides = (points["queries"], labels["queries"], points["gallery"], labels["gallery"])
    rankings = rank(*sides, class_names=NAMES)
    rankings.save(folder / "rankings.real.npz")
    arrays = points | {"query_labels": labels["queries"], "gallery_labels": labels["gallery"]}
    if centers:
        arrays |= {"centers": of_classes, "center_classes": np.array(NAMES)}
    np.savez(folder / "embeddings.npz", **arrays)
    np.savez(folder / "thumbs.npz", **thumbs_of(rankings))
    np.savez(folder / "gates.npz", **gates())
    metrics = json.loads(rankings.result((5, 10)).to_json())
    conventions = {"AP": "exact", "headline": ["mAP@all", "P@10"]}
    facts = {
        "format": 1,
        "name": "plain",
        "model": {"name": name, "margin": 4.0},
        "protocol": {
            "name": "plain",
            "title": "made up",
            "seen": "seen in training: nothing",
            "conventions": conventions,
            "contradictions": ["the queries <i>were</i> trained on"],
            "instances": instances,
        },
        "settings": {"convention": "exact", "ties": "expected", "ks": [5, 10]},
        "rows": [
            {"name": "real", "bytes": 32, "rankings": "rankings.real.npz", "metrics": metrics}
        ],
        "excluded_queries": 0,
        "command": "sbir evaluate made_up",
    }
    (folder / "result.json").write_text(json.dumps(facts))
    return folder
