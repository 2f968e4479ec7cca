"""Tensors made into weights: the order of axes, and the gates' row for the domain bit."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.models.weights.network import Weight

RELEASE = (
    "the gates see the domain, as in the authors' 2021 release, which squeezes with sigmoid and "
    "takes pictures in [0, 1]: the configuration wants network.squeeze_activation=sigmoid and "
    "network.normalization=unit"
)
ADDED, DROPPED, KEPT = "added", "dropped", "kept"


def convert(
    weights: Sequence[Weight],
    names: Mapping[str, str],
    tensors: Mapping[str, np.ndarray],
    torch: bool,
) -> tuple[list[tuple[Weight, np.ndarray]], list[str], list[str]]:
    """Of the weights that the file holds: (weight, value); notes; a line for each misfit."""
    values, misfits = [], []
    rows = Counter()
    for weight in weights:
        name = names.get(weight.key)
        if name not in tensors:
            continue
        value = to_keras(tensors[name], weight) if torch else tensors[name]
        value, row = fit_domain_row(value, weight)
        rows[row] += 1
        misfits += misfit(name, value, weight)
        values.append((weight, value.astype(np.float32)))
    return values, domain_notes(rows, torch), misfits


def to_keras(value: np.ndarray, weight: Weight) -> np.ndarray:
    """PyTorch's order of axes, outputs first, to Keras', inputs then outputs last."""
    if weight.of_se and value.ndim == 4 and value.shape[2:] == (1, 1):
        value = value[:, :, 0, 0]  # the gates' layers are 1 x 1 convolutions there
    if value.ndim == 4:
        depthwise = weight.name.endswith("depthwise_kernel")
        return value.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
    return value.T if value.ndim == 2 else value


def fit_domain_row(value: np.ndarray, weight: Weight) -> tuple[np.ndarray, str]:
    """The second kernel of a gate with or without the domain bit's row, as the network has it.

    A row of zeros is the same function for both domains, so it is added freely, and taken away
    only where it is zero.

    Returns:
        The kernel, and what became of the row: "" of any other weight.
    """
    if not (weight.of_se and weight.name == "excite_kernel" and value.ndim == 2):
        return value, ""
    rows = weight.shape[0]
    if weight.sees_domain and len(value) == rows - 1:
        return np.concatenate([value, np.zeros_like(value[:1])]), ADDED
    if not weight.sees_domain and len(value) == rows + 1 and not value[-1].any():
        return value[:-1], DROPPED
    return value, KEPT if weight.sees_domain else ""


def domain_notes(rows: Mapping[str, int], torch: bool) -> list[str]:
    """What was done about the domain bit."""
    notes = [RELEASE] if rows[KEPT] and torch else []
    if rows[ADDED]:
        notes.append(f"{rows[ADDED]} gates got zeros for the domain bit: plain SE, as pretrained")
    if rows[DROPPED]:
        notes.append(f"{rows[DROPPED]} gates lost the domain bit's zeros: the same function")
    return notes


def misfit(name: str, value: np.ndarray, weight: Weight) -> list[str]:
    """Why a value cannot be a weight's, in at most one line."""
    if value.shape != weight.shape:
        line = f"{name} gives {weight.key} {value.shape}, expected {weight.shape}"
        if weight.key == "embedding/kernel":
            return [f"{line} (set network.embedding_dim={value.shape[-1]})"]
        if weight.of_se and value.shape == (weight.shape[0] + 1, *weight.shape[1:]):
            return [f"{line}: its gate sees the domain, this network's do not"]
        return [line]
    # NaN and infinity would spread to every embedding.
    return [] if np.isfinite(value).all() else [f"{name} holds values that are not finite"]
