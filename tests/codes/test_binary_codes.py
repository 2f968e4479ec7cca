import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbir_tf.codes import BinaryCodes
from sbir_tf.errors import UserError
from sbir_tf.evaluation import evaluate, evaluate_distances


def random_codes(dimension=5, bits=16, seed=0):
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal((dimension, bits)).astype(np.float32)
    return BinaryCodes(kernel, rng.standard_normal(bits).astype(np.float32), "random")


def embeddings(count, dimension=5, seed=1):
    return np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)


def test_a_bit_says_whether_its_output_is_positive():
    codes, rows = random_codes(), embeddings(7)
    expected = [
        [float(row @ codes.kernel[:, bit]) + codes.bias[bit] > 0 for bit in range(16)]
        for row in rows
    ]
    np.testing.assert_array_equal(codes.bits(rows), expected)


def test_zero_is_not_positive():
    codes = BinaryCodes(np.eye(8, dtype=np.float32), np.zeros(8, np.float32), "by hand")
    rows = np.zeros((1, 8), np.float32)
    rows[0, 2] = 1
    assert codes.bits(rows).tolist() == [[False, False, True, *[False] * 5]]
    assert codes.pack(rows).tolist() == [[0b00100000]]


@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 99))
def test_packed_codes_unpack_to_the_bits(octets, count, seed):
    codes, rows = random_codes(bits=8 * octets, seed=seed), embeddings(count, seed=seed)
    packed = codes.pack(rows)
    assert packed.shape == (count, octets)
    assert packed.dtype == np.uint8
    np.testing.assert_array_equal(np.unpackbits(packed, axis=1), codes.bits(rows))


def test_bits_evaluated_as_numbers_rank_by_hamming_distance():
    codes = random_codes(bits=8)
    queries, gallery = embeddings(9), embeddings(40, seed=2)
    labels = np.arange(9) % 3, np.arange(40) % 3
    distances = [[[int(np.sum(q != g)) for g in codes.bits(gallery)] for q in codes.bits(queries)]]
    by_loop = evaluate_distances(map(np.array, distances), *labels, ks=(5,))
    bits = [codes.bits(rows).astype(np.uint8) for rows in (queries, gallery)]
    by_bits = evaluate(bits[0], labels[0], bits[1], labels[1], ks=(5,))
    assert len({value for row in distances[0] for value in row}) < 9  # ties there are
    assert by_bits.map_all == pytest.approx(by_loop.map_all, abs=1e-12)
    np.testing.assert_allclose(by_bits.per_query_ap, by_loop.per_query_ap)


@pytest.mark.parametrize("bits", [0, 4, 12, 33])
def test_bits_that_do_not_fill_bytes_are_refused(bits):
    with pytest.raises(UserError, match=r"multiple of 8|table of floats"):
        BinaryCodes(np.ones((5, bits), np.float32), np.ones(bits, np.float32), "by hand")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.ones((2, 6), np.float32), r"dimension 5\. Received: dimension 6"),
        (np.ones(5, np.float32), r"Received: shape \(5,\)"),
        (np.ones((2, 5), int), "int64"),
        (np.array([[0, 0, 0, 0, 0], [0, 1, np.nan, 0, 0]]), "in 1 of 2 rows.* row 1"),
        (np.full((1, 5), np.inf), "infinite"),
    ],
)
def test_wrong_embeddings_are_refused(rows, said):
    with pytest.raises(UserError, match=said):
        random_codes().pack(rows)


def test_a_bias_of_another_length_is_refused():
    with pytest.raises(UserError, match=r"one value a bit\. Received: 7 values"):
        BinaryCodes(np.ones((5, 8), np.float32), np.ones(7, np.float32), "by hand")
