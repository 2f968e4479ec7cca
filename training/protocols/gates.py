"""gates.npz: how differently each gate of a network treats sketches and photos.

stage                   (G,) int32, what has one resolution, from 1
gate                    (G,) names of the layers
knows_domain            (G,) bool, whether the gate sees the domain
difference              (G,) mean over the channels of |mean gate of sketches - of photos|
difference_quartiles    (G, 3) of the same, over the channels
of_the_bit              (G,) mean over the channels of |gate as a sketch - gate as a photo| of
                        the same features; NaN of a gate that does not know the domain
of_the_bit_quartiles    (G, 3)
pictures                (2,) how many sketches and photos were looked at
"""

import keras
import numpy as np

from training.explain.gates import GateStatistics, gates_of
from training.explain.subsets import drawn, some_of
from training.protocols.material import Material

MOST = 256  # pictures of each domain
QUARTILES = (25, 50, 75)


def gate_arrays(network: keras.Model | None, material: Material, seed: int = 0) -> dict:
    """The arrays of gates.npz; none of a network without channel gates.

    Args:
        network: The encoder's layers, None if they are not at hand.
        material: Of which some pictures are drawn.
        seed: Of the choice.
    """
    if network is None or not gates_of(network):
        return {}
    items = tuple(
        some_of(of, drawn(len(of), MOST, seed)) for of in (material.queries, material.gallery)
    )
    statistics = GateStatistics(network, items)
    sketches, photos = (statistics.gates(of) for of in items)
    differences = [
        np.abs(as_sketch.mean(axis=0) - as_photo.mean(axis=0))
        for (as_sketch, _), (as_photo, _) in zip(sketches, photos, strict=True)
    ]
    bits = [
        np.concatenate([np.abs(own - other) for own, other in pair]).mean(axis=0)
        for pair in zip(sketches, photos, strict=True)
    ]
    knows = np.array([layer.domain for layer in statistics.layers])
    pairs = zip(bits, knows, strict=True)
    of_the_bit = [bit if known else np.full_like(bit, np.nan) for bit, known in pairs]
    return {
        "stage": np.array(statistics.stages, np.int32),
        "gate": np.array([layer.name for layer in statistics.layers]),
        "knows_domain": knows,
        "pictures": np.array([len(of) for of in items], np.int32),
        **summaries("difference", differences),
        **summaries("of_the_bit", of_the_bit),
    }


def summaries(name: str, channels: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Mean and quartiles over the channels of each gate."""
    quartiles = [np.percentile(of, QUARTILES) for of in channels]
    return {
        name: np.array([of.mean() for of in channels], np.float32),
        f"{name}_quartiles": np.array(quartiles, np.float32),
    }
