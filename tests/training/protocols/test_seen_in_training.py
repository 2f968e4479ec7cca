"""What was seen in training: counted, said, and refused where the protocol forbids it."""

import gzip
import json
import shutil
from dataclasses import replace

import pytest

from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.splits import make_split, write_split
from sbir_tf.errors import UserError
from tests import trees
from tests.training.protocols.mean_colour import mean_colour
from training.fingerprint import ITEMS
from training.protocols.asked import Asked
from training.protocols.evaluation import evaluate_by_protocol
from training.protocols.seen import MARK

CLASSES = trees.ALL_SKETCHY_CLASSES


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return trees.sketchy_of(tmp_path_factory.mktemp("trees") / "sk", CLASSES, sketches=3, photos=2)


@pytest.fixture(scope="module")
def run_on(root, few_icons, tmp_path_factory):
    def run(split, *overrides):
        place = tmp_path_factory.mktemp("runs") / "run"
        data = ("data.source=folder", "data.layout=sketchy_ext", f"data.root={root}")
        return mean_colour(place, *data, f"data.split={split}", "data.test_sketches=1", *overrides)

    return run


def as_exported(model):
    """The same as an export keeps it: no list of items, the root's name alone."""
    data = replace(model.config.data, root="sk")
    return replace(model, run=None, config=replace(model.config, data=data))


def test_a_runs_own_list_of_items_is_counted(run_on):
    """Of 125 classes one sketch each is held out and both photos are trained on."""
    evaluation = evaluate_by_protocol(run_on("supervised"), Asked())
    assert evaluation.seen.line == (
        "seen in training: 0 of 125 query sketches, 250 of 250 gallery photos, 125 of 125 classes "
        "(by the run's own list of items)"
    )
    assert evaluation.seen.note.startswith("supervised protocol: every photo of the gallery was")


@pytest.mark.parametrize("exported", [False, True])
def test_unseen_classes_that_were_trained_on_are_refused_or_marked(root, run_on, exported):
    model = as_exported(run_on("supervised")) if exported else run_on("supervised")
    asked = Asked(str(root), "sketchy-2")
    with pytest.raises(UserError) as error:
        evaluate_by_protocol(model, asked)
    # Of each of the 21 classes two of three sketches were trained on, and both photos.
    for part in ("42 of 63 query sketches", "42 of 42 gallery photos", "21 of 21 classes that"):
        assert part in str(error.value)
    evaluation = evaluate_by_protocol(model, replace(asked, accept_seen=True))
    assert evaluation.seen.line.startswith(f"{MARK}: 42 of 63 query sketches were trained on")
    assert "of a model that was trained by it: zero-shot" in evaluation.seen.note


@pytest.mark.parametrize("exported", [False, True])
def test_a_model_of_the_same_split_is_fine(root, run_on, exported):
    model = as_exported(run_on("sketchy-2")) if exported else run_on("sketchy-2")
    evaluation = evaluate_by_protocol(model, Asked(str(root), "sketchy-2"))
    assert "0 of 63 query sketches, 0 of 42 gallery photos, 0 of 21" in evaluation.seen.line
    assert evaluation.seen.contradictions == ()
    assert evaluation.seen.note.startswith("zero-shot protocol")


def test_held_out_photos_must_not_have_been_trained_on(root, run_on):
    with pytest.raises(UserError, match="125 of 125 gallery photos were trained on"):
        evaluate_by_protocol(run_on("supervised"), Asked(str(root), "held-out-photos"))


def test_another_seed_tests_what_was_trained_on(run_on):
    with pytest.raises(UserError, match=r"of 125 query sketches were trained on"):
        evaluate_by_protocol(run_on("supervised"), Asked(protocol="supervised", seed=7))


def test_other_renderings_of_a_trained_drawing_were_trained_on(run_on, tmp_path):
    """The run read tx_000100000000; here the same drawings lie as tx_000000000000 alone."""
    model = run_on("supervised")
    data = trees.sketchy_of(tmp_path / "sk", CLASSES, sketches=3, photos=2)
    sketches = data / "256x256" / "sketch"
    (sketches / "tx_000100000000").rename(sketches / "tx_000000000000")
    asked = Asked(str(data), "sketchy-2", variant="tx_000000000000", accept_seen=True)
    line = evaluate_by_protocol(model, asked).seen.line
    assert "42 of 63 query sketches" in line


def test_a_file_of_another_size_is_another_picture(tmp_path, few_icons):
    """Two plain data sets name their files alike; what tells them apart are the sizes."""
    first = trees.plain(tmp_path / "first", sketches=4)
    model = mean_colour(tmp_path / "run", "data.source=folder", f"data.root={first}",
                        "data.split=supervised", "data.test_sketches=1")  # fmt: skip
    other = trees.plain(tmp_path / "other", sketches=4)
    asked = Asked(str(other), "supervised", test_sketches=1, seed=5, accept_seen=True)
    assert "6 of 6 gallery photos" in evaluate_by_protocol(model, asked).seen.line
    for number, path in enumerate(sorted(other.rglob("*.*"))):
        trees.save(trees.photo(0, 0, size=(30 + number, 20)), path)
    line = evaluate_by_protocol(model, asked).seen.line
    assert "0 of 2 query sketches, 0 of 6 gallery photos, 2 of 2 classes" in line


def test_icons_count_by_their_classes_on_other_data(root, few_icons, tmp_path):
    """Trained on ten classes of icons, some of which Sketchy holds out under the same letters."""
    evaluation = evaluate_by_protocol(mean_colour(tmp_path / "run"), Asked(str(root), "sketchy-2",
        accept_seen=True))  # fmt: skip
    assert "0 of 63 query sketches" in evaluation.seen.line
    assert "trained on the bundled icons, split styles" in evaluation.seen.line


def test_icons_of_another_split_were_trained_on(few_icons, tmp_path):
    model = mean_colour(tmp_path / "run", "data.split=zero_shot")
    with pytest.raises(UserError, match=r"query sketches were trained on.*--accept-seen"):
        evaluate_by_protocol(model, Asked("icons", "styles"))


def test_a_part_that_was_trained_on_is_refused(few_icons, tmp_path):
    with pytest.raises(UserError, match="was trained on the validation part"):
        evaluate_by_protocol(mean_colour(tmp_path / "run"), Asked(part="validation"))


def test_what_is_not_known_is_said(root, run_on, tmp_path):
    model = run_on("supervised")
    (model.run.folder / ITEMS).unlink()
    line = evaluate_by_protocol(model, Asked(protocol="supervised")).seen.line
    assert "not known of query sketches, not known of gallery photos, 125 of 125 classes" in line
    nobody = replace(as_exported(model), config=None)
    line = evaluate_by_protocol(nobody, Asked(str(root), "sketchy-1")).seen.line
    assert line == "seen in training: not known (the model's card names no data)"


def test_pictures_that_another_layout_names_otherwise_are_known_again(root, tmp_path):
    """As the plain layout reads them: `photo/tx_.../NAME` became `photos/NAME`."""
    run = tmp_path / "run"
    plain = trees.plain(tmp_path / "plain", sketches=3, photos=3)
    data = ("data.source=folder", f"data.root={plain}", "data.split=supervised")
    model = mean_colour(run, *data, "data.test_sketches=1")
    moved = shutil.copytree(plain, tmp_path / "moved")
    for folder in moved.glob("sketches/*"):
        folder.rename(folder.with_name(folder.name.upper()))
    with pytest.raises(UserError, match="gallery photos were trained on"):
        evaluate_by_protocol(model, Asked(str(moved), "held-out-photos", test_sketches=1))
    # Of another layout and none of them known: nothing is claimed.
    asked = Asked(str(root), "supervised", test_sketches=1)
    line = evaluate_by_protocol(model, asked).seen.line
    assert "not known of query sketches, not known of gallery photos" in line


def test_a_card_of_another_folder_says_no_more_than_it_knows(run_on, tmp_path):
    data = trees.sketchy_of(tmp_path / "elsewhere", CLASSES, sketches=3, photos=2)
    model = as_exported(run_on("sketchy-2"))
    line = evaluate_by_protocol(model, Asked(str(data), "sketchy-2")).seen.line
    assert "not known (by its card: trained on 'sk', split sketchy-2" in line
    # A training on every class of a public data set has seen those that a list holds out.
    with pytest.raises(UserError, match="21 of 21 classes that sketchy-2 holds out"):
        evaluate_by_protocol(as_exported(run_on("supervised")), Asked(str(data), "sketchy-2"))


def test_a_card_that_names_a_splits_file_is_believed_of_the_file_of_that_name(
    root, run_on, tmp_path
):
    items = list_items(root, LAYOUTS["sketchy_ext"])
    file = write_split(make_split("sketchy-2", items), tmp_path / "mine.json")
    model = as_exported(run_on(file))
    assert model.config.data.split == str(file)
    data = replace(model.config.data, split="mine.json")
    model = replace(model, config=replace(model.config, data=data))
    asked = Asked(str(root), "sketchy-2", split=file)
    assert "0 of 63 query sketches" in evaluate_by_protocol(model, asked).seen.line
    line = evaluate_by_protocol(model, Asked(str(root), "sketchy-2")).seen.line
    assert "not known (by its card: trained on 'sk', split mine.json" in line


def test_data_that_are_cut_otherwise_now_are_not_evaluated_as_the_runs_own(run_on):
    """A list in which a query is trained on stands for data that changed since."""
    model = run_on("supervised")
    path = model.run.folder / ITEMS
    items = json.loads(gzip.decompress(path.read_bytes()))
    query = next(path for path, (_, parts) in items.items() if parts == "queries")
    items[query][1] = "train"
    path.write_bytes(gzip.compress(json.dumps(items).encode()))
    model.run.note(data=model.run.facts()["data"] | {"digest": "another"})
    with pytest.raises(UserError, match="changed since"):
        evaluate_by_protocol(model, Asked())
