import keras
import numpy as np
import pytest

from sbir_tf.models import add_class_centers, add_head, build_encoder, se_resnet


def count_by_hand(widths, depths, reduction):
    """Weights of each convolution, batch-norm (4 a channel) and gate, added up."""
    total = 3 * 3 * 3 * widths[0] + 4 * widths[0]
    before = widths[0]
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            total += 9 * before * width + 4 * width + 9 * width * width + 4 * width
            if before != width or (stage > 0 and block == 0):
                total += before * width + 4 * width
            squeezed = width // reduction
            total += width * squeezed + squeezed + (squeezed + 1) * width + width
            before = width
    return total


@pytest.mark.parametrize(
    ("widths", "depths"), [((16, 32), (1, 1)), ((16, 32, 32), (2, 1, 2)), ((16,), (3,))]
)
def test_width_and_depth_give_the_number_of_weights_counted_by_hand(widths, depths):
    network = se_resnet(32, widths, depths, reduction=8)
    assert network.count_params() == count_by_hand(widths, depths, 8)


def test_gates_can_be_plain_or_left_out():
    sizes = [se_resnet(32, (16,), (1,), gate, 8).count_params() for gate in ("dase", "se", None)]
    assert sizes[0] - sizes[1] == 16  # the bit's row
    assert sizes[1] > sizes[2]


def test_the_domain_changes_the_embedding_with_dase_and_not_with_se():
    picture = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3))
    for gate, changes in (("dase", True), ("se", False)):
        keras.utils.set_random_seed(0)
        encoder = build_encoder(se_resnet(32, (16, 32), (1, 1), gate, 8), 8)
        sketch, photo = (encoder([picture, np.array([[bit]])]).numpy() for bit in (0.0, 1.0))
        assert bool(np.abs(sketch - photo).max() > 1e-4) == changes


def test_the_training_heads_have_the_shapes_that_the_losses_read():
    encoder = build_encoder(se_resnet(32, (16,), (1,)), 8)
    batch = [np.zeros((2, 32, 32, 3)), np.zeros((2, 1))]
    squared = add_class_centers(encoder, 5, seed=0)(batch)
    assert squared.shape == (2, 5)
    assert squared.dtype == "float32"
    assert add_head(encoder, "classifier", 5)(batch).shape == (2, 5)


def test_a_network_saved_as_keras_comes_back_the_same(tmp_path):
    encoder = build_encoder(se_resnet(32, (16, 32), (1, 1)), 8)
    model = add_class_centers(encoder, 5, radius=2.0, seed=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    batch = [np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)), np.array([[0.0], [1.0]])]
    np.testing.assert_allclose(again(batch), model(batch), rtol=1e-6)
