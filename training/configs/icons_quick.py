"""EfficientNet-Lite0 with DASE gates, from ImageNet weights, on the bundled icons.

    sbir train icons_quick

About five minutes on two cores without a GPU (AMD EPYC, TensorFlow 2.15.1, float32: with
mixed_bfloat16 this network is slower and finds no better, see docs/speed.md).
Expected on the test part of the `styles` split: see docs/results.md. Settings were chosen on the
validation part: see docs/margins.md.
"""

from sbir_tf.data.augmentation import Colour, Geometry
from training.config import Config, Data, Loss, Network, Optimizer

CONFIG = Config(
    name="icons_quick",
    steps=950,
    steps_per_epoch=50,
    batch_size=64,
    data=Data(
        size=64,
        sketch=Geometry(rotation=8, zoom=(0.85, 1.1), stretch=0.1, shear=0.05, shift=0.04),
        photo=Geometry(rotation=5, zoom=(0.9, 1.15), stretch=0.05, shift=0.03),
        colour=Colour(brightness=0.1, contrast=0.2, saturation=0.2, hue=0.05),
    ),
    network=Network(
        backbone="efficientnet_lite0",
        weights="imagenet",
        reduction=4,
        embedding_dim=512,
        batch_norm_momentum=0.9,
    ),
    loss=Loss(name="ems", schedule="earned", center_radius=10.0),
    optimizer=Optimizer(learning_rate=3e-3, warmup=0.1),
)
