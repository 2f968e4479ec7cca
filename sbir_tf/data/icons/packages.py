"""The npm packages that the archive is built from: fetched once, checked, read."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.errors import UserError


@dataclass(frozen=True, slots=True)
class Drawing:
    """One icon as its package holds it; `box` is (left, top, width, height)."""

    name: str
    body: str
    box: tuple[float, float, float, float]


def package_file(source: dict) -> str:
    """The file name that `npm pack` gives a package: `iconify-json-noto-1.2.9.tgz`."""
    scope, _, rest = source["package"].lstrip("@").partition("/")
    return f"{scope}-{rest}-{source['version']}.tgz" if rest else f"{scope}-{source['version']}.tgz"


def integrity_of(file: Path) -> str:
    """npm's integrity string of a package file: `sha512-` and the digest in base 64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()


def fetch(source: dict, folder: Path) -> Path:
    """Makes sure that a package's file is in a folder and is the one that `source` names.

    Args:
        source: one entry of `sources.json`.
        folder: where the package files are; the file is fetched with `npm pack` unless there.

    Returns:
        The path of the package's file.

    Raises:
        UserError: if it cannot be fetched or has another integrity.
    """
    file = folder / package_file(source)
    if not file.exists():
        _npm_pack(f"{source['package']}@{source['version']}", folder)
    found = integrity_of(file)
    if found != source["integrity"]:
        raise UserError(
            f"{file} is not the package that sources.json names: expected "
            f"{source['integrity'][:20]}... Received: {found[:20]}... Delete it to fetch it again."
        )
    return file


def _npm_pack(package: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), package]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise UserError(
            f"Could not fetch {package}: {error}. Fetch it elsewhere with "
            f"`npm pack {package}` and put the file into {folder}."
        ) from None


def read_set(file: Path) -> dict:
    """The icons of a package: the contents of its `icons.json`."""
    with tarfile.open(file) as package:
        return json.load(package.extractfile("package/icons.json"))


def drawings(contents: dict) -> Iterator[Drawing]:
    """All icons of a set; an alias is its parent's drawing under one more name.

    Aliases that turn or mirror their parent are left out: they add no drawing.
    """
    for name, icon in sorted(contents["icons"].items()):
        yield Drawing(name, icon["body"], _box(icon, contents))
    for name, alias in sorted(contents.get("aliases", {}).items()):
        parent = contents["icons"].get(alias["parent"])
        if parent and alias.keys() <= {"parent", "hidden"}:
            yield Drawing(name, parent["body"], _box(parent, contents))


def _box(icon: dict, contents: dict) -> tuple[float, float, float, float]:
    defaults = {"left": 0, "top": 0, "width": 16, "height": 16}
    return tuple(icon.get(key, contents.get(key, value)) for key, value in defaults.items())
