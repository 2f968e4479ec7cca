"""Builds and loads the searcher that fits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from serving.index.searchers.contract import Searcher
from serving.index.searchers.cosine import CosineSearcher, units_of, write_units
from serving.index.searchers.exact import ExactSearcher
from serving.index.searchers.settings import Settings, check_wanted, settle

_HAMMING = "bits are counted, 8 codes of 64 bits in the time of one vector"


def build(
    vectors: np.ndarray,
    metric: str,
    wanted: Mapping[str, Any] | None,
    folder: Path,
    largest_class: int = 0,
) -> dict[str, Any]:
    """Builds a searcher and writes its files.

    Args:
        vectors: (n, D) float32 or (n, bits / 8) uint8, n >= 1, checked; may be mapped.
        metric: "l2", "cosine" or "hamming".
        wanted: fields of `Settings` and "why", or `None` to choose. What no longer fits as many
            vectors as there are is chosen instead.
        folder: to write into; empty. The vectors themselves are not written again.
        largest_class: items in the largest class, if classes are known.

    Returns:
        `{"kind": ..., "settings": {...}, "why": ...}`, plain values for the manifest.

    Raises:
        ServingError: unknown settings.
        OSError: the disk is full, or the like.
    """
    if metric == "hamming":
        check_wanted(wanted or {})
        return {"kind": "exact", "settings": {}, "why": _HAMMING}
    settings, why = settle(wanted, len(vectors), largest_class)
    if metric == "cosine":
        vectors = write_units(vectors, folder)
    if settings.kind != "exact":
        from serving.index.searchers.saved import save_scann
        from serving.index.searchers.scann import build_scann

        save_scann(build_scann(metric, vectors, settings), folder)
    return {"kind": settings.kind, "settings": settings.to_json(), "why": why}


def load(folder: Path, vectors: np.ndarray, metric: str, built: Mapping[str, Any]) -> Searcher:
    """Loads what `build` wrote and returned.

    Args:
        folder: where it wrote.
        vectors: those that it was built of; stay mapped.
        metric: of them.
        built: what it returned.
    """
    if metric == "hamming":
        return ExactSearcher(metric, vectors)
    settings = Settings(**built["settings"])
    units = units_of(vectors, folder) if metric == "cosine" else vectors
    searcher: Searcher = ExactSearcher(metric, units)
    if settings.kind != "exact":
        from serving.index.searchers.saved import load_scann

        searcher = load_scann(folder, metric, units, settings)
    return CosineSearcher(searcher) if metric == "cosine" else searcher
