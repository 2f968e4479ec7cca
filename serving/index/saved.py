"""What ScaNN has learnt, on disk: kept beside the vectors, loaded without surprises.

Learning codebooks and a tree takes 4 s at 100,000 vectors (16 s at 300,000 with SOAR) and loading
them 0.05 s, so they are kept. Brute force is built in 0.1 s, so it is not. What ScaNN 1.3's own
folders would bring, and what is done about it:

- They name their files by absolute paths and may hold a pickle of ids. Ids are ours; the files are
  linked into a temporary folder with a fresh list of paths whenever they are loaded.
- They repeat the vectors. With hashing alone the index's own file is loaded in that place.
- On a full disk files may be left out or cut short without a word. They are checked.
"""

import errno
import json
import re
import tempfile
from pathlib import Path

import numpy as np

from serving.index.parameters import Parameters
from serving.index.searchers import Searcher, build_searcher, scann_module

_ASSET = re.compile(r"asset_type:\s*(\w+)\s+asset_path:\s*\"(?:[^\"\\]|\\.)*/([^/\"]+)\"")
_ASSETS_FILE = "scann_assets.pbtxt"
_CONFIG_FILE = "scann_config.pb"
_OWN_FILE = "searcher.json"
_HASH_ASSETS = ("AH_CENTERS", "AH_DATASET_NPY", "DATASET_NPY")
_TREE_ASSETS = ("PARTITIONER", "TOKENIZATION_NPY", "AH_DATASET_SOAR_NPY")
_NEEDED = {"hash": _HASH_ASSETS, "tree": _HASH_ASSETS + _TREE_ASSETS}


def save_searcher(searcher: Searcher, folder: Path) -> None:
    """Writes what ScaNN has learnt; nothing for brute force.

    Args:
        searcher: what to keep.
        folder: a folder to make.

    Raises:
        OSError: the disk is full, or the like.
    """
    kind = searcher.parameters.kind
    if kind == "exact":
        return
    folder.mkdir()
    try:
        searcher.scann.serialize(str(folder))
        assets = _written_assets(folder, kind)
    except (RuntimeError, ValueError, KeyError) as error:
        problem = "ScaNN could not write its files; the disk may be full"
        raise OSError(errno.EIO, problem, str(folder)) from error
    if not searcher.scale:
        (folder / assets["DATASET_NPY"]).unlink()  # the index's own vectors, a second time
    own = {"assets": assets, "scale": searcher.scale, "centre": searcher.centre.tolist()}
    (folder / _OWN_FILE).write_text(json.dumps(own))


def _written_assets(folder: Path, kind: str) -> dict[str, str]:
    listing = folder / _ASSETS_FILE
    found = dict(_ASSET.findall(listing.read_text()))
    listing.unlink()
    assets = {asset: found[asset] for asset in _NEEDED[kind]}
    for name in assets.values():
        if name.endswith(".npy"):  # mapping a file that is too short raises ValueError
            np.load(folder / name, mmap_mode="r", allow_pickle=False)
    return assets


def load_searcher(
    folder: Path, vectors_file: Path, vectors: np.ndarray, parameters: Parameters
) -> Searcher:
    """Loads what `save_searcher` wrote, or builds brute force anew.

    Args:
        folder: where it was saved; not there for brute force.
        vectors_file: the `.npy` file that holds `vectors`.
        vectors: (n, D) float32.
        parameters: what it was built with.

    Returns:
        The searcher; ScaNN holds its own memory, the files may go.
    """
    if parameters.kind == "exact":
        return build_searcher(vectors, parameters)
    saved = json.loads((folder / _OWN_FILE).read_text())
    with tempfile.TemporaryDirectory(prefix="sbir-index-") as temporary:
        links = Path(temporary)
        _link(links / _CONFIG_FILE, folder / _CONFIG_FILE)
        lines = []
        for asset, name in saved["assets"].items():
            own = asset == "DATASET_NPY" and not saved["scale"]
            link = links / Path(name).name
            _link(link, vectors_file if own else folder / name)
            lines.append(f'assets {{ asset_type: {asset} asset_path: "{link}" }}\n')
        (links / _ASSETS_FILE).write_text("".join(lines))
        scann = scann_module().load_searcher(temporary)
    centre = np.array(saved["centre"], np.float32)
    return Searcher(scann, vectors, parameters, centre, saved["scale"])


def _link(link: Path, target: Path) -> None:
    link.symlink_to(target.resolve())
