"""Does reading and writing slow the encoding of a gallery?

    python -m benchmarks.gallery [--page docs/scale.md] [--folder indexes/gallery]

In one process, in turn: the bare model on batches held in memory, already decoded (its signature
on BMP bytes, nothing else), and `index_folder` on a folder of JPEG files into a new index, all
that it does included: finding, reading, hashing, shrinking, encoding, SQLite, the generation at
the end. The share is the median of the rounds' ratios; beside it the same of processor time, which
other work on the machine hardly changes. Then the peak memory of two processes, one with four times
the pictures of the other; and the same folder by Beam's direct runner. What was measured is kept in
the folder: interrupted, it continues there.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.tables import check_section, replace_section, table
from pictures import read_picture
from sbir_tf.export import export_encoder
from serving.encoders import InProcessEncoder, load_encoder
from serving.encoders.in_process import as_bmp
from serving.gallery import index_folder
from serving.gallery.pipeline import index_with_beam
from training.config import load_config
from training.machine import describe
from training.networks import encoder_of

BATCH = 32
Rate = tuple[float, float]  # pictures a second: of the clock, of the processor


@dataclass(frozen=True)
class Case:
    """A model, its pictures, and how much of them makes a round of some seconds."""

    name: str
    config: str
    overrides: tuple[str, ...]
    side: int
    pictures: int
    rounds: int


CASES = (
    Case("SE-ResNet-50, 224 px", "paper_sketchy_2018", (), 500, 128, 7),
    Case("EfficientNet-Lite0, 64 px", "icons_quick", (), 256, 512, 7),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", type=Path, help="replace the section of this page")
    parser.add_argument("--folder", type=Path, default=Path("indexes/gallery"))
    parser.add_argument("--memory", nargs=2, type=Path, help="MODEL PICTURES: print the peak")
    options = parser.parse_args()
    if options.memory:
        print(peak_of(*options.memory))
        return
    if options.page:
        check_section(options.page, "gallery")
    text = measure(options.folder)
    print(text)
    if options.page:
        replace_section(options.page, "gallery", text)


def measure(work: Path) -> str:
    """The section of the page."""
    rows = [measured(case, work / str(number)) for number, case in enumerate(CASES)]
    heading = (
        *("model, pictures", "bare model", "`sbir index`", "share (each round)"),
        *("bare, processor", "`sbir index`, processor", "share", "by Beam"),
    )
    return "\n\n".join(
        [
            f"{describe('tensorflow', 'apache-beam')}; `python -m benchmarks.gallery --page "
            "docs/scale.md`; other work shared the machine",
            "Pictures a second, medians of rounds in turn (the aim is a share of 0.9):",
            table(heading, rows),
            memory(work / str(len(CASES) - 1)),
        ]
    )


def measured(case: Case, folder: Path) -> tuple[str, ...]:
    """A row of the table."""
    rates = kept(case, folder)
    alone, whole, beam = (np.array(rates[name]) for name in ("bare", "index", "beam"))
    share, of_processor = (whole / alone)[:, 0], (whole / alone)[:, 1]
    each = ", ".join(f"{one:.2f}" for one in share)
    return (
        f"{case.name}; {case.pictures} JPEG of {case.side} px",
        *(f"{np.median(rate[:, 0]):.1f}" for rate in (alone, whole)),
        f"{np.median(share):.3f} ({each})",
        *(f"{np.median(1000 / rate[:, 1]):.0f} ms" for rate in (alone, whole)),
        f"{np.median(of_processor):.3f}",
        f"{beam[0, 0]:.1f}",
    )


def kept(case: Case, folder: Path) -> dict[str, list[Rate]]:
    """Rates in rounds: of the model alone, of the command, by Beam."""
    file = folder / "rates.json"
    rates = json.loads(file.read_text()) if file.exists() else {"bare": [], "index": [], "beam": []}
    if rates["beam"]:
        return rates
    encoder = load_encoder(exported(case, folder / "model"))
    pictures = paint(folder / "pictures", case.pictures, case.side)
    batches = held(pictures)
    bare(encoder, batches[:1])
    while len(rates["bare"]) < case.rounds:
        alone = rate(case.pictures, bare, encoder, batches)
        whole = rate(case.pictures, made, index_folder, encoder, pictures, BATCH)
        rates["bare"].append(alone)
        rates["index"].append(whole)
        file.write_text(json.dumps(rates))
        print(f"{case.name}: {alone}, {whole}", file=sys.stderr)
    rates["beam"] = [rate(case.pictures, made, index_with_beam, encoder, pictures, "direct")]
    file.write_text(json.dumps(rates))
    return rates


def rate(pictures: int, work: Callable, *arguments: Any) -> Rate:
    """Pictures a second, and pictures a second of the processor's."""
    clocks = time.perf_counter, time.process_time
    began = [clock() for clock in clocks]
    work(*arguments)
    wall, processor = (clock() - start for clock, start in zip(clocks, began, strict=True))
    return pictures / wall, pictures / processor


def made(make: Callable, encoder: InProcessEncoder, pictures: Path, *options: Any) -> None:
    """A new index."""
    with tempfile.TemporaryDirectory() as folder:
        make(encoder, pictures, Path(folder) / "index", *options)


def exported(case: Case, folder: Path) -> Path:
    """The model, untrained: as fast as a trained one."""
    if (folder / "1").exists():
        return folder
    config = load_config(case.config, case.overrides)
    return export_encoder(encoder_of(config, "float32"), folder / "1", case.config, "")


def paint(folder: Path, count: int, side: int) -> Path:
    """Photographs of nothing: smooth colours and some grain, as large on the disk as real ones."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / str(number % 16) / f"{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            continue
        rough = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
        smooth = np.asarray(rough.resize((side, side * 3 // 4), Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-20, 21, smooth.shape, np.int16)
        Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(path, quality=90)
    return folder


def held(pictures: Path) -> list[tf.Tensor]:
    """All pictures in memory, as the model takes them."""
    data = [as_bmp(read_picture(path)) for path in sorted(pictures.rglob("*.jpg"))]
    return [tf.constant(data[start : start + BATCH]) for start in range(0, len(data), BATCH)]


def bare(encoder: InProcessEncoder, batches: list[tf.Tensor]) -> None:
    """The model alone."""
    for batch in batches:
        encoder._signatures["photo"](image=batch)["embedding"].numpy()


def memory(folder: Path) -> str:
    """The peak memory of processes that index some pictures, and four times as many."""
    pictures = folder / "pictures"
    many = paint(folder / "more", 4 * sum(1 for _ in pictures.rglob("*.jpg")), CASES[-1].side)
    peaks = []
    for some in (pictures, many):
        command = [sys.executable, "-m", "benchmarks.gallery", "--memory", folder / "model", some]
        peaks.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    small, large = (float(peak.split()[-1]) for peak in peaks)
    count = sum(1 for _ in pictures.rglob("*.jpg"))
    return (
        f"Peak memory of a process that indexes {count:,} pictures: {small:.0f} MB; that indexes "
        f"{4 * count:,}: {large:.0f} MB."
    )


def peak_of(model: Path, pictures: Path) -> str:
    """MB. The system's own count (`ru_maxrss`) begins with what the parent had."""
    with tempfile.TemporaryDirectory() as folder:
        index_folder(load_encoder(model), pictures, Path(folder) / "index", BATCH)
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return f"{int(peak) / 1024:.0f}"


if __name__ == "__main__":
    main()
