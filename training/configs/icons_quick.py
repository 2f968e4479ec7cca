"""EfficientNet-Lite0 with DASE gates, from ImageNet weights, on the bundled icons."""

from sbir_tf.data.augmentation import Colour, Geometry
from training.config import Config, Data, Loss, Network, Optimizer

CONFIG = Config(
    name="icons_quick",
    steps=600,
    steps_per_epoch=50,
    batch_size=64,
    data=Data(
        size=64,
        sketch=Geometry(rotation=15, zoom=(0.75, 1.15), stretch=0.2, shear=0.15, shift=0.08),
        photo=Geometry(rotation=10, zoom=(0.85, 1.25), stretch=0.15, shift=0.06),
        colour=Colour(brightness=0.1, contrast=0.2, saturation=0.4, hue=0.08, grey=0.1),
    ),
    network=Network(
        backbone="efficientnet_lite0",
        weights="imagenet",
        reduction=4,
        embedding_dim=512,
        batch_norm_momentum=0.9,
    ),
    loss=Loss(name="ems", margin=4.0, schedule="earned", center_radius=1.0),
    optimizer=Optimizer(learning_rate=1e-3, warmup=0.1),
)
