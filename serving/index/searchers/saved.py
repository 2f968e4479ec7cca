"""What ScaNN has learnt, on disk: kept beside the vectors, loaded without surprises.

Learning codebooks and a tree takes seconds at 100,000 vectors and loading them milliseconds. What
ScaNN 1.3's own folders would bring, and what is done about it:

- They name their files by absolute paths and may hold a pickle of ids. Ids are ours; the files are
  linked into a temporary folder with a fresh list of paths whenever they are loaded.
- On a full disk files may be left out or cut short without a word. They are checked.
- A truncated or altered array loads silently: the generation's manifest has all checksums.
"""

import errno
import json
import re
import tempfile
from pathlib import Path

import numpy as np

from serving.index.searchers.scann import ScannSearcher, View, scann_module
from serving.index.searchers.settings import Settings

_ASSET = re.compile(r"asset_type:\s*(\w+)\s+asset_path:\s*\"(?:[^\"\\]|\\.)*/([^/\"]+)\"")
_ASSETS_FILE = "scann_assets.pbtxt"
_CONFIG_FILE = "scann_config.pb"
_OWN_FILE = "searcher.json"
_HASH_ASSETS = ("AH_CENTERS", "AH_DATASET_NPY")
_TREE_ASSETS = ("PARTITIONER", "TOKENIZATION_NPY")
_SOAR_ASSET = "AH_DATASET_SOAR_NPY"  # not written where no vector is in two leaves


def save_scann(searcher: ScannSearcher, folder: Path) -> None:
    """Writes what ScaNN has learnt.

    Args:
        searcher: what to keep.
        folder: an empty one.

    Raises:
        OSError: the disk is full, or the like.
    """
    try:
        searcher.scann.serialize(str(folder))
        assets = _written_assets(folder, searcher.settings)
    except (RuntimeError, ValueError, KeyError, EOFError) as error:
        problem = "ScaNN could not write its files; the disk may be full"
        raise OSError(errno.EIO, problem, str(folder)) from error
    view = searcher.view
    centre = None if view.centre is None else view.centre.tolist()
    own = {"assets": assets, "scale": view.scale, "centre": centre}
    (folder / _OWN_FILE).write_text(json.dumps(own))


def _written_assets(folder: Path, settings: Settings) -> dict[str, str]:
    listing = folder / _ASSETS_FILE
    found = dict(_ASSET.findall(listing.read_text()))
    listing.unlink()
    needed = _HASH_ASSETS + _TREE_ASSETS * (settings.kind == "tree")
    assets = {asset: found[asset] for asset in needed}
    # Mapping a file that is too short raises ValueError.
    arrays = {asset: _mapped(folder / assets[asset]) for asset in needed if asset.endswith("_NPY")}
    if settings.soar and (arrays["TOKENIZATION_NPY"][1::2] >= 0).any():
        assets[_SOAR_ASSET] = found[_SOAR_ASSET]
        _mapped(folder / assets[_SOAR_ASSET])
    return assets


def _mapped(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def load_scann(folder: Path, metric: str, vectors: np.ndarray, settings: Settings) -> ScannSearcher:
    """Loads what `save_scann` wrote.

    Args:
        folder: where it is.
        metric: "l2" or "cosine".
        vectors: (n, D) float32, those that it was built of.
        settings: what it was built with.

    Returns:
        The searcher; ScaNN holds its codes in memory, its files may go.
    """
    saved = json.loads((folder / _OWN_FILE).read_text())
    with tempfile.TemporaryDirectory(prefix="sbir-index-") as temporary:
        links, lines = Path(temporary), []
        (links / _CONFIG_FILE).symlink_to((folder / _CONFIG_FILE).resolve())
        for asset, name in saved["assets"].items():
            link = links / Path(name).name
            link.symlink_to((folder / link.name).resolve())
            lines.append(f'assets {{ asset_type: {asset} asset_path: "{link}" }}\n')
        (links / _ASSETS_FILE).write_text("".join(lines))
        scann = scann_module().load_searcher(temporary)
    centre = None if saved["centre"] is None else np.array(saved["centre"], np.float32)
    return ScannSearcher(scann, metric, vectors, settings, View(centre, saved["scale"]))
