"""What each form of a run's encoder costs, and what it finds; writes a part of a page.

    python -m benchmarks.encoding RUN [--page]

RUN was trained on the bundled icons. It is exported as a SavedModel and as TensorFlow Lite of every
kind; each encodes the test part's pictures, and one picture alone and 32 at a time, in turn, on all
cores, from pixels to embeddings, in this process.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.tables import check_section, replace_section, table
from sbir_tf.evaluation import evaluate
from sbir_tf.tflite import FOLDER, KINDS
from serving.encoders.contract import Encoder
from serving.encoders.in_process import InProcessEncoder
from serving.encoders.litert import LiteRTEncoder
from training.export import export_run
from training.machine import describe
from training.run import open_complete
from training.sources import held_out

PAGE, SECTION = Path("docs/serving_speed.md"), "encoding"
BATCH, ALONE, BATCHES, ROUNDS = 32, 40, 4, 5
HEADING = ("", "MB", "one picture, ms", "of 32, pictures a second", "mAP@all", "hit@10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--page", action="store_true", help=f"replace the section of {PAGE}")
    options = parser.parse_args()
    if options.page:
        check_section(PAGE, SECTION)
    run = open_complete(options.run)
    with tempfile.TemporaryDirectory() as folder:
        version, _ = export_run(run, Path(folder) / run.config.name, KINDS)
        encoders: dict[str, Encoder] = {"SavedModel": InProcessEncoder(version)}
        sizes = {"SavedModel": bytes_of(version / "saved_model.pb", version / "variables")}
        for kind in KINDS:
            encoders[f"LiteRT {kind}"] = LiteRTEncoder(version, kind)
            sizes[f"LiteRT {kind}"] = bytes_of(version / FOLDER / f"{kind}.tflite")
        queries, gallery = held_out(run.config.data, "test")
        scores = {name: found(encoder, queries, gallery) for name, encoder in encoders.items()}
        times = timed(encoders, list(gallery.images[:BATCH]))
    rows = [(name, f"{sizes[name] / 1e6:.1f}", *times[name], *scores[name]) for name in encoders]
    note = f"{describe('tensorflow', 'ai-edge-litert')}; {run.config.name}, pictures of "
    note += f"{run.config.data.size} px; medians of {ROUNDS} rounds in turn; {len(queries)} "
    note += f"sketches search {len(gallery)} pictures; `python -m benchmarks.encoding RUN --page`."
    text = f"{note}\n\n{table(HEADING, rows)}"
    print(text)
    if options.page:
        replace_section(PAGE, SECTION, text)


def bytes_of(*places: Path) -> int:
    files = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files)


def found(encoder: Encoder, queries, gallery) -> tuple[str, str]:
    """mAP@all and hit@10 of the test part."""
    sketches = embedded(encoder.encode, list(queries.images), "sketch")
    photos = embedded(encoder.encode, list(gallery.images), "photo")
    result = evaluate(sketches, queries.labels, photos, gallery.labels)
    return f"{result.map_all:.4f}", f"{result.hit_at[10]:.4f}"


def embedded(encode, pictures, domain: str) -> np.ndarray:
    """(B, D), encoded a batch at a time."""
    starts = range(0, len(pictures), BATCH)
    return np.concatenate([encode(pictures[at : at + BATCH], domain) for at in starts])


def timed(encoders: dict[str, Encoder], pictures: list[np.ndarray]) -> dict[str, tuple[str, str]]:
    """Milliseconds of a picture alone, and pictures a second of batches."""
    alone: dict[str, list[float]] = {name: [] for name in encoders}
    batched: dict[str, list[float]] = {name: [] for name in encoders}
    for encoder in encoders.values():
        encoder.encode(pictures[:1], "photo")
        encoder.encode(pictures, "photo")
    for _ in range(ROUNDS):
        for name, encoder in encoders.items():
            seconds = [lasting(encoder, [pictures[at % BATCH]]) for at in range(ALONE)]
            alone[name].append(float(np.median(seconds)))
            seconds = [lasting(encoder, pictures) for _ in range(BATCHES)]
            batched[name].append(float(np.median(seconds)))
    return {
        name: (
            f"{1e3 * float(np.median(alone[name])):.1f}",
            f"{BATCH / float(np.median(batched[name])):.0f}",
        )
        for name in encoders
    }


def lasting(encoder: Encoder, pictures: list[np.ndarray]) -> float:
    began = time.perf_counter()
    encoder.encode(pictures, "photo")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
