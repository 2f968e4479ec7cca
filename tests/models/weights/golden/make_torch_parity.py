"""Writes torch_parity.npz: what PyTorch's networks compute of made-up weights and pictures.

Run it from the repository's root, in an environment of its own:

    python3.11 -m venv parity
    parity/bin/pip install -r tests/models/weights/golden/requirements-parity.txt
    parity/bin/python -m tests.models.weights.golden.make_torch_parity

The file holds, for each network, the names and shapes of its state dict, the size of the two
pictures, and its pooled features of them, (2, C). The weights themselves are made up again by
`random_tensors` wherever they are needed.
"""

from pathlib import Path

import numpy as np
import torch

from tests.models.weights.random_tensors import random_pictures, random_tensors

FILE = Path(__file__).with_name("torch_parity.npz")
IMAGENET = (np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375]))
# Side of the pictures; mean and scale of their values. 75 is odd in most stages. timm gives
# EfficientNet-Lite 127.5 and 127.5; it was trained, by its authors, with these.
NETWORKS = {
    "legacy_seresnet18": (64, *IMAGENET),
    "legacy_seresnet50": (75, *IMAGENET),
    "legacy_seresnext101_32x4d": (64, *IMAGENET),
    "tf_efficientnet_lite0": (64, 127.0, 128.0),
    "alexnet": (224, *IMAGENET),
}
# They are gone as soon as this is.
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")


def main() -> None:
    import_torchvision()
    golden = {"torch": np.array(torch.__version__)}
    for name, (size, mean, scale) in NETWORKS.items():
        network = make(name).eval()
        golden |= {f"{name}/{part}": value for part, value in fill(network).items()}
        with torch.no_grad():
            features = pooled(network, pictures(size, mean, scale))
        print(f"{name}: features of {features.mean():.3g}, spread {features.std():.3g}")
        golden |= {f"{name}/size": np.array(size), f"{name}/features": features}
    np.savez_compressed(FILE, **golden)


def make(name: str) -> torch.nn.Module:
    import timm
    import torchvision

    if name == "alexnet":
        return torchvision.models.alexnet()
    return timm.create_model(name, pretrained=False)


def pooled(network: torch.nn.Module, batch: torch.Tensor) -> np.ndarray:
    """What the network's last layer, the classifier, is given."""
    if hasattr(network, "forward_head"):
        return network.forward_head(network.forward_features(batch), pre_logits=True).numpy()
    network.classifier = network.classifier[:-1]
    return network(batch).numpy()


def fill(network: torch.nn.Module) -> dict[str, np.ndarray]:
    """Gives a network its made-up weights; returns the names and shapes of its state dict."""
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    tensors = {name: torch.from_numpy(v) for name, v in random_tensors(shapes).items()}
    network.load_state_dict(tensors, strict=True)
    return {
        "names": np.array(list(shapes)),
        "shapes": np.array(["x".join(map(str, shape)) for shape in shapes.values()]),
    }


def pictures(size: int, mean, scale) -> torch.Tensor:
    values = (random_pictures(size) - mean) / scale
    return torch.from_numpy(values.transpose(0, 3, 1, 2).astype(np.float32))


def import_torchvision() -> None:
    """timm imports torchvision, whose operators (unused here) need its own build of PyTorch."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in ("nms", "qnms"):
            OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


if __name__ == "__main__":
    main()
