from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from sbir_tf.models import build_encoder, efficientnet_lite, se_resnet
from tests.small import small
from training.explain.distances import Distances, own_and_other
from training.explain.embedding import Embedder
from training.explain.gates import by_stage, gates_of, numbered, statistics
from training.explain.scalars import since, tag_of
from training.explain.sheets import nearest, sheet
from training.explain.stopping import StopEarly, last_epoch, waited
from training.explain.subsets import drawn, queries_and_gallery
from training.pictures import Items
from training.position import Position


def test_the_own_distance_and_that_to_the_nearest_other_centre():
    # Centres on a line at 0, 3 and 10; of class 1, at 4: 1 from its own, 4 from the one at 0.
    centers = np.array([[0.0], [3.0], [10.0]])
    own, other = own_and_other(np.array([[4.0], [0.0]]), np.array([1, 2]), centers)
    np.testing.assert_allclose(own, [1, 10])
    np.testing.assert_allclose(other, [4, 0])


def test_distances_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    embeddings, centers, labels = (
        rng.normal(size=(6, 3)),
        rng.normal(size=(4, 3)),
        [0, 1, 2, 3, 0, 1],
    )
    own, other = own_and_other(embeddings, np.array(labels), centers)
    for row, label in enumerate(labels):
        to = [np.linalg.norm(embeddings[row] - center) for center in centers]
        assert own[row] == pytest.approx(to.pop(label))
        assert other[row] == pytest.approx(min(to))


def test_distances_are_where_the_centres_are_however_embeddings_are_compared(tmp_path):
    config = small("loss.compare=direction")
    inputs = keras.Input((24, 24, 3)), keras.Input((1,))
    embeddings = keras.layers.Flatten()(inputs[0])[:, :2]
    embedder = Embedder(keras.Model(inputs, embeddings), config)
    images = np.full((1, 24, 24, 3), 3.0, np.float32)
    items = Items(("",), images, np.array([0]), 0)
    np.testing.assert_allclose(embedder(items, 0), [[0.5**0.5, 0.5**0.5]], rtol=1e-6)
    np.testing.assert_array_equal(embedder(items, 0, raw=True), [[3, 3]])
    # At (3, 3) the centre (3, 2) is 1 away and (3, 5) is 2: a unit vector is nowhere near.
    board = Distances(embedder, (items, items), tf.Variable([[3.0, 2.0], [3.0, 5.0]]), None)
    written = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.summary, "scalar", lambda name, value, step: written.update({name: value}))
        board.write(0)
    assert written["distances/sketch/own_mean"] == pytest.approx(1)
    assert written["distances/photo/nearest_other_mean"] == pytest.approx(2)


def test_the_difference_of_gates_is_of_channel_means_and_the_bits_of_single_pictures():
    # Two channels. Sketches open the first at 0.8 on average, photos at 0.2; the second is alike.
    # With the other bit each sketch's first gate is 0.1 lower and each photo's 0.3 higher.
    sketch = np.array([[0.7, 0.5], [0.9, 0.5]])
    photo = np.array([[0.2, 0.4], [0.2, 0.6]])
    lower, higher = sketch - np.array([0.1, 0]), photo + np.array([0.3, 0])
    numbers = statistics(True, (sketch, lower), (photo, higher))
    assert numbers["sketch"] == pytest.approx(0.65)
    assert numbers["photo"] == pytest.approx(0.35)
    assert numbers["difference"] == pytest.approx((0.6 + 0.0) / 2)
    assert numbers["of_the_bit"] == pytest.approx((0.05 + 0.15) / 2)


def test_a_gate_that_does_not_know_the_domain_has_no_bit():
    gate = (np.ones((2, 2)), np.ones((2, 2)))
    assert set(statistics(False, gate, gate)) == {"sketch", "photo", "difference"}


def test_a_stage_is_the_mean_of_its_gates():
    layers = [SimpleNamespace(domain=True)] * 3
    gates = [(np.full((1, 1), value), np.full((1, 1), value)) for value in (0.2, 0.4, 0.9)]
    found = by_stage([1, 1, 2], layers, gates, gates)
    assert found[1]["sketch"] == pytest.approx(0.3)
    assert found[2]["photo"] == pytest.approx(0.9)


def test_stages_are_numbered_by_resolution():
    assert numbered([48, 48, 24, 12, 12]) == [1, 1, 2, 3, 3]


@pytest.mark.parametrize(
    "backbone",
    [
        lambda: se_resnet(24, (8, 16), (1, 2), reduction=4),
        lambda: efficientnet_lite("efficientnet_lite0", image_size=32, gate="dase", reduction=4),
    ],
    ids=["se_resnet", "efficientnet_lite0"],
)
def test_the_gates_are_seen_as_the_network_computes_them(backbone):
    from training.explain.gates import GateStatistics

    keras.utils.set_random_seed(0)
    encoder = build_encoder(backbone(), 4)
    size = encoder.inputs[0].shape[1]
    images = np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype(np.uint8)
    items = [Items(("",) * 3, images, np.zeros(3, int), bit) for bit in (0, 1)]
    found = GateStatistics(encoder, tuple(items)).gates(items[1])
    layers = gates_of(encoder)
    inside = keras.Model(encoder.inputs, [layers[-1].input[0], layers[-1].output])
    features, gated = inside([images.astype(np.float32), np.ones((3, 1), np.float32)])
    np.testing.assert_allclose(
        gated, features * found[-1][0][:, None, None, :], rtol=1e-4, atol=1e-5
    )


def test_running_means_are_taken_apart():
    # Losses 1, 2, 3 and 6: the mean of the first two is 1.5, of all four 3; of the last two 4.5.
    assert since((2, {"loss": 1.5}), (4, {"loss": 3.0})) == {"loss": 4.5}
    assert since((0, {}), (2, {"loss": 1.5})) == {"loss": 1.5}


def test_validation_has_a_tag_of_its_own():
    assert tag_of("val_map") == "validation/map"
    assert tag_of("loss") == "training/loss"


def items_of(labels, domain=0):
    images = np.zeros((len(labels), 4, 4, 3), np.uint8)
    return Items(tuple(map(str, range(len(labels)))), images, np.array(labels), domain)


def test_a_subset_is_the_same_every_time_and_has_a_picture_of_every_class_asked_for():
    queries, gallery = items_of(list(range(50))), items_of(list(range(50)) * 20, 1)
    first = queries_and_gallery(queries, gallery, 10, 30, seed=3)
    again = queries_and_gallery(queries, gallery, 10, 30, seed=3)
    other = queries_and_gallery(queries, gallery, 10, 30, seed=4)
    assert [items.keys for items in first] == [items.keys for items in again]
    assert first[0].keys != other[0].keys
    assert (len(first[0]), len(first[1])) == (10, 30)
    assert set(first[0].labels) <= set(first[1].labels)


def test_a_subset_of_few_is_all_of_them():
    np.testing.assert_array_equal(drawn(4, 10, 0), [0, 1, 2, 3])


def test_what_is_found_is_ranked_by_distance():
    found = nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 0], [1, 0], [2, 0]]))
    np.testing.assert_array_equal(found, [[1, 2, 0]])


def test_a_sheet_of_a_small_gallery_is_narrower():
    shown = sheet(items_of([0]), items_of([0, 1], 1), np.array([[1, 0]]))
    assert shown.shape == (70, 3 * 70 + 12, 3)


def test_a_training_stops_when_nothing_got_better_for_a_while():
    stop = StopEarly(patience=2)
    stop.set_model(SimpleNamespace(stop_training=False))
    for value in (0.1, 0.3, 0.2):
        stop.on_epoch_end(0, {"val_map": value})
    stop.on_epoch_end(0, {})  # not measured after this epoch
    assert not stop.model.stop_training
    later = StopEarly(patience=2)
    later.set_model(SimpleNamespace(stop_training=False))
    later.restore(stop.state())
    later.on_epoch_end(0, {"val_map": 0.3})  # as good is not better
    assert later.model.stop_training
    assert later.stopped


def test_waiting_counts_from_the_first_best():
    assert waited([]) == 0
    assert waited([0.5]) == 0
    assert waited([0.1, 0.5, 0.5, 0.4]) == 2


def test_a_training_that_had_stopped_does_not_go_on():
    config = small("steps=6", "steps_per_epoch=2")
    position, stop = Position(2), StopEarly(patience=1)
    position.step = 4
    assert last_epoch(config, [stop], position) == 3
    stop.restore({"measured": [0.2, 0.1]})
    assert last_epoch(config, [stop], position) == position.epoch == 2
