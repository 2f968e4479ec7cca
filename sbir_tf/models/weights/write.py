"""Imported weights on disk: a Keras file, where it came from, and the class centres."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError
from sbir_tf.models.weights.fit import Fit
from sbir_tf.models.weights.read_keras import NAME_ATTRIBUTE

SUFFIX = ".weights.h5"


def check_target(to: Path) -> None:
    """Refuses a name that Keras would not read weights from."""
    if not to.name.endswith(SUFFIX) or to.name == SUFFIX:
        raise UserError(f"--to names a file that ends with {SUFFIX}. Received: {to}")
    if to.is_dir():
        raise UserError(f"{to} is a folder: name a file with --to")


def write_weights(fitted: Fit, to: Path, source: Path, **facts: object) -> list[Path]:
    """Writes what a file gave a network; all aside first, then renamed.

    Beside `NAME.weights.h5` come `NAME.weights.json`, the provenance with the whole account,
    and `NAME.centers.npy`, the class centres (K, D), if there are any. Weights that keep their
    start are not written. Where there are none, `network.load_weights` reads the file too.

    Args:
        fitted: Of the network.
        to: `NAME.weights.h5`; replaced if it is there.
        source: The file that the weights came from.
        **facts: More for the provenance.

    Returns:
        The files written.
    """
    check_target(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    stem = to.name.removesuffix(SUFFIX)
    weights, card, centers = (
        to.with_name(stem + end) for end in (SUFFIX, ".weights.json", ".centers.npy")
    )
    provenance = {
        "source": source.name,
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        **facts,
        "centers": None if fitted.centers is None else list(fitted.centers.shape),
        "account": fitted.account.to_json(),
    }
    files = [weights, card] if fitted.centers is None else [centers, weights, card]
    aside = {file: file.with_name(f".{os.getpid()}.{file.name}") for file in files}
    try:
        write_hdf5(fitted, aside[weights])
        aside[card].write_text(json.dumps(provenance, indent=1) + "\n")
        if centers in aside:
            np.save(aside[centers], fitted.centers, allow_pickle=False)
        for file in files:
            aside[file].replace(file)
    finally:
        for file in aside.values():
            file.unlink(missing_ok=True)
    if fitted.centers is None:
        centers.unlink(missing_ok=True)  # of an earlier import to the same name
    return files


def write_hdf5(fitted: Fit, path: Path) -> None:
    """Keras' own layout, with each layer's name noted as Keras 3 does and Keras 2 does not."""
    import h5py

    with h5py.File(path, "w") as file:
        file.create_group("vars")
        for weight, value in fitted.values:
            place = weight.in_keras_files[2]
            file[place] = value
            layer = "/".join(place.split("/")[:2])
            file.require_group(f"{layer}/vars").attrs[NAME_ATTRIBUTE] = weight.layer
