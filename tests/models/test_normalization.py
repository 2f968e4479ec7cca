import keras
import numpy as np
import pytest

from sbir_tf.models import efficientnet_lite, se_resnet, se_resnet18


def normalized(backbone, pixel):
    layer = backbone.get_layer("normalize")
    return np.asarray(layer(np.full((1, 1, 1, 3), pixel, np.float32)))[0, 0, 0]


# What the published weights' own preprocessing gives for white and for a grey of 51, by hand:
# ImageNet (1 - 0.485) / 0.229 = 2.2489; EfficientNet-Lite (255 - 127) / 128 = 1.
EXPECTED = {
    "imagenet": ([2.2489083, 2.4285715, 2.64], [-1.2445415, -1.1428572, -0.9155556]),
    "efficientnet_lite": ([1.0] * 3, [-0.59375] * 3),
    "small": ([0.0] * 3, [0.8] * 3),
    "unit": ([1.0] * 3, [0.2] * 3),
}
BACKBONES = {
    "imagenet": lambda **options: se_resnet18(32, **options),
    "efficientnet_lite": lambda **options: efficientnet_lite(image_size=32, **options),
    "small": lambda **options: se_resnet(32, (16,), (1,), **options),
}


@pytest.mark.parametrize("name", sorted(BACKBONES))
@pytest.mark.parametrize("normalization", ["own", "unit"])
def test_each_backbone_sees_the_pixels_that_it_was_trained_with(name, normalization):
    backbone = BACKBONES[name](normalization=normalization, gate=None)
    white, grey = EXPECTED["unit" if normalization == "unit" else name]
    np.testing.assert_allclose(normalized(backbone, 255), white, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(normalized(backbone, 51), grey, rtol=1e-5)


def test_pixels_are_normalized_in_float32_under_half_precision():
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        backbone = se_resnet(32, (16,), (1,), normalization="unit")
    finally:
        keras.mixed_precision.set_global_policy(before)
    np.testing.assert_allclose(normalized(backbone, 200.5), 200.5 / 255, rtol=1e-6)
