"""Features files: which arrays are taken for what, what is refused, and all conventions at once."""

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.evaluation import CONVENTIONS, TIES, evaluate
from sbir_tf.evaluation.every_convention import every_convention, shared_metrics
from sbir_tf.evaluation.features import read_features
from sbir_tf.evaluation.rank_features import rank_features
from sbir_tf.evaluation.spellings import role_of

NAMES = np.array(["ant", "bee", "cat"])


def arrays(seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, 9), generator.integers(0, 3, 40)
    features = generator.standard_normal((9, 8)), generator.standard_normal((40, 8))
    return {
        "query_features": features[0].astype(np.float32),
        "query_labels": labels[0],
        "gallery_features": features[1].astype(np.float32),
        "gallery_labels": labels[1],
    }


@pytest.fixture
def written(tmp_path):
    def write(**changes):
        kept = {name: value for name, value in (arrays() | changes).items() if value is not None}
        np.savez(tmp_path / "features.npz", **kept)
        return tmp_path / "features.npz"

    return write


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (("query", "features"), "query_features queries queryFeat qf sketch_emb sk q_f X_query"),
        (("gallery", "features"), "gallery_features gallery photos imgs_feat gf db database_codes"),
        (("query", "labels"), "query_labels ql sketchLabels sk_cls y_query query_class_names"),
        (("gallery", "labels"), "gallery_labels gl photo_label im_targets db-y GalleryClasses"),
        (("query", "ids"), "query_ids sketch_paths q_files query_names"),
        ("distances", "distances distmat dist dist_matrix"),
        ("scores", "scores similarity sim sim_matrix"),
        ("class_names", "class_names classes classNames"),
        (None, "note centers center_classes query_rows features labels x query_gallery_labels"),
    ],
)
def test_usual_spellings_are_known(role, names):
    assert {name: role_of(name) for name in names.split()} == dict.fromkeys(names.split(), role)


def test_a_file_scores_as_its_arrays_do(written):
    path = written(note=np.array(["ours"]))
    features = read_features(path)
    assert features.arrays["query features"] == "query_features"
    assert features.unused == ("note",)
    rankings, by = rank_features(features)
    assert by == "euclidean"
    expected = evaluate(
        *(arrays()[f"{side}_{kind}"] for side in ("query", "gallery") for kind in FEATURES_LABELS)
    )
    assert rankings.result().to_json() == expected.to_json()


FEATURES_LABELS = ("features", "labels")


@pytest.mark.parametrize(
    "as_written",
    [
        lambda labels: labels.astype(np.float32),
        lambda labels: labels[:, None],
        lambda labels: labels[None],
        lambda labels: np.eye(3)[labels],
        lambda labels: np.eye(3, dtype=bool)[labels],
        lambda labels: labels.astype(np.uint8),
    ],
)
def test_labels_as_columns_as_floats_and_one_hot_are_labels(written, as_written):
    changes = {f"{side}_labels": as_written(arrays()[f"{side}_labels"]) for side in SIDES}
    features = read_features(written(**changes))
    for side in SIDES:
        found = getattr(features, f"{side}_labels")
        np.testing.assert_array_equal(found, arrays()[f"{side}_labels"])


SIDES = ("query", "gallery")


@pytest.mark.parametrize("kind", [str, bytes])
def test_labels_may_be_text(written, kind):
    changes = {f"{side}_labels": NAMES[arrays()[f"{side}_labels"]] for side in SIDES}
    if kind is bytes:
        changes = {name: value.astype("S") for name, value in changes.items()}
    features = read_features(written(**changes))
    rankings, _ = rank_features(features)
    assert rankings.class_names == tuple(NAMES)
    numbered, _ = rank_features(read_features(written(class_names=NAMES)))
    assert rankings.result().to_json() == numbered.result().to_json()


@pytest.mark.parametrize(
    "as_written",
    [
        lambda bits: bits,
        lambda bits: bits.astype(np.float32),
        lambda bits: np.where(bits, 1, -1).astype(np.int8),
        lambda bits: np.where(bits, 1.0, -1.0),
    ],
)
def test_bits_and_signs_are_ranked_by_hamming_distance(written, as_written):
    changes = {f"{side}_features": as_written(arrays()[f"{side}_features"] > 0) for side in SIDES}
    features = read_features(written(**changes))
    rankings, by = rank_features(features)
    assert by == "hamming"
    bits = [arrays()[f"{side}_features"] > 0 for side in SIDES]
    first = (bits[0][0] != bits[1]).sum(axis=1)
    np.testing.assert_array_equal(rankings.top_distances[0], np.sort(first))
    assert rank_features(features, "euclidean")[1] == "euclidean"


@pytest.mark.parametrize(("name", "sign"), [("distances", 1), ("similarity", -1)])
def test_distances_and_scores_are_ranked_as_they_are(written, name, sign):
    features = [arrays()[f"{side}_features"].astype(float) for side in SIDES]
    distances = ((features[0][:, None] - features[1]) ** 2).sum(axis=2)
    none = dict.fromkeys(f"{side}_features" for side in SIDES)
    given, by = rank_features(read_features(written(**none, **{name: sign * distances})))
    assert by == ("distances" if sign > 0 else "scores")
    expected, _ = rank_features(read_features(written()))
    assert given.result().to_json() == expected.result().to_json()
    with pytest.raises(UserError, match="not features: leave the distance out"):
        rank_features(read_features(written(**none, **{name: sign * distances})), "cosine")


def test_labels_that_the_gallery_lacks_are_named_and_their_queries_left_out(written):
    labels = arrays()["query_labels"].copy()
    labels[[2, 5]] = 77, 78
    features = read_features(written(query_labels=labels))
    assert features.unknown_labels == ("77", "78")
    assert rank_features(features)[0].result().excluded == 2


def holed(rows, value):
    features = arrays()["gallery_features"].copy()
    features[rows, 3] = value
    return features


OBJECTS = np.array([["a"], ["b", "c"]], dtype=object)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query_labels": np.arange(8)}, "query_features and query_labels must .* 9 and 8$"),
        ({"gallery_labels": np.arange(8)}, "gallery_features and gallery_labels must .* 40 and 8$"),
        ({"gallery_ids": np.arange(8)}, "gallery_features and gallery_ids must .* 40 and 8$"),
        (
            {"gallery_features": holed([4, 9], np.nan)},
            "gallery_features has NaN, infinite or huge values in 2 of 40 rows: 4, 9$",
        ),
        ({"gallery_features": holed(39, np.inf)}, "NaN, .* in 1 of 40 rows: 39$"),
        ({"query_features": np.zeros((9, 5))}, "has 5 dimensions .* has 8: they are of different"),
        ({"gallery_features": np.zeros((0, 8))}, r"gallery_features is empty: .* shape \(0, 8\)$"),
        ({"query_features": np.zeros((9, 2, 4))}, r"must be a table of numbers.*\(9, 2, 4\)"),
        ({"query_features": None}, "has no query features: name the arrays .* Received: query_lab"),
        ({"query_labels": None, "gallery_labels": None}, "no query labels, no gallery labels:"),
        ({"sketches": np.zeros((9, 8))}, "query_features and sketches may both be the query feat"),
        ({"query_labels": NAMES[[0] * 9]}, "query_labels and gallery_labels must be of one kind"),
        ({"query_labels": np.linspace(0, 1, 9)}, "must be a list of whole numbers or of text"),
        ({"query_labels": np.ones((9, 3))}, "not one-hot: .* none in 9 rows: 0, 1, 2, 3, 4, ...$"),
        ({"query_labels": OBJECTS}, "query_labels holds Python objects, which are not read: save"),
        ({"query_ids": np.zeros((9, 2))}, "query_ids must be a list of text"),
    ],
)
def test_a_file_that_cannot_be_scored_is_named_with_its_array(written, changes, message):
    path = written(**changes)
    with pytest.raises(UserError, match=message) as error:
        read_features(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_queries_of_other_classes_only_are_refused(written):
    features = read_features(written(query_labels=np.full(9, 7)))
    with pytest.raises(
        UserError, match=r"no query label occurs in the gallery. Received: 7 against"
    ):
        rank_features(features)


def test_what_is_no_npz_file_is_refused(tmp_path, written):
    with pytest.raises(UserError, match=r"is no file: --features takes an .npz file"):
        read_features(tmp_path / "missing.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(UserError, match=r"is no .npz file: write one with np.savez\("):
        read_features(tmp_path / "one.npy")
    path = written()
    damaged = bytearray(path.read_bytes())
    damaged[300:400] = bytes(100)
    path.write_bytes(damaged)
    with pytest.raises(UserError, match="is damaged"):
        read_features(path)


def test_an_unknown_distance_names_the_nearest(written):
    with pytest.raises(UserError, match=r"'euclid'. Did you mean 'euclidean'"):
        rank_features(read_features(written()), "euclid")


def test_every_convention_has_a_line_and_each_is_what_evaluate_says(written):
    rankings, _ = rank_features(read_features(written()))
    lines = every_convention(rankings, ks=(5,))
    assert [(line.convention, line.ties) for line in lines] == [(c, "any") for c in CONVENTIONS]
    for line in lines:
        expected = rankings.result((5,), line.convention, "stable")
        assert line.map_all.mean == pytest.approx(expected.map_all)
        assert line.map_at == pytest.approx(expected.map_at)
        assert line.precision_at == pytest.approx(expected.precision_at)
        assert line.map_all.low <= line.map_all.mean <= line.map_all.high
    assert {code for line in lines for code in line.used_by} >= {"SAKE", "torchmetrics", "GDH"}


def test_tied_rankings_have_a_line_for_each_treatment(written):
    changes = {f"{side}_features": arrays()[f"{side}_features"] > 0 for side in SIDES}
    rankings, _ = rank_features(read_features(written(**changes)))
    lines = {(line.convention, line.ties): line for line in every_convention(rankings, (5,))}
    assert set(lines) == {
        (convention, ties)
        for convention in CONVENTIONS
        for ties in TIES
        if (convention, ties) not in (("voc", "expected"), ("zse", "expected"))
    }
    assert lines["exact", "grouped"].used_by == ("doodle2search", "scikit-learn")
    for (convention, ties), line in lines.items():
        expected = rankings.average_precision(5, convention, ties).mean()
        assert line.map_at[5] == pytest.approx(expected)
    shared = shared_metrics(rankings, (5,))
    assert [one.ties for one in shared] == list(TIES)
    assert shared[0].mrr == pytest.approx(rankings.reciprocal_rank().mean())


def test_k_of_0_is_refused_by_the_table(written):
    rankings, _ = rank_features(read_features(written()))
    for table in (every_convention, shared_metrics):
        with pytest.raises(UserError, match=r"1 or more. Received: k=0"):
            table(rankings, (10, 0))
