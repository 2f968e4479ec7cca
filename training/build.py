"""A configuration's optimizer, devices and precision."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from training.config import Config
from training.optimizers import CoupledAdam
from training.schedules import WarmupThenDecay


def optimizer_of(config: Config, model: keras.Model) -> keras.optimizers.Optimizer:
    """Adam, with the weight decay that the configuration names."""
    spec = config.optimizer
    rate = WarmupThenDecay(spec.learning_rate, config.steps, spec.warmup, spec.decay)
    clip = {"global_clipnorm": spec.clip_norm}
    if not spec.weight_decay:
        return keras.optimizers.Adam(rate, **clip)
    if spec.decay_kind == "coupled":
        return CoupledAdam(rate, spec.weight_decay, head_layers(model), **clip)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=spec.weight_decay, **clip)
    # Kernels alone have two axes or more; those of the training head do not decay.
    head = {id(weight) for name in head_layers(model) for weight in model.get_layer(name).weights}
    optimizer.exclude_from_weight_decay(
        [w for w in model.trainable_variables if len(w.shape) < 2 or id(w) in head]
    )
    return optimizer


def head_layers(model: keras.Model) -> list[str]:
    """The names of the layers that training puts on the embedding: the class centres, say."""
    names = [layer.name for layer in model.layers]
    return names[names.index("embedding") + 1 :]


def strategy_of(config: Config) -> tf.distribute.Strategy:
    """MirroredStrategy over all GPUs, or over `replicas` logical CPUs where there is none."""
    if tf.config.list_physical_devices("GPU"):
        return tf.distribute.MirroredStrategy()
    if config.replicas > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * config.replicas
        tf.config.set_logical_device_configuration(cpu, logical)
    return tf.distribute.MirroredStrategy([f"CPU:{n}" for n in range(config.replicas)])


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers made inside compute by this policy."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
