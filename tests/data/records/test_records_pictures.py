"""What a record holds, against pictures that Pillow and TensorFlow decode."""

import json
from io import BytesIO

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pictures import facts_of, read_picture
from sbir_tf.data.facts import FACTS
from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.records import build_records, open_records, parsed_example, read_example, scan
from sbir_tf.data.records.encoding import LONGEST_RATIO, encoded, resized
from sbir_tf.data.records.making import Recipe, make
from sbir_tf.data.records.plan import Row
from sbir_tf.data.splits import make_split
from tests import trees
from tests.data.records.odd_tree import BAD, COLOUR, items_of


@pytest.fixture(scope="module")
def examples(odd):
    parsed = map(parsed_example, scan(odd))
    return {example["image/key"].decode(): example for example in parsed}


def pixels_of(example):
    return np.asarray(Image.open(BytesIO(example["image/encoded"])).convert("RGB"))


def test_every_picture_is_a_record_or_is_listed(odd_root, odd_folder, examples):
    skipped = [json.loads(line) for line in (odd_folder / "skipped.jsonl").read_text().splitlines()]
    assert {entry["key"] for entry in skipped} == set(BAD)
    reasons = {entry["key"]: entry["reason"] for entry in skipped}
    assert reasons["photos/cat/html.jpg"].startswith("not a PNG, JPEG")
    assert reasons["photos/dog/half.jpg"].startswith("truncated or damaged")
    assert reasons["sketches/cat/huge.png"].startswith("too large")
    assert str(odd_root) not in (odd_folder / "skipped.jsonl").read_text()
    assert set(examples) | set(BAD) == {item.path for item in items_of(odd_root)}


def test_every_record_is_the_picture_upright_on_white(odd_root, examples):
    for key, example in examples.items():
        expected = np.asarray(resized(read_picture(odd_root / key, longest=None), 32))
        tolerance = 0 if example["image/encoded"].startswith(b"\x89PNG") else 24
        difference = np.abs(
            pixels_of(example).astype(int) - expected.reshape(*expected.shape[:2], 3)
        )
        assert difference.max() <= tolerance, key
    assert examples["photos/cat/turned.jpg"]["source/height"] == COLOUR.width
    assert (pixels_of(examples["sketches/dog/alpha.png"])[0, 0] == 255).all()


def test_tensorflow_decodes_every_record_to_the_same_pixels(examples):
    for key, example in examples.items():
        decoded = tf.io.decode_image(example["image/encoded"], channels=3).numpy()
        assert decoded.shape == (example["image/height"], example["image/width"], 3)
        difference = np.abs(decoded.astype(int) - pixels_of(example))
        # TensorFlow's JPEG decoder takes the quicker of two cosine transforms.
        assert difference.max() <= 16 and difference.mean() < 1.5, key


def test_sketches_and_grey_pictures_are_png_and_photos_jpeg(examples):
    kinds = {key: Image.open(BytesIO(e["image/encoded"])) for key, e in examples.items()}
    modes = {key: (image.format, image.mode) for key, image in kinds.items()}
    assert modes["sketches/dog/coloured.png"] == ("PNG", "RGB")
    assert modes["sketches/cat/palette.png"] == modes["photos/dog/grey.jpg"] == ("PNG", "L")
    assert modes["photos/cat/cmyk.jpg"] == modes["photos/dog/web.webp"] == ("JPEG", "RGB")


def test_no_picture_grows_and_the_shorter_side_is_the_size(examples):
    for example in examples.values():
        source = example["source/width"], example["source/height"]
        own = example["image/width"], example["image/height"]
        assert min(own) == min(32, *source)
        assert own == source or abs(own[0] / own[1] - source[0] / source[1]) < 0.05
    assert examples["sketches/dog/tiny.png"]["image/width"] == 1


def test_facts_are_those_of_the_source(odd_root, odd, examples):
    assert odd.table.schema.names[: len(FACTS)] == FACTS.names
    assert [f.type for f in odd.table.schema][: len(FACTS)] == [f.type for f in FACTS]
    for row in odd.table.to_pylist():
        facts, example = facts_of(read_picture(odd_root / row["key"], None)), examples[row["key"]]
        assert row["digest"] == facts.digest == example["image/digest"].decode()
        assert (row["width"], row["height"]) == (facts.width, facts.height)
        assert row["ink"] == np.float32(facts.ink) == np.float32(example["image/ink"])
        assert row["bytes"] == len(example["image/encoded"])
        assert row["class"] == example["class/name"].decode() == row["key"].split("/")[1]
        assert row["label"] == example["class/label"] == odd.class_names.index(row["class"])
        assert row["domain"] == example["domain"] == row["key"].startswith("photos")
        assert row["problem"] == ""


def test_every_shard_mixes_classes_and_domains(tmp_path):
    root = trees.plain(tmp_path / "pets", sketches=20, photos=20)
    build_records(
        root, items_of(root), tmp_path / "records", layout=LAYOUTS["plain"], shard_size=20
    )
    table = open_records(tmp_path / "records").table.to_pandas()
    for _, rows in table.groupby("shard"):
        assert set(zip(rows["class"], rows["domain"], strict=True)) == {
            (name, domain) for name in ("cat", "dog") for domain in (0, 1)
        }


def test_red_and_blue_are_set_right_where_the_layout_has_them_swapped(tmp_path):
    root, layout = trees.tuberlin(tmp_path / "tub"), LAYOUTS["tuberlin_ext"]
    red = Image.new("RGB", (40, 40), "red")
    trees.save(red, root / "png/giraffe/red.png")
    items = list_items(root, layout)
    colours, digests = {}, {}
    for swap in (None, False):
        to = tmp_path / f"records-{swap}"
        build_records(root, items, to, layout=layout, swap_red_blue=swap)
        records = open_records(to)
        parsed = [parsed_example(data) for data in scan(records)]
        (drawn,) = (pixels_of(e) for e in parsed if e["image/key"].endswith(b"red.png"))
        assert (drawn == np.asarray(red)).all()  # sketches are never swapped
        photos = [pixels_of(e).reshape(-1, 3).mean(axis=0) for e in parsed if e["domain"]]
        colours[swap] = np.mean(photos, axis=0)
        digests[swap] = records.table.column("digest").to_pylist()
    # trees.photo paints a red disc on blue; the folder has it the other way round.
    assert colours[None][2] > colours[None][0] + 30
    np.testing.assert_allclose(colours[False], colours[None][::-1], atol=2)
    # The file is the same one, whatever is made of it.
    assert digests[None] == digests[False]


def test_instances_and_parts_of_the_split_are_in_the_record(tmp_path):
    root, layout = trees.sketchy(tmp_path / "sketchy"), LAYOUTS["sketchy_ext"]
    items = list_items(root, layout)
    split = make_split("supervised", items, test_sketches=2)
    build_records(root, items, tmp_path / "records", split=split, layout=layout)
    records = open_records(tmp_path / "records")
    assert records.split == split
    for row, data in zip(records.table.to_pylist(), scan(records), strict=True):
        example = parsed_example(data)
        assert [part.decode() for part in example["split/parts"]] == row["parts"]
        assert tuple(row["parts"]) == split.of(row["key"])
        name = row["key"].rpartition("/")[2]
        expected = "" if name.startswith("ext_") else name.rpartition("-")[0]
        assert example["instance"].decode() == row["instance"] == expected


def test_plain_tensorflow_reads_the_shards(odd):
    from sbir_tf.data.records import feature_spec

    files = tf.data.TFRecordDataset([str(shard) for shard in odd.shards])
    parsed = files.map(lambda data: tf.io.parse_single_example(data, feature_spec()))
    keys = [example["image/key"].numpy().decode() for example in parsed]
    assert keys == odd.table.column("key").to_pylist()


def test_random_access_gives_what_a_scan_gives(odd):
    scanned = list(scan(odd))
    order = np.random.default_rng(0).permutation(len(scanned)).tolist()
    assert read_example(odd, order) == [scanned[row] for row in order]
    assert read_example(odd, [3, 3]) == [scanned[3]] * 2
    assert read_example(odd, []) == []
    with pytest.raises(IndexError, match=f"There are {len(scanned)} records. Received: row -1"):
        read_example(odd, [-1])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((400, 600), (32, 48)),
        ((600, 400), (48, 32)),
        ((32, 33), (32, 33)),
        ((20, 400), (13, 256)),  # a strip: its longer side is 8 x 32
        ((1, 300), (1, 256)),
        ((31, 31), (31, 31)),
    ],
)
def test_sizes_of_odd_shapes(shape, expected):
    image = resized(np.zeros((*shape, 3), np.uint8), 32)
    assert (image.height, image.width) == expected
    assert max(image.size) <= LONGEST_RATIO * 32


def test_a_thin_line_is_averaged_and_not_dropped():
    picture = np.full((320, 320), 255, np.uint8)
    picture[:, 1::10] = 0  # one dark column in ten: any picking of columns takes all or none
    small = np.asarray(resized(picture, 32)).astype(float)
    assert abs(small.mean() - picture.mean()) < 4
    assert small.min() > 150


@pytest.mark.parametrize("side", [10, 1000])
def test_a_single_coloured_pixel_keeps_a_picture_coloured(tmp_path, side):
    picture = np.repeat(np.arange(side * side).reshape(side, side, 1) % 250, 3, axis=2)
    row = Row("a.png", "a", 0, 0, "", ())
    for shade, mode in ((0, "L"), (1, "RGB")):
        picture[-1, -1, 2] += shade
        trees.save(Image.fromarray(picture.astype(np.uint8)), tmp_path / "a.png")
        made = make(Recipe(str(tmp_path), 1000, False), row)
        data = parsed_example(made.example)["image/encoded"]
        assert Image.open(BytesIO(data)).mode == mode
        assert (pixels_of({"image/encoded": data}) == picture).all()


def test_a_lack_of_memory_is_a_reason_and_not_the_end(monkeypatch):
    def short(*_, **__):
        raise MemoryError

    monkeypatch.setattr("sbir_tf.data.records.making.read_picture", short)
    made = make(Recipe(".", 8, False), Row("a.png", "a", 0, 0, "", ()))
    assert (made.example, made.problem) == (b"", "needs more memory than there is")


def test_the_colour_of_every_pixel_of_a_photo_is_kept():
    """4:4:4: of single red columns on blue, half resolution would leave purple."""
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:, ::2, 0], picture[:, 1::2, 2] = 255, 255
    decoded = np.asarray(Image.open(BytesIO(encoded(Image.fromarray(picture), lossless=False))))
    assert np.abs(decoded.astype(int) - picture).mean() < 12
