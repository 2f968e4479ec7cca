"""How fast records are built, and in how much memory; writes the figures into docs/records.md.

    python -m benchmarks.records --folder FOLDER [--pictures 20000] [--page]

Generates the pictures once (half photos, half line drawings, 400 pixels, seeded), then measures in
processes of their own: a plain Pillow loop and the product in turn, slice by slice; then builds of
three sizes. What was measured is kept in FOLDER, so an interrupted run continues; `--again`
measures anew. About five minutes for 20,000 pictures on two idle cores, one of it generating.
"""

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.tables import replace_section
from sbir_tf.data.layouts import LAYOUTS, Item
from sbir_tf.files import written_aside
from training.machine import describe

SIDE, SIZE, CLASSES, PAIRS = 400, 256, 20, 5
PAGE = Path("docs/records.md")


def main() -> None:
    arguments = parsed()
    if arguments.measure:
        print(json.dumps(MEASURES[arguments.measure](arguments.folder, *arguments.slice)))
        return
    generate(arguments.folder, arguments.pictures)
    found = measured(arguments.folder, arguments.pictures, arguments.again)
    text = report(found)
    print(text)
    if arguments.page:
        replace_section(PAGE, "measured", text.strip())


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for the pictures: 0.7 GB")
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--page", action="store_true", help=f"write {PAGE}")
    parser.add_argument("--again", action="store_true", help="measure anew")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--slice", type=int, nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(folder: Path, pictures: int, again: bool) -> dict:
    """All figures; those that an earlier run found are not measured again."""
    file = folder / f"measured-{pictures}.json"
    found = json.loads(file.read_text()) if file.exists() and not again else {}
    found.setdefault("machine", describe("pillow", "apache-beam"))
    found["pictures"] = pictures
    for name, measure, *part in steps(pictures):
        if name not in found:
            found[name] = in_a_process(folder, measure, part)
            file.write_text(json.dumps(found, indent=1))
            print(f"{name}: {found[name]['seconds']:.1f} s", file=sys.stderr)
    return found


def steps(pictures: int) -> list[tuple]:
    """Name, measure, first and last picture of each measurement, in order."""
    slices = []
    for pair in range(PAIRS):
        part = (pair * pictures // PAIRS, (pair + 1) * pictures // PAIRS)
        slices += [(f"plain {pair}", "plain", *part), (f"build {pair}", "build", *part)]
    return slices + [(f"all {n}", "build", 0, n) for n in sizes(pictures)]


def sizes(pictures: int) -> tuple[int, ...]:
    return pictures // 20, pictures // 2, pictures


def in_a_process(folder: Path, measure: str, part: list[int]) -> dict:
    command = [sys.executable, "-m", "benchmarks.records", "--folder", str(folder)]
    command += ["--measure", measure, "--slice", *map(str, part)]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    environment = {**os.environ, **quiet, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return json.loads(run.stdout)


def items_of(first: int, last: int) -> list[Item]:
    """The pictures of a slice: even numbers are sketches, odd ones photos."""
    return [
        Item(
            f"{('sketches', 'photos')[n % 2]}/c{n // 2 % CLASSES:02d}/{n}.{('png', 'jpg')[n % 2]}",
            f"c{n // 2 % CLASSES:02d}",
            ("sketch", "photo")[n % 2],
        )
        for n in range(first, last)
    ]


def measure_build(folder: Path, first: int, last: int) -> dict:
    """The product: `build_records`, as `sbir data build` calls it."""
    from sbir_tf.data.records import build_records

    to = folder / "built"
    shutil.rmtree(to, ignore_errors=True)
    items, jobs = items_of(first, last), os.cpu_count()
    layout = LAYOUTS["plain"]
    began, spent = time.perf_counter(), cpu()
    readers = Readers()
    options = {"size": SIZE, "layout": layout, "jobs": jobs, "progress": readers.watch}
    built = build_records(folder / "pictures", items, to, **options)
    seconds, spent = time.perf_counter() - began, cpu() - spent
    if built.manifest["counts"]["skipped"]:
        raise SystemExit("a generated picture was skipped")
    own, reader = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, readers.peak
    digest = file_digest(sorted(to.glob("*.tfrecord")))
    return {"seconds": seconds, "cpu": spent, "own": own, "reader": reader, "digest": digest}


def measure_plain(folder: Path, first: int, last: int) -> dict:
    """A loop as one would write it for one's own data: no facts, no checks, no list of the bad."""
    import tensorflow as tf

    to = folder / "plain.tfrecord"
    items = items_of(first, last)
    began, spent = time.perf_counter(), cpu()
    with tf.io.TFRecordWriter(str(to)) as writer:
        for item in items:
            data = plain(folder / "pictures" / item.path, item.domain == "sketch")
            writer.write(example(tf, item, data).SerializeToString())
    seconds, spent = time.perf_counter() - began, cpu() - spent
    return {"seconds": seconds, "cpu": spent, "digest": file_digest([to])}


def plain(path: Path, sketch: bool) -> bytes:
    """Open, convert, resize and encode: to the very bytes that the product writes."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = SIZE / min(image.size)
    size = tuple(round(side * scale) for side in image.size)
    image = image.resize(size, Image.Resampling.HAMMING, reducing_gap=3.0)
    file = BytesIO()
    if sketch:
        image.convert("L").save(file, "PNG")
    else:
        image.save(file, "JPEG", quality=95, subsampling="4:4:4")
    return file.getvalue()


def example(tf, item: Item, data: bytes):
    def text(value):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    features = {"image/encoded": text(data), "image/key": text(item.path.encode())}
    features["class/name"] = text(item.class_name.encode())
    return tf.train.Example(features=tf.train.Features(feature=features))


class Readers:
    """The reading processes' largest resident memory, MB, looked at while they work.

    What the system tells of children that ended counts their parent's memory in.
    """

    def __init__(self):
        self.peak = 0.0

    def watch(self, iterable, description, total):
        for done, thing in enumerate(iterable):
            if done % 200 == 0:
                self.peak = max([self.peak, *map(self._peak, multiprocessing.active_children())])
            yield thing

    @staticmethod
    def _peak(process) -> float:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            return 0.0
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def cpu() -> float:
    """Seconds of processors so far, of this process and of children that ended."""
    return sum(os.times()[:4])


def file_digest(files: list[Path]) -> str:
    """Of the encodings in TFRecord files, whatever their order: both must write the same."""
    import hashlib

    import tensorflow as tf

    spec = {name: tf.io.FixedLenFeature([], tf.string) for name in ("image/key", "image/encoded")}
    digest = hashlib.sha256()
    parsed = (
        tf.io.parse_single_example(record, spec)
        for record in tf.data.TFRecordDataset([str(file) for file in files])
    )
    pairs = {e["image/key"].numpy(): hashlib.sha256(e["image/encoded"].numpy()) for e in parsed}
    for key in sorted(pairs):
        digest.update(key + pairs[key].digest())
    return digest.hexdigest()


MEASURES = {"build": measure_build, "plain": measure_plain}


def generate(folder: Path, pictures: int) -> None:
    """Make the pictures that are not there yet."""
    root = folder / "pictures"
    missing = [item for item in items_of(0, pictures) if not (root / item.path).exists()]
    if not missing:
        return
    for place in {(root / item.path).parent for item in missing}:
        place.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(draw, [root] * len(missing), missing, chunksize=64):
            pass
    seconds = time.perf_counter() - began
    print(f"{len(missing)} pictures generated in {seconds:.0f} s", file=sys.stderr)


def draw(root: Path, item: Item) -> None:
    """A photo of soft patches with grain, or a drawing of a dozen strokes."""
    path = root / item.path
    rng = np.random.default_rng(int(path.stem))
    image = drawing(rng) if item.domain == "sketch" else photo(rng)
    with written_aside(path) as aside:
        image.save(aside, "PNG" if item.domain == "sketch" else "JPEG", quality=90)


def drawing(rng: np.random.Generator) -> Image.Image:
    image = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        points = rng.normal(rng.integers(60, SIDE - 60, 2), 40, (8, 2))
        pen.line([tuple(map(int, point)) for point in points], fill=0, width=3, joint="curve")
    return image


def photo(rng: np.random.Generator) -> Image.Image:
    patches = Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8))
    soft = np.asarray(patches.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.int16)
    grain = rng.integers(-6, 7, (SIDE, SIDE, 1), np.int16)
    return Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))


def report(found: dict) -> str:
    """The figures as the page shows them."""
    count = found["pictures"] // PAIRS
    pairs = [(found[f"plain {n}"], found[f"build {n}"]) for n in range(PAIRS)]
    for loop, build in pairs:
        if loop["digest"] != build["digest"]:
            raise SystemExit("The loop and the product did not write the same encodings")
    loops, builds = ([count / one["seconds"] for one in side] for side in zip(*pairs, strict=True))
    ratios = [build / loop for loop, build in zip(loops, builds, strict=True)]
    spent = [
        statistics.median(1000 * one["cpu"] / count for one in side)
        for side in zip(*pairs, strict=True)
    ]
    lines = [
        f"| {n:,} | {n / found[f'all {n}']['seconds']:.0f} "
        f"| {1000 * found[f'all {n}']['seconds'] / n:.2f} "
        f"| {found[f'all {n}']['own']:.0f} MB | {found[f'all {n}']['reader']:.0f} MB |"
        for n in sizes(found["pictures"])
    ]
    return TEXT.format(
        command=f"python -m benchmarks.records --folder FOLDER --pictures {found['pictures']}",
        machine=found["machine"],
        side=SIDE,
        size=SIZE,
        count=count,
        pairs=PAIRS,
        loop=statistics.median(loops),
        build=statistics.median(builds),
        ratio=statistics.median(ratios),
        loop_cpu=spent[0],
        build_cpu=spent[1],
        low=min(ratios),
        high=max(ratios),
        sizes="\n".join(lines),
    )


TEXT = """\
    {command}

{machine}.

Generated pictures of {side} pixels, half photos (JPEG), half drawings (PNG), `--size {size}`. The
plain loop is one process of Pillow: open, convert, resize, encode, write with
`tf.io.TFRecordWriter`; its encodings are the same to the byte as the product's (the benchmark
compares them). It computes no digest, no ink and no colourfulness, and stops at a bad picture. Both
take the same {count:,} pictures in turn, {pairs} slices. Start-up of the reading processes counts,
imports do not.

| median of {pairs} slices | pictures a second | ms of processor each |
|---|---|---|
| plain loop, one process | {loop:.0f} | {loop_cpu:.2f} |
| `sbir data build` | {build:.0f} | {build_cpu:.2f} |
| ratio, pair by pair | {ratio:.2f} ({low:.2f} to {high:.2f}) | |

Whole builds:

| pictures | a second | ms each | peak memory, main process | of each reading process |
|---|---|---|---|---|
{sizes}
"""


if __name__ == "__main__":
    main()
