"""A small SE-ResNet with DASE gates, from scratch, on the bundled icons."""

from sbir_tf.data.augmentation import Colour, Geometry
from training.config import Config, Data, Loss, Network, Optimizer

CONFIG = Config(
    name="icons_tiny",
    steps=2400,
    steps_per_epoch=100,
    batch_size=64,
    data=Data(
        size=64,
        sketch=Geometry(rotation=15, zoom=(0.75, 1.15), stretch=0.2, shear=0.15, shift=0.08),
        photo=Geometry(rotation=10, zoom=(0.85, 1.25), stretch=0.15, shift=0.06),
        colour=Colour(brightness=0.1, contrast=0.2, saturation=0.4, hue=0.08, grey=0.1),
    ),
    network=Network(
        backbone="se_resnet",
        widths=(24, 48, 96, 160),
        depths=(1, 1, 1, 1),
        embedding_dim=128,
        batch_norm_momentum=0.9,
    ),
    loss=Loss(name="ems", margin=4.0, schedule="earned", center_radius=1.0),
    optimizer=Optimizer(learning_rate=2e-3, warmup=0.05, weight_decay=1e-4),
)
