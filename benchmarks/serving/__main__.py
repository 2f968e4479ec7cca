"""The service measured from outside, beside the bare encoder and index: docs/serving_speed.md.

    python -m benchmarks.serving --model saved_models/icons --icons data/icons --page

For the SavedModel and, where it is there, its TensorFlow Lite export. The gallery is the icons'
held-out pictures, repeated to 10,000. Clients and server share the machine's cores. What was
measured is kept in .cache/serving: interrupted, it continues.
"""

import argparse
import json
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.serving import parts
from benchmarks.tables import check_section, replace_section, table
from serving.encoders import load_encoder
from serving.encoders.litert import kinds_in
from serving.encoders.model_folder import ModelFolder
from serving.folders import list_pictures
from serving.index import Model, create_index
from training.machine import describe

PAGE, SECTION = Path("docs/serving_speed.md"), "serving"
ITEMS, SOAKED = 10_000, 20_000
TO = Path(".cache/serving")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--icons", type=Path, required=True, help="of `sbir data build-icons`")
    parser.add_argument("--page", action="store_true", help=f"replace the section of {PAGE}")
    parser.add_argument("--scale", type=float, default=1.0, help="less for a quick look")
    options = parser.parse_args()
    if options.page:
        check_section(PAGE, SECTION)
    TO.mkdir(parents=True, exist_ok=True)
    gallery = options.icons / "styles" / "gallery"
    files = list_pictures(options.icons / "styles" / "queries")[::50][:20]
    index = index_of(options.model, gallery)
    found = {}
    for name, place in places_of(options.model).items():
        for part in ("latency", "start", "soak"):
            file = TO / f"{name}-{part}.json"
            if not file.exists():
                values = measure(part, place, index, files, options.scale)
                file.write_text(json.dumps(values, indent=1))
            found.setdefault(name, {})[part] = json.loads(file.read_text())
            print(name, part, json.dumps(found[name][part]), flush=True)
    if options.page:
        replace_section(PAGE, SECTION, told(found))


def places_of(model: Path) -> dict[str, str]:
    """The encoders that are measured."""
    lite = kinds_in(ModelFolder.open(model).path)
    return {"SavedModel": f"inprocess:{model}"} | (
        {f"LiteRT {lite[0]}": f"litert:{model}"} if lite else {}
    )


def index_of(model: Path, gallery: Path) -> Path:
    """An index of the gallery's pictures, each several times, a little apart."""
    place = TO / "index"
    encoder = load_encoder(f"inprocess:{model}")
    if (place / "current").exists() or any(place.glob("*")):
        return place
    files = list_pictures(gallery)
    vectors = np.concatenate(
        [
            encoder.encode([f.read_bytes() for f in files[at : at + 32]], "photo")
            for at in range(0, len(files), 32)
        ]
    )
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(files), ITEMS)
    near = vectors[rows] + rng.normal(0, 0.01, (ITEMS, vectors.shape[1])).astype(np.float32)
    made = Model(encoder.name, encoder.digest)
    with closing(create_index(place, "l2", encoder.dimension, made)) as index:
        names = [f"{files[row].parent.name}/{at}.png" for at, row in enumerate(rows)]
        index.add(names, near, [{"class": name.split("/")[0]} for name in names])
        index.save()
    return place


def measure(part: str, place: str, index: Path, files: list[Path], scale: float) -> dict:
    if part == "latency":
        return parts.latency(place, index, files, scale)
    if part == "start":
        return parts.start(place, index)
    folder = TO / "soak"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copytree(index, folder / "index")
    return parts.soak(place, folder / "index", files, int(SOAKED * scale), folder)


def told(found: dict) -> str:
    """The section."""
    names = list(found)
    ms = "{:.1f} ms".format

    def row(name, value):
        return (name, *(value(found[of]) for of in names))

    rows = [
        row("one client: median", lambda f: ms(1000 * f["latency"]["served"]["p50"])),
        row("bare encoder and index: median", lambda f: ms(1000 * f["latency"]["bare"]["p50"])),
        row(
            "one client / bare (aim 1.3)",
            lambda f: f"{f['latency']['served']['p50'] / f['latency']['bare']['p50']:.2f}",
        ),
        row(
            "one client: p99 / median (aim 3)",
            lambda f: f"{f['latency']['served']['p99'] / f['latency']['served']['p50']:.2f}",
        ),
        row("one client: searches a second", lambda f: f"{f['latency']['one']:.0f}"),
        row("eight clients: searches a second", lambda f: f"{f['latency']['eight']:.0f}"),
        row(
            "eight / one (aim 1.5)",
            lambda f: f"{f['latency']['eight'] / f['latency']['one']:.2f}",
        ),
        row(
            "eight / bare encoder's best batched (aim 0.9)",
            lambda f: f"{f['latency']['eight'] / f['latency']['batched']:.2f}",
        ),
        row("eight clients: told to come again", lambda f: f"{f['latency']['eight_refused']:.1%}"),
        row(
            "twice the capacity: answered, refused, failed",
            lambda f: "{answered}, {refused}, {failed}".format(**f["latency"]["over"]),
        ),
        row(
            "its answered p95 / one client's p95 (aim 2)",
            lambda f: f"{f['latency']['over']['answered_p95'] / f['latency']['served']['p95']:.2f}",
        ),
        row("its refusals: p95", lambda f: ms(1000 * (f["latency"]["over"]["refused_p95"] or 0))),
        row("start to ready (aim 12 s)", lambda f: f"{f['start']['seconds']:.1f} s"),
        row(
            "soak: searches, failed, switches of generations",
            lambda f: "{requests:,}, {failed}, {switches}".format(**f["soak"]),
        ),
        row(
            "soak: memory, MB an hour, over its second half",
            lambda f: "{:+.0f} ± {:.0f} in {:.0f} s".format(
                *(value / 2**20 for value in f["soak"]["per_hour"]), f["soak"]["measured"]
            ),
        ),
    ]
    machine = describe("numpy", "scann", "fastapi", "uvicorn", "ai-edge-litert")
    note = f"{machine}; `python -m benchmarks.serving --model M --icons data/icons --page`."
    return f"{note}\n\n{table(('', *names), rows)}"


if __name__ == "__main__":
    main()
