"""AlexNet as torchvision names it."""

from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.models.weights.layouts.layout import TORCH_NAMES, Layout, left_of, torch_name
from sbir_tf.models.weights.network import Weight


def sources(weights: Sequence[Weight], tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    return {
        weight.key: torch_name(weight.layer.replace("_", "."), weight)
        for weight in weights
        if weight.layer.startswith(("features_", "classifier_")) and weight.name in TORCH_NAMES
    }


LAYOUT = Layout(
    "torchvision's AlexNet",
    "features.0.weight",
    sources,
    left_of(**{"classifier.6": "the classifier"}),
)
