"""The weights of a network, each with the names that files may give it."""

from collections.abc import Iterator
from dataclasses import dataclass

import keras

from sbir_tf.models.weights.read_keras import storage_names

GATES = ("_se", "_dase", "_gc", "_sk", "_non_local")


@dataclass(frozen=True)
class Weight:
    """One weight of a network.

    Attributes:
        layer: Name of its layer, such as "layer1_0_conv1".
        name: Its own name in the layer, such as "kernel", or "norm/gamma" of a layer inside.
        variable: The weight itself.
        in_keras_files: The names that `read_keras` may give it.
        sees_domain: Whether its layer is a gate that sees the domain bit.
    """

    layer: str
    name: str
    variable: object
    in_keras_files: tuple[str, ...]
    sees_domain: bool

    @property
    def key(self) -> str:
        return f"{self.layer}/{self.name}"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.variable.shape)

    @property
    def of_gate(self) -> bool:
        # SK stands where a convolution stood, and brings a dilated twin of it.
        return self.layer.endswith(GATES) or "_dilated" in self.layer

    @property
    def of_se(self) -> bool:
        return self.layer.endswith(("_se", "_dase"))


def weights_of(network: keras.Model) -> list[Weight]:
    """Every weight of a functional network, in the order of its layers."""
    places = storage_names(type(layer).__name__ for layer in network.layers)
    return [
        weight
        for layer, place in zip(network.layers, places, strict=True)
        for weight in _weights(layer, place)
    ]


def _weights(layer: keras.layers.Layer, place: str) -> Iterator[Weight]:
    inner = {
        name: value for name, value in vars(layer).items() if isinstance(value, keras.layers.Layer)
    }
    # By identity: comparing variables compares their values.
    within = {id(weight) for value in inner.values() for weight in value.weights}
    own = [weight for weight in layer.weights if id(weight) not in within]
    for prefix, stored, weights in [
        ("", "vars", own),
        *((f"{name}/", f"{name}/vars", value.weights) for name, value in inner.items()),
    ]:
        for number, variable in enumerate(weights):
            name = variable.name.removesuffix(":0")
            short = prefix + name.rsplit("/", 1)[-1]
            yield Weight(
                layer.name,
                short,
                variable,
                (
                    f"{layer.name}/{short}",
                    f"{layer.name}/{prefix}{number}",
                    f"layers/{place}/{stored}/{number}",
                    name,
                ),
                getattr(layer, "domain", False) is True,
            )
