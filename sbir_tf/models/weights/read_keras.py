"""Tensors of Keras' files: `.h5`, `.weights.h5` and `.keras`, without building a model.

What the three say of a weight's name differs, and so do the names given here:

- legacy `.h5` (Keras 2) has names of layers and weights: `stem_conv/kernel`;
- `.keras` has the layers' names in its configuration, and numbers for their weights:
  `stem_conv/0`. The configuration is read as JSON; nothing is made from it;
- `.weights.h5` names neither, unless Keras 3 or `sbir weights import` wrote it: then layers
  have names, as above; else the path in the file stands, `layers/conv2d_1/vars/0`.
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sbir_tf.errors import UserError

WEIGHTS_IN_ARCHIVE = "model.weights.h5"
# Keras notes a layer's name here (Keras 3 itself, and `name_layers` for Keras 2).
NAME_ATTRIBUTE = "name"
DEPTH, ENTRIES = 16, 20_000  # SE-ResNeXt-101 has 3,000 entries, counted with its groups
# What h5py raises on bytes that are not as they should be.
BROKEN = (OSError, KeyError, RuntimeError, TypeError, ValueError)


def read_hdf5(path: Path) -> dict[str, np.ndarray]:
    """Name -> array of an HDF5 file that Keras wrote.

    Raises:
        UserError: If the file is cut short, damaged, or refers outside itself.
    """
    return _read(path, path, path.stat().st_size, {})


def read_keras_archive(path: Path) -> dict[str, np.ndarray]:
    """Name -> array of a `.keras` file, its layers named by its own configuration.

    Raises:
        UserError: If the file is cut short, damaged, or refers outside itself.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # Keras compresses nothing, so no small file can hold gigabytes.
            for member in ("config.json", WEIGHTS_IN_ARCHIVE):
                if archive.getinfo(member).compress_type != zipfile.ZIP_STORED:
                    raise UserError(f"{path}: its part {member} is compressed: save it with Keras")
            names = layer_names(json.loads(archive.read("config.json")))
            weights = archive.read(WEIGHTS_IN_ARCHIVE)
    except UserError:
        raise
    except (zipfile.BadZipFile, EOFError, AttributeError, *BROKEN) as error:
        raise broken(path, error) from None
    return _read(path, io.BytesIO(weights), len(weights), names)


def layer_names(config: dict) -> dict[str, str]:
    """Where Keras' saving puts each layer of a model's configuration -> the layer's name."""
    layers = config["config"]["layers"]
    places = storage_names(layer["class_name"] for layer in layers)
    return {place: layer["config"]["name"] for place, layer in zip(places, layers, strict=True)}


def storage_names(class_names: Iterator[str]) -> list[str]:
    """The names that Keras' saving gives layers: their class, numbered from the second on."""
    seen: Counter[str] = Counter()
    names = []
    for name in class_names:
        snake = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
        snake = re.sub("([a-z])([A-Z])", r"\1_\2", snake).lower()
        names.append(f"{snake}_{seen[snake]}" if seen[snake] else snake)
        seen[snake] += 1
    return names


def _read(path: Path, file, size: int, names: dict[str, str]) -> dict[str, np.ndarray]:
    import h5py

    tensors: dict[str, np.ndarray] = {}
    try:
        with h5py.File(file, "r") as root:
            for parts, dataset in _datasets(root, (), [ENTRIES]):
                size -= dataset.id.get_storage_size()
                if size < 0:
                    raise ValueError("its parts overlap")
                name = _name(root, parts, names)
                if name in tensors:
                    raise ValueError(f"two tensors in it are called {name}")
                tensors[name] = dataset[()]
    except BROKEN as error:
        raise broken(path, error) from None
    if not tensors:
        raise UserError(f"{path} holds no tensor: save a model's weights with Keras")
    return tensors


def _datasets(group, parts: tuple[str, ...], room: list[int]) -> Iterator:
    """(path, dataset) of all in a group: plain numbers that lie in this very file.

    A group may hold itself, or one group a hundred times: `room` counts what is seen of it.
    """
    import h5py

    for key in group:
        here = "/".join((*parts, key))
        room[0] -= 1
        if len(parts) > DEPTH or room[0] < 0:
            raise ValueError("its groups are nested without end")
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise ValueError(f"{here} is a link")
        item = group[key]
        if isinstance(item, h5py.Group):
            yield from _datasets(item, (*parts, key), room)
        elif item.dtype.kind not in "fiub":
            raise ValueError(f"{here} holds no plain numbers")
        # Less stored than claimed: compressed, never written, or in another file.
        elif item.external or item.id.get_storage_size() < item.nbytes:
            raise ValueError(f"{here} claims {item.nbytes:,} bytes that are not in the file")
        else:
            yield (*parts, key), item


def _name(root, parts: tuple[str, ...], names: dict[str, str]) -> str:
    """See the head of this file."""
    if parts[0] == "layers" and "vars" in parts[2:-1]:
        layer = root["/".join(parts[:2])].get("vars", root).attrs.get(NAME_ATTRIBUTE)
        layer = layer or names.get(parts[1])
        if isinstance(layer, str):
            # A layer inside a layer goes by its attribute: <layer>/norm/0.
            return "/".join((layer, *(part for part in parts[2:] if part != "vars")))
    elif parts[-1].endswith(":0") and parts[0] != "optimizer_weights":
        parts = parts[1:] if parts[0] == "model_weights" else parts
        # Keras 2: <layer>/<weight's name>, which starts with the layer's name once more.
        weight = "/".join(parts[1:]).removesuffix(":0")
        return weight if "/" in weight else f"{parts[0]}/{weight}"
    return "/".join(parts)


def broken(path: Path, error: Exception) -> UserError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError(
        f"{path} is cut short, damaged, or not Keras' ({reason}). Nothing was loaded: "
        "fetch or save it again"
    )
