"""What codes cost: their metrics beside those of the real-valued embeddings."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sbir_tf.codes import BinaryCodes, load_codes
from sbir_tf.errors import UserError
from sbir_tf.evaluation import Result, evaluate
from training.codes.material import weights_of
from training.evaluate import CUTS, check_part, embed_views, trained_encoder
from training.run import Run, write_json
from training.sources import held_out, note_of


@dataclass(frozen=True)
class Row:
    """One line of the report.

    Attributes:
        name: "real", "real, mean" or a file's METHOD-BITS.
        bytes: Of a picture.
        result: Its metrics.
    """

    name: str
    bytes: int
    result: Result


def evaluate_codes(
    run: Run, part: str = "test", folder: Path | None = None, progress=None
) -> list[Row]:
    """Metrics of the real-valued embeddings and of every file of codes; writes a report.

    Codes are ranked by Hamming distance; ties, of which there are many, count as the expected
    value over all orders.

    Args:
        run: A complete run.
        part: "test", or "validation" for a run that did not train on it.
        folder: Of the codes [RUN/codes]; the report, evaluation.json, is written there.
        progress: Shows the progress of the encoding.

    Returns:
        The embeddings as they are ("real"), the means with their mirror images' that codes are
        made of ("real, mean"), and each file's codes.

    Raises:
        UserError: If there are no codes, a file is damaged or of another run, or the part
            cannot be evaluated.
    """
    check_part(run, part)
    folder = folder or run.folder / "codes"
    codes = codes_in(folder, run)
    encoder = trained_encoder(run)
    both = held_out(run.config.data, part, progress)
    views = [embed_views(encoder, items, progress, flip=True) for items in both]
    labels = [items.labels for items in both]
    means = [np.mean(view, axis=0) for view in views]

    def row(name, size, queries, gallery):
        return Row(name, size, evaluate(queries, labels[0], gallery, labels[1], ks=CUTS))

    real_bytes = means[0].itemsize * means[0].shape[1]
    rows = [
        row("real", real_bytes, *(view[0] for view in views)),
        row("real, mean", real_bytes, *means),
    ]
    for name, map_ in codes.items():
        rows.append(
            row(name, map_.size // 8, *(map_.bits(mean).astype(np.uint8) for mean in means))
        )
    write_json(folder / report_name(part), as_json(run, part, rows))
    return rows


def as_json(run: Run, part: str, rows: list[Row]) -> dict:
    """The report as JSON values, without the single queries' numbers."""
    data = run.config.data
    facts = {"config": run.config.name, "split": data.split, "part": part, "seed": run.config.seed}
    note = note_of(data, part)
    facts |= {"note": note} if note else {}
    results = []
    for row in rows:
        values = json.loads(row.result.to_json())
        del values["per_query_ap"]
        results.append({"code": row.name, "bytes": row.bytes} | values)
    return facts | {"results": results}


def report_name(part: str) -> str:
    return "evaluation.json" if part == "test" else f"evaluation.{part}.json"


def codes_in(folder: Path, run: Run) -> dict[str, BinaryCodes]:
    """The codes in a folder by name, which must all be of this run."""
    digest, found = weights_of(run), {}
    for path in sorted(folder.glob("*.npz")):
        codes, facts = load_codes(path)
        if facts["weights"] != digest:
            raise UserError(
                f"{path} codes another model's embeddings (weights {facts['weights'][:12]}, here "
                f"{digest[:12]}): fit it again with `sbir codes fit {run.folder}`"
            )
        found[path.stem] = codes
    if not found:
        raise UserError(f"{folder} holds no codes: `sbir codes fit {run.folder}` writes them")
    return dict(sorted(found.items(), key=lambda item: (item[1].method, item[1].size)))
