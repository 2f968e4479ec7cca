"""Which of Milvus's indexes, how fine, and how thoroughly it is searched.

An index is built for each sealed segment, of half a gigabyte: a million vectors of 128 floats. So
what is chosen does not depend on how many vectors there will be: segments too small for an index
are compared wholly, by the engine itself, and larger ones with SCANN's short codes in the nearest
of 1,024 lists, reordered exactly.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from serving.errors import ServingError

_DEFAULTS = {"index": "SCANN", "shards": 2, "replicas": 1}
_OF_CODES = {"index": "BIN_IVF_FLAT"}
_BUILD = {
    "FLAT": {},
    "IVF_FLAT": {"nlist": 1024},
    "IVF_SQ8": {"nlist": 1024},
    "IVF_PQ": {"nlist": 1024, "m": 16, "nbits": 8},
    "SCANN": {"nlist": 1024},
    "HNSW": {"M": 16, "efConstruction": 200},
    "DISKANN": {},
}
_SEARCH = {
    "FLAT": {},
    "IVF_FLAT": {"nprobe": 64},
    "IVF_SQ8": {"nprobe": 64},
    "IVF_PQ": {"nprobe": 64},
    "SCANN": {"nprobe": 64, "reorder_k": 1000},
    "HNSW": {"ef": 200},
    "DISKANN": {"search_list": 200},
}
_BUILD_CODES = {"BIN_FLAT": {}, "BIN_IVF_FLAT": {"nlist": 1024}}
_SEARCH_CODES = {"BIN_FLAT": {}, "BIN_IVF_FLAT": {"nprobe": 64}}
# The engine wants them to be k at least.
_DEPTHS = ("reorder_k", "ef", "search_list")
METRIC_TYPES = {"l2": "L2", "cosine": "IP", "hamming": "HAMMING"}


@dataclass(frozen=True)
class Settings:
    """What is asked of the engine.

    Args:
        index: the type of its index.
        build: parameters of that.
        search: parameters of a search.
        shards: that writing is spread over.
        replicas: in memory, that searching is spread over.
    """

    index: str
    build: dict[str, int]
    search: dict[str, int]
    shards: int
    replicas: int

    def to_json(self) -> dict[str, Any]:
        """Plain values, as they are asked for."""
        own = {"index": self.index, "shards": self.shards, "replicas": self.replicas}
        return own | self.build | self.search

    def of_search(self, k: int, thorough: bool = False) -> dict[str, int]:
        """Parameters of one search.

        Args:
            k: how many neighbours.
            thorough: whether to look into every list, for a filter that leaves few items.
        """
        found = {name: max(value, k) if name in _DEPTHS else value
                 for name, value in self.search.items()}  # fmt: skip
        if thorough and "nprobe" in found:
            found["nprobe"] = self.build["nlist"]
        return found


def choose_settings(metric: str, wanted: Mapping[str, Any] | None) -> Settings:
    """The settings that were asked for, completed.

    Args:
        metric: "l2", "cosine" or "hamming".
        wanted: `{"index": "HNSW", "M": 32, "ef": 500, "shards": 8}`, any of them.

    Raises:
        ServingError: an index or a setting that there is not, or that is no whole number.
    """
    wanted = dict(wanted or {})
    codes = metric == "hamming"
    build, search = (_BUILD_CODES, _SEARCH_CODES) if codes else (_BUILD, _SEARCH)
    chosen = _DEFAULTS | (_OF_CODES if codes else {}) | wanted
    index = chosen["index"]
    if index not in build:
        raise ServingError(f"Milvus has no index {index!r} for {metric}{_nearest(index, build)}")
    known = {**_DEFAULTS, **build[index], **search[index]}
    for name, value in wanted.items():
        if name not in known:
            raise ServingError(f"the index {index} has no setting {name!r}{_nearest(name, known)}")
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        if name != "index" and not whole:
            raise ServingError(f"{name} must be a whole number from 1. Received: {name}={value!r}")
    return Settings(
        index,
        {name: chosen.get(name, value) for name, value in build[index].items()},
        {name: chosen.get(name, value) for name, value in search[index].items()},
        chosen["shards"],
        chosen["replicas"],
    )


def _nearest(name: object, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
    return f". Did you mean {close[0]!r}?" if close else f". Known: {', '.join(known)}"
