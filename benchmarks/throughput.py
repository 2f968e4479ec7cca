"""Does the input pipeline starve the training?

    python -m benchmarks.throughput [CONFIG]

Times `model.fit` on the real pipeline and on one batch held in memory, in turn in one process, and
prints images a second of both and the median of the pairs' ratios.
"""

import sys
import time

import numpy as np
import tensorflow as tf

from sbir_tf.data.pipeline import Augmentation, training_batches
from training.build import optimizer_of
from training.config import load_config
from training.losses import loss_of, metrics_of, training_model
from training.machine import describe
from training.networks import encoder_of
from training.pictures import training_pictures

PAIRS, STEPS = 7, 30


def main() -> None:
    config = load_config(sys.argv[1] if len(sys.argv) > 1 else "icons_quick")
    pictures = training_pictures(config.data)
    augmentation = Augmentation(config.data.sketch, config.data.photo, config.data.colour)
    batches = training_batches(pictures, config.batch_size, augmentation, config.seed)
    held = tf.data.Dataset.from_tensors(next(iter(batches))).repeat()
    encoder = encoder_of(config, config.precision)
    model = training_model(config, encoder, len(pictures.class_names))
    loss = loss_of(config)
    model.compile(optimizer_of(config, model), loss, metrics=metrics_of(loss))

    def images_a_second(dataset):
        began = time.perf_counter()
        model.fit(dataset, steps_per_epoch=STEPS, verbose=0)
        return STEPS * config.batch_size / (time.perf_counter() - began)

    for dataset in (batches, held):
        images_a_second(dataset)
    pairs = np.array([[images_a_second(d) for d in (batches, held)] for _ in range(PAIRS)])
    real, memory = np.median(pairs, axis=0)
    ratio = pairs[:, 0] / pairs[:, 1]
    print(f"{config.name}, {describe('tensorflow')}")
    print(f"pipeline {real:.0f} images/s, one batch in memory {memory:.0f} images/s")
    print(f"ratio {np.median(ratio):.3f} (of {PAIRS} pairs: {min(ratio):.3f} to {max(ratio):.3f})")


if __name__ == "__main__":
    main()
