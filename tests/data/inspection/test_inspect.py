"""`sbir data inspect` on data sets as people have them."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from sbir_tf.data.inspection import inspect_folder
from sbir_tf.data.survey import surveying
from tests import stored, trees
from training.config import load_config

SOUND = {
    "sketches_alone": [],
    "photos_alone": [],
    "doubled": {},
    "empty": [],
    "unreadable_folders": [],
    "skipped": [],
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Where commands leave what they remember; and the width that they print for."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def reported(sbir):
    """The JSON of `sbir data inspect`."""

    def call(*arguments):
        said = sbir("data", "inspect", *arguments, "--json")
        assert (said.code, said.err) == (0, "")
        return json.loads(said.out)

    return call


@pytest.fixture
def messy(tmp_path):
    """A data set with most of what goes wrong; returns its root."""
    root = trees.plain(tmp_path / "mine", classes=("cat", "dog [wild]", "eel"))
    cats, dogs = root / "photos" / "cat", root / "photos" / "dog [wild]"
    (root / "photos" / "fox").mkdir()
    trees.save(trees.sketch(0, 1), root / "sketches" / "gnu" / "1.png")
    os.mkfifo(cats / "pipe.png")
    (cats / "loop.png").symlink_to("loop.png")
    with open(os.fsencode(cats) + b"/caf\xe9.png", "wb"):  # noqa: PTH123 (a path of bytes)
        pass
    with (cats / "huge.png").open("wb") as file:
        file.truncate(2**31)
    (dogs / "cut.jpg").write_bytes((dogs / "0.jpg").read_bytes()[:300])
    for number, (name, data) in enumerate(stored.stored().items()):
        (dogs / f"stored{number}.{name.split()[0]}").write_bytes(data)
    trees.save(trees.photo(0, 0, size=(400, 20)), dogs / "long.png")
    trees.save(trees.photo(0, 9), dogs / "new\nline\x1b[31m.png")
    shutil.copy(root / "sketches" / "cat" / "0.png", dogs / "drawn.png")
    return root


def test_a_sound_data_set_has_no_flaws_and_its_next_commands(reported, tmp_path):
    root = trees.plain(tmp_path / "my pictures")
    report = reported(root)
    assert report["data"] == {
        "root": str(root),
        "layout": "plain",
        "variant": None,
        "variants": [],
        "folders": {"sketch": "sketches", "photo": "photos"},
        "classes": 2,
        "pictures": {"sketch": 6, "photo": 6},
        "swap_red_blue": False,
        "class_map": None,
    }
    assert report["classes"][0] == {"class": "cat", "sketches": 3, "photos": 3}
    assert (report["flaws"], report["pairs"], report["beside"]) == (SOUND, [], {})
    pictures = report["pictures"]
    assert (pictures["unreadable"], pictures["to_build_first"]) == ([], [])
    assert pictures["forms"] == {"kinds": {"PNG": 6, "JPEG": 6}, "traits": {}}
    assert pictures["sizes"]["photo"]["common"] == [{"width": 60, "height": 40, "pictures": 6}]
    assert pictures["sizes"]["sketch"]["width"] == {"least": 48, "median": 48, "most": 48}
    assert [step["why"] for step in report["next"]][-1] == "Or train straight from the folder"


@pytest.mark.parametrize("layout", ["sketchy", "tuberlin", "quickdraw", "plain"])
def test_the_next_commands_are_ones_that_the_product_takes(reported, tmp_path, layout):
    root = getattr(trees, layout)(tmp_path / "the set")
    report = reported(root, "--no-read", "--swap-red-blue")
    commands = [shlex.split(step["command"]) for step in report["next"]]
    inspect, build, train = commands
    assert reported(*inspect[3:])["data"] == report["data"]
    assert build[:4] == ["sbir", "data", "build", str(root)]
    data = load_config("icons_tiny", train[4::2]).data
    assert (data.root, data.layout, data.swap_red_blue) == (
        str(root),
        report["data"]["layout"],
        True,
    )


def test_where_there_are_copies_every_next_command_keeps_to_the_split_without_them(
    reported, sbir, tmp_path
):
    root = trees.plain(tmp_path / "mine", sketches=6)
    for n in range(6):  # whatever is held out has its copy
        shutil.copy(root / "sketches" / "cat" / f"{n}.png", root / "sketches" / "cat" / f"c{n}.png")
    split, build, train = (shlex.split(step["command"]) for step in reported(root)["next"])
    assert sbir(*split[1:]).code == 0
    assert build[-4:-2] == ["--split", "split.json"]
    data = load_config("icons_tiny", train[4::2]).data
    assert (data.source, data.split, Path(data.root)) == ("folder", "split.json", root)
    assert not any("test_sketches" in word for word in train)
    assert sbir("data", "validate", data.root, "--split", data.split).code == 0


def test_several_variants_are_inspected_at_once(reported, tmp_path):
    both = "tx_000000000000,tx_000100000000"
    report = reported(trees.sketchy(tmp_path / "set"), "--no-read", "--variant", both)
    assert report["data"]["pictures"] == {"sketch": 30, "photo": 12}
    assert not any("variants" in hint for hint in report["hints"])
    train = shlex.split(report["next"][-1]["command"])
    assert load_config("icons_tiny", train[4::2]).data.variant == both


def test_everything_that_is_wrong_is_reported_at_once(reported, messy):
    report = reported(messy)
    flaws = report["flaws"]
    assert flaws["sketches_alone"] == ["gnu"]
    assert flaws["photos_alone"] == ["fox"]
    assert flaws["empty"] == ["photos/fox"]
    assert [skip["path"].rpartition("/")[2] for skip in flaws["skipped"]] == [
        r"caf\xe9.png",
        "loop.png",
        "pipe.png",
    ]
    pictures = report["pictures"]
    unreadable = {bad["key"].rpartition("/")[2] for bad in pictures["unreadable"]}
    assert unreadable == {"huge.png", "cut.jpg"}
    assert pictures["sizes"]["photo"]["extreme"] == ["photos/dog [wild]/long.png"]
    assert "photos/dog [wild]/long.png" in pictures["sizes"]["photo"]["tiny"]
    assert pictures["duplicates"][0] == {
        "where": "across domains",
        "keys": ["photos/dog [wild]/drawn.png", "sketches/cat/0.png"],
    }
    assert {"where": "across classes", "keys": ["sketches/cat/1.png", "sketches/gnu/1.png"]} in (
        pictures["duplicates"]
    )
    assert {"16-bit", "CMYK", "animated", "palette", "turned"} <= set(pictures["forms"]["traits"])
    assert {bad["reason"] for bad in pictures["to_build_first"]} >= {
        "TensorFlow does not decode WebP",
        "TensorFlow ignores its EXIF orientation",
    }
    assert all("command" not in step for step in report["next"])


def test_the_page_fits_80_columns_and_moves_no_cursor(sbir, messy):
    said = sbir("data", "inspect", messy)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert max(len(line) for line in lines[1:] if not line.startswith("  sbir ")) <= 80
    assert "\x1b" not in said.out
    assert r"new\nline\x1b[31m.png" not in said.out  # it is sound, so it is not named
    for part in ("dog [wild]", "gnu", "photos/fox", r"caf\xe9.png", "huge.png", "across domains"):
        assert part in said.out


def test_names_that_would_colour_a_terminal_are_shown_in_print(sbir, tmp_path):
    root = trees.plain(tmp_path / "mine")
    trees.save(trees.photo(0, 0, size=(9, 9)), root / "photos" / "cat" / "a\nb\x1b[31m.png")
    assert r"a\nb\x1b[31m.png" in sbir("data", "inspect", root).out


def test_sketchys_photos_beside_its_sketches_are_named_and_left_out(reported, sbir, tmp_path):
    root = trees.sketchy(tmp_path / "Sketchy")
    report = reported(root)
    assert "12,500 photos already" in report["beside"]["256x256/photo"]
    assert report["data"]["pictures"] == {"sketch": 15, "photo": 12}
    assert report["data"]["variants"] == ["tx_000000000000", "tx_000100000000"]
    assert "tx_000000000000" in " ".join(report["hints"])
    other = reported(root, "--variant", "tx_000000000000")
    assert "data.variant=tx_000000000000" in other["next"][-1]["command"]
    assert "256x256/photo: left out" in sbir("data", "inspect", root).out


def test_tuberlins_pairs_and_its_swap_of_red_and_blue_are_told(reported, tmp_path):
    root = trees.tuberlin(tmp_path)
    report = reported(root, "--no-read")
    by = {pair["folder"]: (pair["class"], pair["by"]) for pair in report["pairs"]}
    assert by == {
        "cupmug": ("cup (mug)", "letters"),
        "griaffe": ("giraffe", "layout"),
        "mouse": ("mouse (animal)", "layout"),
        "teddybear": ("teddy-bear", "letters"),
    }
    assert report["data"]["swap_red_blue"]
    assert "swapped back" in report["hints"][0]
    kept = reported(root, "--no-read", "--no-swap-red-blue")
    assert not kept["data"]["swap_red_blue"]
    assert "stay as stored" in kept["hints"][0]
    assert "data.swap_red_blue=false" in kept["next"][-1]["command"]


def test_a_misspelt_folder_in_another_layout_gets_its_line_of_a_class_map(reported, tmp_path):
    root = trees.plain(tmp_path / "set", classes=("giraffe", "dog"))
    (root / "photos" / "giraffe").rename(root / "photos" / "griaffe")
    report = reported(root)
    assert "griaffe,giraffe" in report["hints"][0]
    (tmp_path / "map.csv").write_text("griaffe,giraffe\n")
    mended = reported(root, "--class-map", tmp_path / "map.csv")
    assert mended["flaws"] == SOUND
    assert mended["pairs"][0]["by"] == "class map"
    assert f"data.class_map={tmp_path / 'map.csv'}" in mended["next"][-1]["command"]


def test_without_reading_no_picture_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(surveying, "look_at", pytest.fail)
    report = inspect_folder(trees.plain(tmp_path / "mine"), read=False)
    assert "pictures" not in report


def test_what_was_read_is_remembered_beside_nothing_of_the_users(sbir, tmp_path, monkeypatch):
    root = trees.plain(tmp_path / "mine")
    before = sorted(root.rglob("*"))
    first = sbir("data", "inspect", root).out
    monkeypatch.setattr(surveying, "look_at", pytest.fail)
    assert sbir("data", "inspect", root).out == first
    assert sorted(root.rglob("*")) == before
    assert list((tmp_path / "work" / "data" / "cache" / "surveys").iterdir())


def test_inside_a_data_set_nothing_is_remembered(sbir, tmp_path, monkeypatch):
    root = trees.plain(tmp_path / "mine")
    before = sorted(root.rglob("*"))
    monkeypatch.chdir(root)
    assert sbir("data", "inspect", ".").code == 0
    assert sbir("data", "validate", ".").code == 0
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "none does not exist"),
        (["{root}", "--layout", "plane"], "Did you mean 'plain'"),
        (["{root}", "--class-map", "none.csv"], "There is no class map none.csv"),
        (["."], r"Found there: no folder"),
    ],
)
def test_mistakes_are_one_line(refused, tmp_path, arguments, said):
    root = trees.plain(tmp_path / "mine")
    line = refused("data", "inspect", *(word.format(root=root) for word in arguments))
    assert said in line
