"""A configuration's optimizer and precision."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from sbir_tf.layers import DASE, GlobalContext, NonLocal, SelectiveKernel
from training.accumulation import HAS_BUILT_IN
from training.config import Config
from training.optimizers import CoupledAdam, LayeredAdam
from training.schedules import WarmupThenDecay

# None of them is in ImageNet's weights of EfficientNet-Lite.
GATES = (DASE, GlobalContext, NonLocal, SelectiveKernel)


def optimizer_of(config: Config, model: keras.Model) -> keras.optimizers.Optimizer:
    """Adam, with the weight decay, the rates and the moving averages that a configuration names.

    The moving averages are Keras's own: `fit` puts them in the weights' place when it ends, so
    that they are what is saved, evaluated and exported. Before its end, metrics and pictures
    show the weights that move, and checkpoints hold both.
    """
    spec = config.optimizer
    steps = config.steps if HAS_BUILT_IN else config.steps // spec.accumulate
    rate = WarmupThenDecay(spec.learning_rate, steps, spec.warmup, spec.decay)
    options = {"global_clipnorm": spec.clip_norm}
    if not spec.ema_momentum:
        return adam_of(config, rate, model, options)
    options |= {"use_ema": True, "ema_momentum": spec.ema_momentum}
    optimizer = adam_of(config, rate, model, options)
    # A training that continues at its very end takes no step that would do it.
    optimizer.build(model.trainable_variables)
    return optimizer


def adam_of(config: Config, rate, model: keras.Model, options: dict) -> keras.optimizers.Optimizer:
    """The Adam that does no more than a configuration needs."""
    spec = config.optimizer
    if spec.accumulate > 1 or spec.backbone_rate != 1:
        return layered(config, rate, model, options)
    if not spec.weight_decay:
        return keras.optimizers.Adam(rate, **options)
    if spec.decay_kind == "coupled":
        return CoupledAdam(rate, spec.weight_decay, head_layers(model), **options)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=spec.weight_decay, **options)
    # Kernels alone have two axes or more; those of the training head do not decay.
    head = {id(weight) for name in head_layers(model) for weight in model.get_layer(name).weights}
    optimizer.exclude_from_weight_decay(
        [w for w in model.trainable_variables if len(w.shape) < 2 or id(w) in head]
    )
    return optimizer


def layered(config: Config, rate, model: keras.Model, options: dict) -> LayeredAdam:
    """The same steps, of several batches or at two rates."""
    spec = config.optimizer
    coupled = spec.weight_decay > 0 and spec.decay_kind == "coupled"
    kind = "decay" if coupled else "kernel_decay"
    if not coupled:
        options = options | {"epsilon": keras.optimizers.Adam().epsilon}
    return LayeredAdam(
        rate,
        **{kind: spec.weight_decay},
        undecayed=head_layers(model),
        slow=pretrained_layers(config, model),
        slow_share=spec.backbone_rate,
        accumulate=spec.accumulate,
        **options,
    )


def head_layers(model: keras.Model) -> list[str]:
    """The names of the layers that training puts on the embedding: the class centres, say."""
    names = [layer.name for layer in model.layers]
    return names[names.index("embedding") + 1 :]


def pretrained_layers(config: Config, model: keras.Model) -> list[str]:
    """The names of the backbone's layers, but for gates that its weights do not have."""
    names = [layer.name for layer in model.layers]
    backbone = names[: names.index("embedding")]
    new = GATES if config.network.weights == "imagenet" else ()
    return [name for name in backbone if not isinstance(model.get_layer(name), new)]


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers made inside compute by this policy."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(name)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
