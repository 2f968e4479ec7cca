"""The faults: what is done to a set, and what must be said about it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.faults.lab import PHOTOS, SKETCHES, Lab, opened, split_of, unbalanced
from benchmarks.faults.rewriting import rewrite
from benchmarks.faults.sets import photo, save, sketch
from sbir_tf.data.validation import Report


@dataclass(frozen=True)
class Fault:
    """One mistake.

    Attributes:
        name: What is done.
        where: "folder", "records", "split" or "log".
        code: Of the anomaly that must be found.
        inject: Does it to a copy, and gives the report.
    """

    name: str
    where: str
    code: str
    inject: Callable[[Lab], Report]


def _drop_class(tree: Path) -> None:
    for place in (SKETCHES, PHOTOS):
        shutil.rmtree(tree / place / "windmill")


def _new_class(tree: Path) -> None:
    for n in range(5):
        save(sketch(77, n), tree / SKETCHES / "windmil" / f"n02395407_1-{n}.png")
        save(photo(77, n), tree / PHOTOS / "windmil" / f"ext_{n}.jpg")


def _drop_photos(tree: Path) -> None:
    shutil.rmtree(tree / PHOTOS / "windmill")


def _drop_sketches(tree: Path) -> None:
    shutil.rmtree(tree / SKETCHES / "windmill")


def _empty_folder(tree: Path) -> None:
    (tree / PHOTOS / "yurt").mkdir()


def _doubled(tree: Path) -> None:
    for n in range(5):
        save(photo(78, n), tree / PHOTOS / "wind-mill" / f"ext_{n}.jpg")


def _empty_file(tree: Path) -> None:
    _a_sketch(tree).write_bytes(b"")


def _torn_file(tree: Path) -> None:
    path = tree / PHOTOS / "windmill" / "ext_3.jpg"
    path.write_bytes(path.read_bytes()[:200])


def _webp(tree: Path) -> None:
    path = tree / PHOTOS / "windmill" / "ext_3.jpg"
    Image.open(path).save(path, "WEBP")


def _turned(tree: Path) -> None:
    path = tree / PHOTOS / "windmill" / "ext_3.jpg"
    turn = Image.Exif()
    turn[0x0112] = 6
    Image.open(path).save(path, "JPEG", exif=turn)


def _blank(tree: Path) -> None:
    save(Image.new("RGB", (64, 64), "white"), _a_sketch(tree))


def _inverted(tree: Path) -> None:
    save(ImageOps.invert(Image.open(_a_sketch(tree)).convert("RGB")), _a_sketch(tree))


def _all_inverted(tree: Path) -> None:
    for path in (tree / SKETCHES).rglob("*.png"):
        save(ImageOps.invert(Image.open(path).convert("RGB")), path)


def _photo_there(tree: Path) -> None:
    save(photo(50, 1), _a_sketch(tree))


def _swapped(tree: Path) -> None:
    (tree / SKETCHES).rename(tree / "aside")
    (tree / PHOTOS).rename(tree / SKETCHES)
    (tree / "aside").rename(tree / PHOTOS)


def _two_classes(tree: Path) -> None:
    shutil.copy(tree / PHOTOS / "airplane/ext_1.jpg", tree / PHOTOS / "windmill/ext_1.jpg")


def _both_domains(tree: Path) -> None:
    target = tree / PHOTOS / "windmill" / "ext_1.jpg"
    shutil.copy(_a_sketch(tree), target)


def _twice(tree: Path) -> None:
    source = tree / PHOTOS / "windmill"
    Image.open(source / "ext_1.jpg").save(source / "ext_2.jpg", "PNG")  # other bytes, one content


def _enlarged(tree: Path) -> None:
    for path in (tree / PHOTOS).rglob("*.jpg"):
        save(ImageOps.scale(Image.open(path), 3), path)


def _a_sketch(tree: Path) -> Path:
    return tree / SKETCHES / "windmill" / "n02395403_3133-7.png"


def _leak(lab: Lab) -> Report:
    def spoil(tree: Path) -> None:
        query = next(path for path in lab.split.queries if "/windmill/" in path)
        trained = next(p for p in lab.split.train if "/windmill/" in p and SKETCHES in p)
        shutil.copy(tree / trained, tree / query)

    return lab.with_tree(spoil, split=lab.split)


def _unbalanced(lab: Lab) -> Report:
    split = unbalanced(split_of(lab.tree, "supervised", 0.5))
    return lab.with_tree(lambda tree: None, split=split)


def _another_split(lab: Lab) -> Report:
    return lab.with_tree(_new_class, split=lab.split)


def _thick_requests(lab: Lab) -> Report:
    log = lab.folder / "thick.jsonl"
    write_log(log, ink=(0.35, 0.55))
    return lab.with_records(lambda records: None, serving=log)


def write_log(file: Path, ink: tuple[float, float], requests: int = 200) -> None:
    """A service's log of sketches with so much ink."""
    rng = np.random.default_rng(0)
    lines = [
        {"domain": 0, "width": 300, "height": 300, "ink": float(i), "colourfulness": 0.0}
        for i in rng.uniform(*ink, requests)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _truncate(records: Path) -> None:
    (shard,) = records.glob("*.tfrecord")
    shard.write_bytes(shard.read_bytes()[:-1000])


def _flip(records: Path) -> None:
    (shard,) = records.glob("*.tfrecord")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)


def _changed(**features) -> Callable[[Lab], Report]:
    """A fault of a faulty build: features of one record, given with "_" for "/"."""
    named = {name.replace("_", "/"): value for name, value in features.items()}
    return lambda lab: lab.with_records(lambda folder: rewrite(folder, lambda _: named))


def _other_picture(lab: Lab) -> Report:
    """A record whose picture is another than the one that its features describe."""
    file = BytesIO()
    Image.new("L", (64, 64), 255).save(file, "PNG")
    blank = {"image/encoded": file.getvalue()}

    def spoil(folder: Path) -> None:
        rewrite(folder, lambda features: None if features["domain"] else blank)

    return lab.with_records(spoil)


def _torn(lab: Lab) -> Report:
    def half(features: dict) -> dict:
        return {"image/encoded": features["image/encoded"][:60]}

    return lab.with_records(lambda folder: rewrite(folder, half))


def _appended(lab: Lab) -> Report:
    def spoil(folder: Path) -> None:
        (shard,) = folder.glob("*.tfrecord")
        shard.write_bytes(shard.read_bytes() * 2)

    return lab.with_records(spoil)


def _in_tree(spoil: Callable[[Path], None]) -> Callable[[Lab], Report]:
    return lambda lab: lab.with_tree(spoil)


def _against_schema(spoil: Callable[[Path], None]) -> Callable[[Lab], Report]:
    return lambda lab: lab.with_tree(spoil, against=lab.schema)


def _against_tree(spoil: Callable[[Path], None]) -> Callable[[Lab], Report]:
    return lambda lab: lab.with_tree(spoil, against=opened(lab.tree).table)


def _another_schema(lab: Lab) -> Report:
    return opened(lab.other).validate(against=lab.schema)


FAULTS = (
    Fault("a class is missing", "folder", "class_missing", _against_schema(_drop_class)),
    Fault("a misspelt class is new", "folder", "class_new", _against_schema(_new_class)),
    Fault("the schema of another set", "folder", "schema_of_another_set", _another_schema),
    Fault("a class has no photos", "folder", "class_without_photos", _in_tree(_drop_photos)),
    Fault("a class has no sketches", "folder", "class_without_sketches", _in_tree(_drop_sketches)),
    Fault("a class folder is empty", "folder", "folder_empty", _in_tree(_empty_folder)),
    Fault("two photo folders of a class", "folder", "class_doubled", _in_tree(_doubled)),
    Fault("a file of 0 bytes", "folder", "encoding_empty", _in_tree(_empty_file)),
    Fault("a photo is torn", "folder", "unreadable", _in_tree(_torn_file)),
    Fault("a WebP named .jpg", "folder", "misread_by_tensorflow", _in_tree(_webp)),
    Fault("a photo lying on its side", "folder", "misread_by_tensorflow", _in_tree(_turned)),
    Fault("a blank sketch", "folder", "sketch_blank", _in_tree(_blank)),
    Fault("a sketch white on black", "folder", "sketch_inverted", _in_tree(_inverted)),
    Fault("all sketches white on black", "folder", "sketch_inverted", _in_tree(_all_inverted)),
    Fault("a photo among sketches", "folder", "photo_among_sketches", _in_tree(_photo_there)),
    Fault("sketches and photos swapped", "folder", "domains_swapped", _in_tree(_swapped)),
    Fault(
        "a photo under two classes", "folder", "same_content_two_classes", _in_tree(_two_classes)
    ),
    Fault(
        "a sketch among photos, too", "folder", "same_content_both_domains", _in_tree(_both_domains)
    ),
    Fault("a photo twice, as JPEG and PNG", "folder", "duplicate", _in_tree(_twice)),
    Fault("photos three times as large", "folder", "size_drift", _against_schema(_enlarged)),
    Fault("the same, against the other set", "folder", "size_drift", _against_tree(_enlarged)),
    Fault("a query is also trained on", "split", "duplicate_across_parts", _leak),
    Fault("queries nearly all of one class", "split", "label_drift", _unbalanced),
    Fault("pictures that the split lacks", "split", "split_new", _another_split),
    Fault("users draw with a thick pen", "log", "serving_skew", _thick_requests),
    Fault("a label outside the vocabulary", "records", "label_outside", _changed(class_label=99)),
    Fault("a label of another class", "records", "label_disagrees", _changed(class_label=2)),
    Fault("a class that no label has", "records", "class_new", _changed(class_name="yurt")),
    Fault("a domain of 2", "records", "domain_invalid", _changed(domain=2)),
    Fault("a domain beyond its column", "records", "domain_invalid", _changed(domain=200)),
    Fault("an empty encoding", "records", "encoding_empty", _changed(image_encoded=b"")),
    Fault("an encoding torn", "records", "unreadable", _torn),
    Fault("the picture of another record", "records", "index_disagrees", _other_picture),
    Fault(
        "a shard truncated", "records", "record_damaged", lambda lab: lab.with_records(_truncate)
    ),
    Fault(
        "a bit of a shard flipped", "records", "record_damaged", lambda lab: lab.with_records(_flip)
    ),
    Fault("a shard written twice over", "records", "shard_replaced", _appended),
)
