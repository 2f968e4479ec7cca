"""A file's tensors brought to a network's weights: all of them checked, then all set."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.models.weights.account import NAMED, Account
from sbir_tf.models.weights.convert import convert
from sbir_tf.models.weights.network import Weight, weights_of
from sbir_tf.models.weights.places import layout_of, leave, places, why_missing
from sbir_tf.models.weights.read import read_tensors


@dataclass(frozen=True)
class Fit:
    """What a file gives a network; nothing is set before `install`.

    Attributes:
        values: (weight, its new value).
        account: What became of every tensor.
        centers: Class centres (K, D), if the file holds them.
    """

    values: Sequence[tuple[Weight, np.ndarray]]
    account: Account
    centers: np.ndarray | None

    def install(self) -> None:
        for weight, value in self.values:
            weight.variable.assign(value)


def load_weights(network: keras.Model, path: str | os.PathLike) -> Account:
    """Fills a network from a file of weights, in any format and layout that is known.

    Every tensor finds a place, is of a kind that may be left (a classifier, step counters), or
    the import fails; the same holds for every weight. Gates that the file knows nothing of keep
    their start, as does the embedding. A plain SE gate becomes a DASE gate by a row of zeros
    for the domain bit, so that both domains get the pretrained function.

    Args:
        network: A backbone or an encoder.
        path: See `read_tensors`.

    Returns:
        The account of every tensor and weight.

    Raises:
        UserError: If the file cannot be read or is not of this network; the first tensors that
            do not fit are named, and the network is left unchanged.
    """
    fitted = fit(network, read_tensors(path), str(path))
    fitted.install()
    return fitted.account


def fit(network: keras.Model, tensors: Mapping[str, np.ndarray], source: str) -> Fit:
    """Finds each tensor's place; `source` is what errors call the file.

    Raises:
        UserError: See `load_weights`.
    """
    layout, prefix = layout_of(tensors, source)
    weights = weights_of(network)
    names = places(layout, prefix, weights, tensors)
    values, notes, misfits = convert(weights, names, tensors, layout.torch)
    placed = set(names.values())
    rest = [name for name in tensors if name not in placed]
    reasons, centers = leave(layout, prefix, weights, tensors, rest)
    misfits += [f"{name} {tensors[name].shape} has no place" for name in rest if not reasons[name]]
    misfits += [
        f"{names[weight.key]} for {weight.key} {weight.shape} is missing"
        for weight in weights
        if weight.key in names and names[weight.key] not in tensors
    ]
    refuse(misfits, network, source)
    account = Account(
        network=network.name,
        layout=layout.title,
        loaded=tuple((names[weight.key], weight.key) for weight, _ in values),
        left=tuple(reasons.items()),
        missing=tuple((w.key, why_missing(w)) for w in weights if w.key not in names),
        notes=tuple(notes),
    )
    return Fit(values, account, None if centers is None else tensors[centers].astype(np.float32))


def refuse(misfits: Sequence[str], network: keras.Model, source: str) -> None:
    if misfits:
        more = f"; and {len(misfits) - NAMED} more" if len(misfits) > NAMED else ""
        raise UserError(
            f"{source} does not fit {network.name}: {'; '.join(misfits[:NAMED])}{more}. "
            "Nothing was loaded: name the network (and gate) that it was saved from"
        )
