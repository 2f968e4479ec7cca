"""Rankings by each distance, against SciPy's distances."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from sbir_tf.errors import UserError
from sbir_tf.evaluation import rank, rank_distances, rank_flipped, rank_scores


@pytest.fixture
def sides():
    generator = np.random.default_rng(0)
    queries, gallery = (
        generator.standard_normal((rows, 16)).astype(np.float32) for rows in (19, 211)
    )
    return queries, generator.integers(0, 6, 19), gallery, generator.integers(0, 6, 211)


def same(one, other):
    for name in ("top", "offsets", "starts", "sizes", "hits", "places"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize(
    ("distance", "scipys"), [("euclidean", "sqeuclidean"), ("cosine", "cosine")]
)
@pytest.mark.parametrize("memory", [1, 10_000, 1 << 30])
def test_each_distance_ranks_as_scipys_does(sides, distance, scipys, memory):
    queries, labels, gallery, gallery_labels = sides
    ranked = rank(*sides, distance=distance, memory=memory)
    distances = cdist(queries.astype(float), gallery.astype(float), scipys)
    same(ranked, rank_distances([distances], labels, gallery_labels))
    expected = np.sort(distances, axis=1)[:, :200]
    np.testing.assert_allclose(ranked.top_distances, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.float32, bool])
def test_bits_rank_by_their_hamming_distance_ties_and_all(sides, kind):
    queries, labels, gallery, gallery_labels = sides
    bits = [(side > 0).astype(kind) for side in (queries, gallery)]
    distances = 16 * cdist(*bits, "hamming")
    expected = rank_distances([distances.round()], labels, gallery_labels)
    for distance in ("hamming", "euclidean"):
        same(rank(bits[0], labels, bits[1], gallery_labels, distance=distance), expected)


def test_flipped_bits_take_the_smallest_hamming_distance():
    generator = np.random.default_rng(1)
    queries, gallery = generator.integers(0, 2, (2, 9, 8)), generator.integers(0, 2, (2, 40, 8))
    labels = generator.integers(0, 3, 9), generator.integers(0, 3, 40)
    smallest = np.min([8 * cdist(q, g, "hamming") for q in queries for g in gallery], axis=0)
    ranked = rank_flipped(queries, labels[0], gallery, labels[1], distance="hamming")
    same(ranked, rank_distances([smallest.round()], *labels))


def test_whole_numbers_of_any_size_rank_as_their_distances_do():
    # Small ones are compared in float32, where their sums are exact; large ones in float64.
    generator = np.random.default_rng(2)
    for most in (3, 40, 5000):
        queries, gallery = (generator.integers(-most, most, (rows, 12)) for rows in (7, 90))
        labels = generator.integers(0, 3, 7), generator.integers(0, 3, 90)
        distances = ((queries[:, None] - gallery) ** 2).sum(axis=2)
        ranked = rank(queries, labels[0], gallery, labels[1])
        same(ranked, rank_distances([distances], *labels))


def test_large_whole_numbers_do_not_tie_by_rounding():
    # 36,000,000 + i^2: at that size neighbouring float32 numbers are 4 apart.
    gallery = np.stack([np.full(40, 6000), np.arange(40)], axis=1)
    ranked = rank([[0, 0]], [1], gallery, np.ones(40, int))
    assert ranked.starts.tolist() == list(range(40)) and set(ranked.sizes.tolist()) == {1}


def test_duplicates_in_the_gallery_tie(sides):
    queries, labels, gallery, _ = sides
    twice = np.concatenate([gallery, gallery])
    ranked = rank(queries, labels, twice, np.arange(422) % 6)
    assert set(ranked.sizes.tolist()) == {2}


def test_scores_rank_from_the_greatest(sides):
    queries, labels, gallery, gallery_labels = sides
    scores = queries @ gallery.T
    ranked = rank_scores([scores[:10], scores[10:]], labels, gallery_labels)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :200]
    np.testing.assert_array_equal(ranked.top, order)
    same(ranked, rank_distances([100 - scores.astype(float)], labels, gallery_labels))


def test_a_vector_of_zeros_is_at_distance_1_from_everything():
    ranked = rank([[1.0, 0]], [0], [[-1.0, 0], [0, 0], [5, 0]], [0, 0, 0], distance="cosine")
    assert ranked.top.tolist() == [[2, 1, 0]]
    assert ranked.top_distances.tolist() == [[0, 1, 2]]


def test_class_names_and_ids_go_with_the_rankings(sides):
    queries, labels, gallery, gallery_labels = sides
    ids = [f"q{row}" for row in range(19)]
    ranked = rank(*sides, class_names=[*"abcdef"], query_ids=ids)
    assert ranked.class_names == tuple("abcdef") and ranked.query_ids == tuple(ids)
    assert rank(*sides).class_names == tuple("012345")
    named = rank(
        queries, np.array([*"abcdef"])[labels], gallery, np.array([*"abcdef"])[gallery_labels]
    )
    assert named.class_names == tuple("abcdef")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"distance": "manhattan"}, "one of euclidean, cosine, hamming. Received: 'manhattan'"),
        ({"distance": "hamming"}, "`query_embeddings` hold other values in 19 of 19 rows: 0, 1,"),
        ({"class_names": ["a", "b"]}, "2 names: labels are 0 to 1. Received: 0 to 5"),
    ],
)
def test_what_cannot_be_ranked_is_named(sides, names, message):
    with pytest.raises(UserError, match=message):
        rank(*sides, **names)
