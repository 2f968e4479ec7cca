import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.evaluation import evaluate, evaluate_distances, evaluate_flipped
from sbir_tf.evaluation.distances import Distances


@pytest.fixture(scope="module")
def views():
    """Queries and gallery, each as they are and mirrored."""
    random = np.random.default_rng(0)
    return random.normal(size=(2, 7, 5)), random.normal(size=(2, 11, 5))


def smallest_by_definition(queries, gallery):
    distances = np.empty((queries.shape[1], gallery.shape[1]))
    for q in range(queries.shape[1]):
        for g in range(gallery.shape[1]):
            distances[q, g] = min(
                np.sum((queries[a, q] - gallery[b, g]) ** 2) for a in (0, 1) for b in (0, 1)
            )
    return distances


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_the_distance_is_the_smallest_of_the_four(views, rows):
    blocks = [block.copy() for block in Distances(*views, "euclidean").blocks(rows)]
    assert len(blocks[0]) == min(rows, 7)
    expected = smallest_by_definition(*views)
    np.testing.assert_allclose(np.concatenate(blocks), expected, rtol=1e-12)


def test_metrics_are_those_of_the_smallest_distances(views):
    labels, gallery_labels = np.arange(7) % 3, np.arange(11) % 3
    result = evaluate_flipped(views[0], labels, views[1], gallery_labels, ks=(2, 5))
    expected = evaluate_distances(
        [smallest_by_definition(*views)], labels, gallery_labels, ks=(2, 5)
    )
    assert result.to_json() == expected.to_json()
    plain = evaluate(views[0][0], labels, views[1][0], gallery_labels, ks=(2, 5))
    assert result.map_all != plain.map_all


def test_which_of_the_two_is_mirrored_changes_nothing(views):
    labels, gallery_labels = np.arange(7) % 3, np.arange(11) % 3
    one = evaluate_flipped(views[0], labels, views[1], gallery_labels)
    other = evaluate_flipped(views[0][::-1], labels, views[1][::-1], gallery_labels)
    assert one.map_all == other.map_all


@pytest.mark.parametrize(
    ("queries", "gallery", "said"),
    [
        ([(7, 5)], [(11, 5)] * 2, r"two of one shape.*\(7, 5\)"),
        ([(7, 5), (6, 5)], [(11, 5)] * 2, r"Received: \(7, 5\), \(6, 5\)"),
        ([(7, 5)] * 2, [(11, 4)] * 2, "same dimension. Received: 5 and 4"),
        ([(7, 5)] * 2, [(10, 5)] * 2, "same length. Received: 10 and 11"),
    ],
)
def test_views_that_do_not_fit_are_refused(queries, gallery, said):
    with pytest.raises(UserError, match=said):
        evaluate_flipped(
            [np.ones(shape) for shape in queries],
            np.zeros(7),
            [np.ones(shape) for shape in gallery],
            np.zeros(11),
        )
