"""One step of a training, in a process of its own: `python -m tests.one_step FOLDER KEY=VALUE ...`.

Writes the weights after it: of the configuration's network as FOLDER/network.npz, and of every loss
over a few layers as FOLDER/LOSS.npz; "moved" is how far the weight that moved most did.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from sbir_tf.models import add_head
from tests.small import small, use_few_icons
from training.losses import LOSSES, loss_of, training_model
from training.networks import encoder_of
from training.sharing import shared
from training.sources import batches_of, to_train_on
from training.strategy import strategy_of

# Every class of a batch lies in the parts of two replicas.
SMALLER = ("network.widths=8", "network.depths=1", "data.classes_per_batch=2")
CLASSES = 10
# Weights move far enough to see a wrong gradient, and not so far that rounding errors are seen.
RATE = 1e-2
RATES = {"mems": 1e-4}  # squared distances have large gradients


def main(folder: Path, overrides: list[str]) -> None:
    use_few_icons(pytest.MonkeyPatch(), folder.parent / "cache")
    config = small(*SMALLER, *overrides)
    pictures = to_train_on(config.data)
    strategy = strategy_of(config)
    batches = shared(batches_of(config, pictures), strategy)
    with strategy.scope():
        keras.utils.set_random_seed(0)
        model = training_model(config, encoder_of(config, config.precision), CLASSES)
        model.compile(optimizer(config.loss.name), loss_of(config))
    step(model, batches, folder / "network.npz")
    for name, kind in LOSSES.items():
        with strategy.scope():
            keras.utils.set_random_seed(0)
            model = add_head(few_layers(config.data.size), kind.head, CLASSES, 1.0, seed=0)
            model.compile(optimizer(name), kind())
        step(model, batches, folder / f"{name}.npz")


def optimizer(loss: str) -> keras.optimizers.Optimizer:
    # Adam, or a clip, would hide that gradients are of another scale.
    return keras.optimizers.SGD(RATES.get(loss, RATE))


def few_layers(size: int) -> keras.Model:
    image, domain = keras.Input((size, size, 3), name="image"), keras.Input((1,), name="domain")
    small = keras.layers.AveragePooling2D(4)(keras.layers.Rescaling(1 / 255)(image))
    features = keras.layers.Concatenate()([keras.layers.Flatten()(small), domain])
    return keras.Model([image, domain], keras.layers.Dense(8, name="embedding")(features))


def step(model: keras.Model, batches, file: Path) -> None:
    before = model.get_weights()
    loss = model.fit(batches, steps_per_epoch=1, verbose=0).history["loss"]
    after = model.get_weights()
    moved = max(np.abs(now - then).max() for now, then in zip(after, before, strict=True))
    np.savez(file, *after, loss=loss, moved=moved)


if __name__ == "__main__":
    (to := Path(sys.argv[1])).mkdir(parents=True)
    main(to, sys.argv[2:])
