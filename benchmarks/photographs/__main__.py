"""How well drawings find photographs, which a model never saw: docs/photographs.md.

    python -m benchmarks.photographs saved_models/icons --photos FOLDER [--page]

FOLDER holds FOLDER/<class>/*.jpg; classes.json says which of its classes the icons show, too. The
sketches are those of the icons' held-out designers. Beside the model: ImageNet's features of
EfficientNet-Lite0 as they are, at the model's size of pictures and at their own.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.encoding import embedded
from benchmarks.tables import check_section, replace_section, table
from pictures import read_picture
from sbir_tf.data.icons import load_icons, render_all, styles
from sbir_tf.evaluation import average_precision
from serving.encoders import load_encoder
from serving.encoders.litert import fit_square
from serving.encoders.model_folder import ModelFolder
from serving.folders import list_pictures
from training.baselines.frozen import network
from training.machine import describe

PAGE, SECTION = Path("docs/photographs.md"), "photographs"
CLASSES = json.loads(Path(__file__).with_name("classes.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--page", action="store_true", help=f"replace the section of {PAGE}")
    options = parser.parse_args()
    if options.page:
        check_section(PAGE, SECTION)
    files = list_pictures(options.photos)
    photos = [read_picture(file) for file in files], [file.parent.name for file in files]
    size = ModelFolder.open(options.model).image_size
    encoder = load_encoder(f"inprocess:{options.model}")
    rows = [
        (encoder.name, *told(encoder.encode, photos)),
        (f"ImageNet features, untrained, {size} px", *told(untrained(size), photos)),
        ("ImageNet features, untrained, 224 px", *told(untrained(224), photos)),
    ]
    note = f"{describe('tensorflow')}; {len(files)} photographs of {len(set(photos[1]))} things, "
    note += f"{len(CLASSES)} of which sketches show; `python -m benchmarks.photographs MODEL "
    note += "--photos FOLDER --page`."
    heading = ("mAP@all", "sketch to photograph", "each centred", "photograph to photograph")
    text = f"{note}\n\n{table(heading, rows)}"
    print(text)
    if options.page:
        replace_section(PAGE, SECTION, text)


def untrained(size: int):
    """Pooled features of ImageNet's network."""

    def encode(pictures, domain):
        framed = np.stack([fit_square(picture, size) for picture in pictures]).astype(np.float32)
        bits = np.full((len(framed), 1), domain == "photo", np.float32)
        return network(size).predict_on_batch([framed, bits])

    return encode


def told(encode, photos) -> tuple[str, ...]:
    """The row of an encoder."""
    pictures, names = photos
    icon_of = {icon: name for name, icon in CLASSES.items()}
    test = set(styles(load_icons()).test)
    icons = [i for i in load_icons() if i.key in test and i.domain == "sketch"]
    icons = [icon for icon in icons if icon.class_name in icon_of]
    shows = [icon_of[icon.class_name] for icon in icons]
    sketches = embedded(encode, list(render_all(icons, 224)), "sketch")
    found = embedded(encode, pictures, "photo")
    centred = sketches - sketches.mean(axis=0), found - found.mean(axis=0)
    figures = (
        mean_ap(sketches, found, shows, names),
        mean_ap(*centred, shows, names),
        mean_ap(found, found, names, names, itself=True),
    )
    return tuple(f"{value:.3f}" for value in figures)


def mean_ap(queries, gallery, shows, names, itself: bool = False) -> float:
    """Of the queries that have anything to find; `itself` leaves each query out."""
    found = []
    for number, (query, name) in enumerate(zip(queries, shows, strict=True)):
        others = np.arange(len(names)) != number if itself else np.ones(len(names), bool)
        relevant = (np.array(names) == name)[others]
        if relevant.any():
            distances = ((gallery.astype(np.float64) - query) ** 2).sum(axis=1)[others]
            found.append(average_precision(relevant, distances))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
