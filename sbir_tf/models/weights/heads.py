"""What stands behind the network in a checkpoint: the embedding and the class centres.

Of the authors' 2021 checkpoints it is known that they hold both, not under which names: the
embedding is looked for under the names below, the centres under any that speaks of centres.
What is not found so is reported as left in the file.
"""

from collections.abc import Iterable, Mapping

import numpy as np

EMBEDDING_NAMES = ("embedding", "embed", "linear", "fc", "last_linear")
# Published; an ImageNet classifier under one of those names has 1000.
EMBEDDING_DIM = 512


def embedding_tensors(tensors: Mapping[str, np.ndarray], features: int) -> dict[str, str]:
    """Which tensors of a PyTorch checkpoint are `embedding/kernel` and `embedding/bias`.

    Args:
        tensors: Of the whole checkpoint.
        features: What the backbone gives.
    """
    for name, value in tensors.items():
        module, _, part = name.rpartition(".")
        if (
            part == "weight"
            and module.rpartition(".")[2] in EMBEDDING_NAMES
            and value.shape == (EMBEDDING_DIM, features)
            and f"{module}.bias" in tensors
        ):
            return {"embedding/kernel": name, "embedding/bias": f"{module}.bias"}
    return {}


def embedding_dim(tensors: Mapping[str, np.ndarray], features: int) -> int | None:
    """D, if a file of weights holds an embedding, under PyTorch's or Keras' names."""
    if embedding_tensors(tensors, features):
        return EMBEDDING_DIM
    names = ("embedding/bias", "embedding/1", "layers/dense/vars/1")
    return next((len(tensors[name]) for name in names if name in tensors), None)


def centers_name(tensors: Mapping[str, np.ndarray], names: Iterable[str]) -> str | None:
    """The one of `names` that holds class centres (K, D), if exactly one does."""
    found = [
        name
        for name in names
        if tensors[name].ndim == 2 and any(word in name.lower() for word in ("center", "centre"))
    ]
    return found[0] if len(found) == 1 else None
