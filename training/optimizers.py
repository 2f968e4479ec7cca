"""Adam with the weight decay of the published runs."""

import keras


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
        # Keras 3 also gives the learning rate, and calls a variable's full name its path.
        layers = getattr(variable, "path", variable.name).split("/")
        if not set(layers) & set(self.undecayed):
            gradient = gradient + self.decay * variable
        return super().update_step(gradient, variable, *args)

    def get_config(self):
        return super().get_config() | {"decay": self.decay, "undecayed": self.undecayed}
