"""The front door: each mistake gets one line and exit code 2, and damages nothing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def test_help_does_not_import_tensorflow():
    code = (
        "import sys; sys.argv = ['sbir', '--help']\n"
        "from sbir_tf.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'scann', 'numpy', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("data", "train", "evaluate", "export", "index", "search"):
        assert command in done.stdout


def test_info_counts_the_bundled_icons(sbir):
    said = sbir("data", "info")
    assert said.code == 0
    assert "styles" in said.out
    assert "zero-shot" in said.out
    assert "ATTRIBUTION.md" in said.out.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "icons_quik"], "no configuration 'icons_quik'. Did you mean 'icons_quick'"),
        (["train", "icons_tiny", "--set", "los.margin=2"], "Did you mean 'loss.margin'"),
        (["train", "icons_tiny", "--set", "loss.margin=0.5", "--to", "{tmp}/r"], "at least 1"),
        (
            ["train", "icons_tiny", "--set", "steps=0", "--to", "{tmp}/r"],
            "steps must be at least 1. Received: steps=0",
        ),
        (["train", "icons_tiny", "--set", "batch_size=7", "--to", "{tmp}/r"], "batch_size=7"),
        (["train"], "Missing argument"),
        (["trian"], "No such command"),
        (["evaluate", "{tmp}/missing"], "is not a run"),
        (["export", "{tmp}/missing"], "is not a run"),
        (["index", "{tmp}/missing", "{tmp}", "--to", "{tmp}/i"], "missing"),
        (["search", "{tmp}/missing", "{tmp}"], "{tmp}"),
        (["search", "a", "b", "-k", "many"], "-k"),
        (["data", "build-icons", "--size", "3"], "--size"),
    ],
)
def test_a_mistake_gets_one_line_that_names_it(refused, tmp_path, arguments, said):
    line = refused(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert said.format(tmp=tmp_path) in line
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_gets_one_line_and_no_traceback(refused, monkeypatch):
    from sbir_tf.data import icons

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(icons, "write_tree", interrupted)
    assert "interrupted" in refused("data", "build-icons")


def test_a_full_disk_names_the_cure(refused, monkeypatch):
    from sbir_tf.data import icons

    def full(*_, **__):
        raise OSError(28, "No space left on device", "data/icons")

    monkeypatch.setattr(icons, "write_tree", full)
    line = refused("data", "build-icons")
    assert "No space left on device" in line
    assert "free some" in line


def test_an_error_of_ours_is_called_one_and_debug_shows_where(sbir, monkeypatch):
    from sbir_tf.data import icons

    def broken(*_, **__):
        raise KeyError("oops")

    monkeypatch.setattr(icons, "write_tree", broken)
    said = sbir("data", "build-icons")
    assert said.code == 1
    assert "internal error: KeyError" in said.err
    with pytest.raises(KeyError, match="oops"):
        sbir("data", "build-icons", "--debug")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small encoder, exported; untrained, but for real."""
    import keras

    from sbir_tf.export import export_encoder
    from sbir_tf.models import build_encoder, se_resnet

    keras.utils.set_random_seed(0)
    encoder = build_encoder(se_resnet(16, (8,), (1,), reduction=4), 8)
    return export_encoder(encoder, tmp_path_factory.mktemp("m") / "small" / "1", "small", "")


@pytest.fixture
def pictures(tmp_path):
    """Ten pictures in two class folders."""
    rng = np.random.default_rng(0)
    for number in range(10):
        folder = tmp_path / "pictures" / ("cup" if number % 2 else "fish")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "pictures"


@pytest.fixture
def index(sbir, model, pictures, tmp_path):
    said = sbir("index", model, pictures, "--to", tmp_path / "index")
    assert said.code == 0, said.err
    assert "10 pictures indexed" in said.out
    return tmp_path / "index"


@pytest.mark.parametrize(
    ("name", "mode"), [("d.png", "RGBA"), ("d.jpg", "L"), ("d.webp", "RGBA"), ("d.png", "P")]
)
def test_any_drawing_searches_any_folder(sbir, index, tmp_path, name, mode):
    drawing = tmp_path / name
    Image.new("RGBA", (333, 77), (0, 0, 0, 40)).convert(mode).save(drawing)
    said = sbir("search", index, drawing, "-k", 3, "--json", "--sheet", tmp_path / "s.png")
    assert said.code == 0, said.err
    (answer,) = json.loads(said.out)
    distances = [hit["distance"] for hit in answer["hits"]]
    assert len(distances) == 3
    assert distances == sorted(distances)
    with Image.open(tmp_path / "s.png") as sheet:
        assert sheet.size[0] > 100


def test_a_picture_finds_itself_when_searched_as_a_photo_would_be(sbir, index, pictures):
    said = sbir("search", index, pictures, "-k", 10, "--json")
    answers = json.loads(said.out)
    assert len(answers) == 10
    assert all(len({hit["id"] for hit in answer["hits"]}) == 10 for answer in answers)


@pytest.mark.parametrize("k", [0, 11, -1])
def test_an_impossible_k_is_refused_with_the_range(refused, index, pictures, k):
    line = refused("search", index, pictures / "cup" / "1.png", "-k", k)
    assert "from 1 to 10" in line
    assert f"k={k}" in line


def test_an_index_of_another_model_is_refused(refused, sbir, index, model, pictures, tmp_path):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(model, other / "1")
    variables = other / "1" / "variables" / "variables.data-00000-of-00001"
    data = bytearray(variables.read_bytes())
    data[-1] ^= 1
    variables.write_bytes(data)
    line = refused("search", index, pictures / "cup" / "1.png", "--model", other)
    assert "model" in line


def test_bad_pictures_among_good_ones_are_skipped_counted_and_listed(
    sbir, model, pictures, tmp_path
):
    (pictures / "cup" / "torn.png").write_bytes((pictures / "cup" / "1.png").read_bytes()[:60])
    (pictures / "cup" / "words.jpg").write_text("not a picture")
    said = sbir("index", model, pictures, "--to", tmp_path / "index")
    assert said.code == 0, said.err
    assert "10 pictures indexed" in said.out
    assert "2 could not be read" in said.out
    (report,) = (tmp_path / "index").rglob("skipped.json")
    assert str(report) in said.out
    assert {Path(item["path"]).name for item in json.loads(report.read_text())} == {
        "torn.png",
        "words.jpg",
    }
