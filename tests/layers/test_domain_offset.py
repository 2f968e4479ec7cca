import numpy as np

from sbir_tf.layers import DomainOffset


def test_each_domain_loses_its_own_offset():
    layer = DomainOffset()
    embeddings = np.arange(12, dtype=np.float32).reshape(4, 3)
    domain = np.array([[0], [1], [1], [0]], np.float32)
    np.testing.assert_array_equal(layer([embeddings, domain]), embeddings)
    offsets = np.array([[1, 2, 3], [-10, 0, 10]], np.float32)
    layer.offsets.assign(offsets)
    expected = embeddings - offsets[[0, 1, 1, 0]]
    np.testing.assert_array_equal(layer([embeddings, domain]), expected)


def test_no_gradient_moves_the_offsets():
    layer = DomainOffset()
    layer([np.ones((2, 3), np.float32), np.ones((2, 1), np.float32)])
    assert layer.trainable_variables == []
