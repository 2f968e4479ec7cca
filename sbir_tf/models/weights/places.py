"""Which tensor of a file goes where, and why the others need not."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.models.weights.account import NAMED
from sbir_tf.models.weights.heads import centers_name, embedding_tensors
from sbir_tf.models.weights.layouts import TORCH_LAYOUTS, Layout, recognise
from sbir_tf.models.weights.network import Weight


def layout_of(tensors: Mapping[str, np.ndarray], source: str) -> tuple[Layout, str]:
    """The one layout that the names follow, and what stands before them.

    Raises:
        UserError: If the file follows none, or holds two networks.
    """
    found = recognise(tensors)
    if len(found) == 1:
        return found[0]
    if found:
        prefixes = ", ".join(repr(prefix) for _, prefix in found)
        raise UserError(f"{source} holds {len(found)} networks, under {prefixes}: save one alone")
    first = ", ".join(f"{name} {value.shape}" for name, value in list(tensors.items())[:NAMED])
    known = "; ".join(layout.title for layout in TORCH_LAYOUTS)
    raise UserError(
        f"{source} has the names of no network that is known ({first}). Known: {known}; Keras"
    )


def places(
    layout: Layout, prefix: str, weights: Sequence[Weight], tensors: Mapping[str, np.ndarray]
) -> dict[str, str]:
    """The file's name for each weight, by `Weight.key`; what it need not hold is left out."""
    inside = {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
    names = {key: prefix + name for key, name in layout.sources(weights, inside).items()}
    kernel = next((weight for weight in weights if weight.key == "embedding/kernel"), None)
    if layout.torch and kernel:
        names |= embedding_tensors(tensors, kernel.shape[0])
    return names


def leave(
    layout: Layout,
    prefix: str,
    weights: Sequence[Weight],
    tensors: Mapping[str, np.ndarray],
    rest: Sequence[str],
) -> tuple[dict[str, str], str | None]:
    """Why each tensor of `rest` may stay in the file ("": it may not), and which are centres."""
    centers = centers_name(tensors, rest)
    has_se = any(weight.of_se for weight in weights)

    def why(name: str) -> str | None:
        if name == centers:
            return "class centres, which are kept beside the weights"
        if not name.startswith(prefix):
            return "not of the network"
        if not has_se and re.search(r"\.se_module\.|_(se|dase)/|^layers/dase", name):
            return "SE gates, of which this network has none"
        return layout.left(name.removeprefix(prefix))

    return {name: why(name) or "" for name in rest}, centers


def why_missing(weight: Weight) -> str:
    what = "gate" if weight.of_gate else "embedding" if weight.layer == "embedding" else "layer"
    return f"a {what} that such files do not hold; it keeps its start"
