"""Adam with the weight decay of the published runs, and with rates of its own for layers."""

import keras

from training.accumulation import Accumulating


@keras.saving.register_keras_serializable(package="sbir_tf")
class CoupledAdam(keras.optimizers.Adam):
    """Adam whose weight decay is part of the gradient, as in `torch.optim.Adam`:

        g <- g + decay * w,    then Adam's step with g

    which is the step of `loss + decay / 2 ||w||^2`: Adam's running means see the decay, while
    AdamW's do not. All weights decay, biases and norms too, but those of the layers named.
    Keras adds epsilon before its bias correction and torch after: from equal gradients the two
    differ only where these are about as small as epsilon.

    Args:
        learning_rate: A number or a schedule.
        decay: Weight of the decay.
        undecayed: Names of layers whose weights do not decay.
        epsilon: torch's default; Keras's own is ten times as large.

    Reference:
        Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019, algorithm 2.
    """

    def __init__(self, learning_rate=1e-3, decay=0.0, undecayed=(), epsilon=1e-8, **kwargs):
        super().__init__(learning_rate=learning_rate, epsilon=epsilon, **kwargs)
        self.decay = decay
        self.undecayed = tuple(undecayed)

    def update_step(self, gradient, variable, *args):
        # Keras 3 also gives the learning rate.
        if self.decay and not lies_in(variable, self.undecayed):
            gradient = gradient + self.decay * variable
        return super().update_step(gradient, variable, *args)

    def get_config(self):
        return super().get_config() | {"decay": self.decay, "undecayed": self.undecayed}


@keras.saving.register_keras_serializable(package="sbir_tf")
class LayeredAdam(Accumulating, CoupledAdam):
    """Adam of one step in several batches, some of whose layers learn more slowly.

    The layers named have a share of the learning rate, and so of the decoupled decay. It is one
    optimizer: gradients are clipped together, moving averages and checkpoints are Keras's own.
    With tensorflow-addons' `MultiOptimizer` each part clips its own gradients, the state of its
    optimizers is missing from checkpoints, and Keras does not take over its moving averages.

    Args:
        learning_rate: A number or a schedule.
        kernel_decay: Weight of the decoupled decay, as AdamW's: of weights with two axes or more.
        slow: Names of the layers that learn more slowly.
        slow_share: Their share of the learning rate.
        accumulate: Batches a step.
        decay, undecayed, epsilon: As of `CoupledAdam`; neither decay is of the layers named.
    """

    share = 1.0  # of the weight that is being moved

    def __init__(self, learning_rate=1e-3, kernel_decay=0.0, slow=(), slow_share=1.0, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.kernel_decay = kernel_decay
        self.slow = tuple(slow)
        self.slow_share = slow_share

    @property
    def learning_rate(self):
        rate = super().learning_rate
        return rate if self.share == 1.0 else self.share * rate

    def update_step(self, gradient, variable, *args):
        self.share = self.slow_share if lies_in(variable, self.slow) else 1.0
        args = [rate * self.share for rate in args]  # of Keras 3
        rate = args[0] if args else self.learning_rate
        if self.kernel_decay and len(variable.shape) > 1 and not lies_in(variable, self.undecayed):
            variable.assign_sub(variable * self.kernel_decay * rate)
        super().update_step(gradient, variable, *args)
        self.share = 1.0

    def get_config(self):
        return super().get_config() | {
            "kernel_decay": self.kernel_decay,
            "slow": self.slow,
            "slow_share": self.slow_share,
        }


def lies_in(variable, layers) -> bool:
    """Whether a weight belongs to one of the layers named."""
    # Keras 3 calls a variable's full name its path.
    return bool(set(getattr(variable, "path", variable.name).split("/")) & set(layers))
