"""Every protocol by class, on generated trees; features and AP are computed without the product."""

import numpy as np
import pytest
from PIL import Image

from sbir_tf.data.layouts import LAYOUTS, list_items
from sbir_tf.data.records import build_records
from sbir_tf.data.splits import make_split, write_split
from sbir_tf.data.splits.unseen import UNSEEN
from sbir_tf.errors import UserError
from tests import trees
from tests.training.protocols.mean_colour import average_precisions, by_pillow, mean_colour
from training.protocols.asked import Asked
from training.protocols.evaluation import evaluate_by_protocol

SKETCHY = ("data.source=folder", "data.layout=sketchy_ext", "data.split=supervised")
CLASSES = {
    "sketchy-1": trees.ALL_SKETCHY_CLASSES,
    "sketchy-2": trees.ALL_SKETCHY_CLASSES,
}


@pytest.fixture(scope="module")
def sketchy(tmp_path_factory):
    """All classes of Sketchy, three sketches and three photos of each, each of one colour."""
    root = tmp_path_factory.mktemp("trees") / "sketchy"
    return trees.sketchy_of(root, trees.ALL_SKETCHY_CLASSES, sketches=3, photos=3)


@pytest.fixture(scope="module")
def model(sketchy, tmp_path_factory):
    """Trained on the seen classes of both of Sketchy's lists."""
    return lambda name, *overrides: mean_colour(
        tmp_path_factory.mktemp("runs") / "run",
        *SKETCHY[:2],
        f"data.root={sketchy}",
        f"data.split={name}",
        "data.test_sketches=1",
        *overrides,
    )


def coloured(root, sketches, photos, classes, n=3):
    """Pictures of one colour in a layout's folders (sketch folder, photo folder of a class)."""
    for number, name in enumerate(classes):
        for i in range(n):
            grey, colour = 230 - 9 * number - i, (9 * number + i, 100 + 5 * i, 40 + number)
            trees.save(Image.new("L", (9, 9), grey), root / sketches(name) / f"{number}{i}.png")
            trees.save(Image.new("RGB", (9, 7), colour), root / photos(name) / f"{i}.png")
    return root


def expected(root, evaluation, swap=False):
    """AP of each query by PIL and a loop; the class is read from the path."""
    material = evaluation.material
    ids = material.query_ids, material.gallery_ids
    features = [by_pillow(root, of, bit, swap and bit) for bit, of in enumerate(ids)]
    classes = material.query_classes, material.gallery_classes
    return average_precisions(features[0], classes[0], features[1], classes[1])


@pytest.mark.parametrize("name", ["sketchy-1", "sketchy-2", "supervised", "held-out-photos"])
def test_the_figures_are_those_of_a_loop_over_other_features(sketchy, model, name):
    evaluation = evaluate_by_protocol(model(name), Asked(protocol=name, ties="stable"))
    result = evaluation.rows[0].result
    np.testing.assert_allclose(result.per_query_ap, expected(sketchy, evaluation), atol=1e-9)
    assert result.map_all == pytest.approx(np.nanmean(expected(sketchy, evaluation)))
    # One sketch of each class is held out of 3; of the unseen classes all are searched.
    classes = len(UNSEEN.get(name, trees.ALL_SKETCHY_CLASSES))
    assert result.queries == classes * (1 if name in ("supervised", "held-out-photos") else 3)
    assert result.gallery == classes * (1 if name == "held-out-photos" else 3)
    assert evaluation.seen.contradictions == ()


@pytest.mark.parametrize(("kind", "queries", "gallery"), [
    # 25 unseen classes of 125; of each seen class one of three items is held out.
    ("all-seen", 75, 75 + 300),
    ("held-out", 75, 75 + 100),
    ("both", 75 + 100, 75 + 100),
])  # fmt: skip
def test_generalised_takes_the_list_that_the_model_was_trained_without(
    sketchy, model, kind, queries, gallery
):
    """A model of another definition saw items that this one holds out; so train by this one."""
    own = model(f"sketchy-1+generalised:{kind}", "data.test_photos=1")
    evaluation = evaluate_by_protocol(own, Asked(protocol=f"generalised:{kind}", ties="stable"))
    assert evaluation.material.protocol.name == f"sketchy-1+generalised:{kind}"
    result = evaluation.rows[0].result
    assert (result.queries, result.gallery) == (queries, gallery)
    np.testing.assert_allclose(result.per_query_ap, expected(sketchy, evaluation), atol=1e-9)
    assert evaluation.name == f"sketchy-1+generalised-{kind}.stable"


def test_a_generalised_protocol_of_a_model_that_names_no_list_wants_one(sketchy, model):
    with pytest.raises(UserError, match=r"name it, as in sketchy-1\+generalised:both"):
        evaluate_by_protocol(model("supervised"), Asked(protocol="generalised:both"))


LAYOUT_TREES = {
    "tuberlin_ext": (
        lambda name: f"png/{name}",
        lambda name: f"ImageResized/{trees.TUBERLIN_CLASSES[name]}",
        tuple(trees.TUBERLIN_CLASSES),
    ),
    "quickdraw_ext": (
        lambda name: f"QuickDraw_sketches_final/{name}",
        lambda name: f"QuickDraw_images_final/{name.replace('_', ' ')}",
        ("palm_tree", "windmill", "bat"),
    ),
    "release": (
        lambda name: f"TUBerlin/sketches/{name}",
        lambda name: f"TUBerlin/photos/{name}",
        ("cat", "dog"),
    ),
    "plain": (lambda name: f"sketches/{name}", lambda name: f"photos/{name}", ("cat", "dog")),
}


@pytest.mark.parametrize("layout", LAYOUT_TREES)
def test_any_layout_is_recognised_and_searched(tmp_path, few_icons, layout):
    root = coloured(tmp_path / "data", *LAYOUT_TREES[layout])
    asked = Asked(str(root), "supervised", test_sketches=2, ties="stable")
    evaluation = evaluate_by_protocol(mean_colour(tmp_path / "run"), asked)
    assert evaluation.material.data.layout == layout
    aps = expected(root, evaluation, swap=layout == "tuberlin_ext")
    np.testing.assert_allclose(evaluation.rows[0].result.per_query_ap, aps, atol=1e-9)
    assert evaluation.rows[0].result.queries == 2 * len(LAYOUT_TREES[layout][2])


@pytest.mark.parametrize("name", ["tuberlin-30", "quickdraw-30"])
def test_other_data_sets_have_their_lists(tmp_path, few_icons, name):
    classes = [*UNSEEN[name], "zzz"]
    pictures = [f"{kind}/{{}}" for kind in ("sketches", "photos")]
    root = coloured(tmp_path / "data", *(of.format for of in pictures), classes, n=2)
    evaluation = evaluate_by_protocol(mean_colour(tmp_path / "run", trained=False), Asked(
        str(root), name, accept_seen=True, ties="stable"))  # fmt: skip
    result = evaluation.rows[0].result
    assert (result.queries, result.gallery) == (60, 60)
    np.testing.assert_allclose(result.per_query_ap, expected(root, evaluation), atol=1e-9)


@pytest.mark.slow
def test_records_are_searched_as_the_folder_that_they_were_built_of(sketchy, model, tmp_path):
    own = model("sketchy-2")
    items = list_items(sketchy, LAYOUTS["sketchy_ext"])
    build_records(sketchy, items, tmp_path / "records", layout=LAYOUTS["sketchy_ext"], jobs=1)
    both = [
        evaluate_by_protocol(own, Asked(str(place), "sketchy-2"))
        for place in (sketchy, tmp_path / "records")
    ]
    first, second = (each.material for each in both)
    assert (first.query_ids, first.gallery_ids) == (second.query_ids, second.gallery_ids)
    for mine, theirs in zip(both[0].views.gallery, both[1].views.gallery, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=3)  # records hold photos as JPEG
    assert both[0].seen.line == both[1].seen.line


def test_a_split_file_says_what_searches_what(sketchy, model, tmp_path):
    items = list_items(sketchy, LAYOUTS["sketchy_ext"])
    file = write_split(make_split("sketchy-1", items), tmp_path / "split.json")
    evaluation = evaluate_by_protocol(model("sketchy-1"), Asked(split=file, protocol="sketchy-1"))
    assert evaluation.rows[0].result.queries == 75
    assert evaluate_by_protocol(model("sketchy-1"), Asked(split=file)).material.protocol.name == (
        "sketchy-1"
    )
    for asked, message in (
        (Asked(split=file, protocol="supervised"), "is not of the protocol supervised"),
        (Asked(split=file, seed=3), "seed counts where a split is drawn"),
        (Asked(split=tmp_path / "no.json"), "does not exist"),
        (Asked(split=tmp_path / "split.txt"), "--split takes the file of a split"),
    ):
        with pytest.raises(UserError, match=message):
            evaluate_by_protocol(model("sketchy-1"), asked)


def test_the_places_of_the_papers_are_among_the_figures(sketchy, model):
    evaluation = evaluate_by_protocol(model("sketchy-2"), Asked(protocol="sketchy-2", ks=(7,)))
    result = evaluation.rows[0].result
    assert list(result.map_at) == [7, 10, 100, 200]
    assert evaluation.conventions()["headline"] == ["mAP@200", "P@200"]
    assert evaluation.conventions()["AP@k"] == "over min(k, R)"


def test_flip_takes_the_smallest_of_the_four_distances(sketchy, model, tmp_path):
    """Mean colours do not change in a mirror: an encoder that looks at the left half tells."""
    own = model("sketchy-2")

    class LeftHalf:
        def predict_on_batch(self, inputs):
            return np.asarray(inputs[0], np.float32)[:, :, :12].mean(axis=(1, 2))

    root = trees.plain(tmp_path / "data", sketches=3)
    own = type(own)(*(getattr(own, name) for name in ("name", "path", "digest")), LeftHalf(),
                    own.size, own.config, own.run)  # fmt: skip
    asked = Asked(str(root), "supervised", test_sketches=1, flip=True)
    evaluation = evaluate_by_protocol(own, asked)
    queries, gallery = evaluation.views.queries, evaluation.views.gallery
    assert not np.allclose(queries[0], queries[1])
    distances = np.min(
        [((q[:, None] - g[None]) ** 2).sum(-1) for q in queries for g in gallery], axis=0
    )
    aps = []
    for row, label in zip(distances, evaluation.material.query_classes, strict=True):
        hits = np.array(evaluation.material.gallery_classes)[np.argsort(row)] == label
        ranks = np.flatnonzero(hits) + 1
        aps.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
    np.testing.assert_allclose(evaluation.rows[0].result.per_query_ap, aps)
    assert evaluation.name == "supervised.flip.data"


def test_the_validation_part_of_another_protocol_is_not_taken_over(model):
    """One sketch of each class there; here it would be a share of the classes, 1 of them all."""
    own = model("supervised", "data.validation=1")
    asked = Asked(protocol="sketchy-2", accept_seen=True)
    assert evaluate_by_protocol(own, asked).rows[0].result.queries == 63
    asked = Asked(protocol="supervised", part="validation")
    assert evaluate_by_protocol(own, asked).rows[0].result.queries == 125


WRONG = {
    "class": (Asked(protocol="tuberlin-30"), "the data lacks"),
    "name": (Asked(protocol="skechy-1"), "Did you mean 'sketchy-1'"),
    "definition": (Asked(protocol="generalised:bth"), "Did you mean 'generalised:both'"),
    "icons": (Asked("icons", "sketchy-1"), "is of a data set on disk"),
    "styles": (Asked(protocol="styles"), "is of the bundled icons alone"),
    "part": (Asked(protocol="sketchy-1", part="tset"), "part is one of test, validation"),
    "no part": (Asked(protocol="sketchy-1", part="validation"), "has no validation part"),
    "place": (Asked("/nowhere", "sketchy-1"), "/nowhere is not a folder"),
    "k": (Asked(protocol="sketchy-1", ks=(0,)), "Received: k=0"),
    "convention": (Asked(protocol="sketchy-1", convention="vok"), "Received: convention='vok'"),
    "counts": (Asked("icons", test_sketches=3), "test-sketches counts where a split is drawn"),
    "too many": (Asked(protocol="supervised", test_sketches=9), "none would be left"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_one_clear_error(model, case):
    asked, message = WRONG[case]
    with pytest.raises(UserError, match=message) as error:
        evaluate_by_protocol(model("sketchy-1"), asked)
    assert "\n" not in str(error.value)


def test_other_data_need_the_name_of_a_protocol(tmp_path, few_icons):
    root = trees.plain(tmp_path / "data")
    with pytest.raises(UserError, match="Name the protocol"):
        evaluate_by_protocol(mean_colour(tmp_path / "run"), Asked(str(root)))
