"""What the gates do with sketches and with photos: do they differ by domain?"""

from collections import defaultdict

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.layers import DASE
from training.explain.distances import DOMAINS
from training.explain.embedding import outputs, signature
from training.pictures import Items


class GateStatistics:
    """Writes, for each stage, what its channel gates do with sketches and with photos.

        gates/STAGE/sketch, photo    mean gate, over pictures and channels
        gates/STAGE/difference       mean over the channels of |mean gate of sketches - of photos|
        gates/STAGE/of_the_bit       mean |gate as a sketch - gate as a photo| of the same features

    The difference holds what the pictures themselves look like; the last is what the gate makes
    of knowing the domain, and is there for the gates that know it. A stage is what has one
    resolution, counted from 1.

    Args:
        encoder: Its gates are those of `DASE` layers, SE among them.
        items: Some sketches and photos.
    """

    def __init__(self, encoder: keras.Model, items: tuple[Items, Items]):
        self.items = items
        self.layers = gates_of(encoder)
        size = encoder.inputs[0].shape[1]
        features = [layer.input[0] for layer in self.layers]
        self.stages = numbered([feature.shape[1] for feature in features])
        inside = keras.Model(encoder.inputs, features)

        def gates(image, domain):
            found = tf.nest.flatten(inside([image, domain], training=False))
            pairs = zip(self.layers, found, strict=True)
            return [
                (layer.gate(each, domain), layer.gate(each, 1 - domain)) for layer, each in pairs
            ]

        self.function = tf.function(gates, input_signature=signature(size))

    def write(self, step: int) -> None:
        found = [self.gates(items) for items in self.items]
        for stage, numbers in by_stage(self.stages, self.layers, *found).items():
            for name, value in numbers.items():
                tf.summary.scalar(f"gates/stage{stage}/{name}", value, step)

    def gates(self, items: Items) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each layer the gates (N, C), and those of the other domain's bit."""
        batches = list(outputs(self.function, items))
        return [
            tuple(np.concatenate([batch[layer][bit] for batch in batches]) for bit in (0, 1))
            for layer in range(len(self.layers))
        ]


def gates_of(encoder: keras.Model) -> list[DASE]:
    """The channel gates of an encoder, in order."""
    return [layer for layer in encoder.layers if isinstance(layer, DASE)]


def numbered(values: list) -> list[int]:
    """The values as numbers from 1 on, in the order in which they first occur."""
    order = list(dict.fromkeys(values))
    return [order.index(value) + 1 for value in values]


def by_stage(stages, layers, sketches, photos) -> dict[int, dict[str, float]]:
    """Means over the gates of each stage.

    Args:
        stages: The stage of each gate.
        layers: The gates.
        sketches, photos: Of each gate what it is for these pictures (N, C), and what it would be
            with the other domain's bit.
    """
    rows = defaultdict(list)
    for stage, layer, *gates in zip(stages, layers, sketches, photos, strict=True):
        rows[stage].append(statistics(layer.domain, *gates))
    return {
        stage: {name: float(np.mean([row[name] for row in of])) for name in of[0]}
        for stage, of in rows.items()
    }


def statistics(knows_domain: bool, sketch, photo) -> dict[str, float]:
    """Of one gate."""
    means = [gate.mean(axis=0) for gate, _ in (sketch, photo)]
    numbers = {name: mean.mean() for name, mean in zip(DOMAINS, means, strict=True)}
    numbers["difference"] = np.abs(means[0] - means[1]).mean()
    if knows_domain:
        bits = [np.abs(gate - other).mean() for gate, other in (sketch, photo)]
        numbers["of_the_bit"] = np.mean(bits)
    return numbers
