"""A configuration made into networks, losses and optimizers."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from sbir_tf.losses import EMS, MEMS
from sbir_tf.models import (
    add_class_centers,
    add_linear_classifier,
    build_encoder,
    efficientnet_lite,
    load_imagenet,
    se_resnet,
)
from training.config import Config
from training.schedules import WarmupThenDecay


def encoder_of(config: Config, precision: str, pretrained: bool = False) -> keras.Model:
    """The encoder of a configuration, computing in `precision`.

    Args:
        config: The configuration.
        precision: "float32" or "mixed_bfloat16".
        pretrained: Bring the published weights if the configuration names any.
    """
    network = config.network
    with dtype_policy(precision):
        if network.backbone == "se_resnet":
            backbone = se_resnet(
                config.data.size,
                network.widths,
                network.depths,
                network.gate,
                network.reduction,
                network.squeeze_activation,
                network.batch_norm_momentum,
            )
        else:
            backbone = efficientnet_lite(
                network.backbone,
                config.data.size,
                network.gate,
                network.reduction,
                network.batch_norm_momentum,
            )
            if pretrained and network.weights:
                load_imagenet(backbone)
        return build_encoder(backbone, network.embedding_dim)


def loss_of(config: Config) -> keras.losses.Loss:
    """The loss of a configuration, over (labels, what the training head outputs)."""
    if config.loss.name == "softmax":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return {"mems": MEMS, "ems": EMS}[config.loss.name](config.loss.margin)


def training_model(config: Config, encoder: keras.Model, classes: int) -> keras.Model:
    """The encoder with the head that the loss needs."""
    if config.loss.name == "softmax":
        return add_linear_classifier(encoder, classes)
    return add_class_centers(encoder, classes, config.loss.center_radius, config.seed)


def accuracy_of(config: Config) -> keras.metrics.Metric:
    """Share of items whose own class centre is the nearest (for softmax: the most likely)."""
    if config.loss.name == "softmax":
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return keras.metrics.MeanMetricWrapper(nearest_center, name="accuracy")


def nearest_center(labels, squared_distances):
    """1 where the nearest centre is the item's own, else 0: (B,)."""
    nearest = tf.argmin(squared_distances, axis=-1, output_type=tf.int32)
    return tf.cast(tf.equal(tf.reshape(tf.cast(labels, tf.int32), [-1]), nearest), tf.float32)


def optimizer_of(config: Config, model: keras.Model) -> keras.optimizers.Optimizer:
    """Adam, or AdamW that leaves centres, biases, gates' biases and norms undecayed."""
    spec = config.optimizer
    rate = WarmupThenDecay(spec.learning_rate, config.steps, spec.warmup, spec.decay)
    if not spec.weight_decay:
        return keras.optimizers.Adam(rate, global_clipnorm=spec.clip_norm)
    optimizer = keras.optimizers.AdamW(
        rate, weight_decay=spec.weight_decay, global_clipnorm=spec.clip_norm
    )
    # Kernels alone have two axes or more, but for the centres.
    optimizer.exclude_from_weight_decay(
        [w for w in model.trainable_variables if len(w.shape) < 2 or "centers" in w.name]
    )
    return optimizer


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
