import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.layers import ClassCenters
from sbir_tf.models import add_class_centers, add_head

SHAPES = {
    "centers": (3, 5),
    "classifier": (3, 5),
    "classifier_and_centers": (3, 2, 5),
    "angles": (3, 3, 5),
    "embeddings": (3, 4),
}
IMAGES = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)


@pytest.fixture
def encoder():
    image = keras.Input((6,))
    return keras.Model(image, keras.layers.Dense(4, name="embedding")(image))


@pytest.mark.parametrize("head", SHAPES)
def test_a_head_outputs_what_its_losses_read(encoder, head):
    model = add_head(encoder, head, classes=5)
    assert model.output_shape == (None, *SHAPES[head][1:])
    assert model(IMAGES).shape == SHAPES[head]


def test_stacked_planes_are_logits_then_squared_distances(encoder):
    model = add_head(encoder, "classifier_and_centers", classes=5, radius=2.0)
    embeddings = encoder(IMAGES)
    planes = model(IMAGES).numpy()
    logits = model.get_layer("classifier")(embeddings)
    squared = model.get_layer("class_centers")(embeddings)
    np.testing.assert_allclose(planes, np.stack([logits, squared], axis=1), rtol=1e-6)


def test_class_centers_is_the_head_of_mems(encoder):
    model = add_class_centers(encoder, classes=5, radius=2.0, seed=3)
    layer = model.get_layer("class_centers")
    assert isinstance(layer, ClassCenters)
    assert (layer.radius, layer.seed) == (2.0, 3)


def test_an_unknown_head_names_the_nearest(encoder):
    with pytest.raises(UserError, match=r"no head 'angels'. Did you mean 'angles'"):
        add_head(encoder, "angels", classes=5)
