"""Labels of queries and gallery, compared once and counted as small numbers from then on."""

from collections.abc import Sequence

import numpy as np

from sbir_tf.errors import UserError


def common_codes(query_labels: Sequence, gallery_labels: Sequence) -> tuple[np.ndarray, ...]:
    """The sorted labels of both, then the places therein of the queries' and of the gallery's."""
    queries, gallery = _labels("query", query_labels), _labels("gallery", gallery_labels)
    if queries.dtype.kind != gallery.dtype.kind:
        raise UserError(
            "`query_labels` and `gallery_labels` must be of one kind, whole numbers or text. "
            f"Received: {queries.dtype} and {gallery.dtype}"
        )
    names, codes = np.unique(np.concatenate([queries, gallery]), return_inverse=True)
    return names, codes[: len(queries)], codes[len(queries) :]


def _labels(name: str, labels: Sequence) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.dtype.kind == "O":  # as pandas has text
        labels = np.asarray(labels.tolist())
    if labels.ndim != 1 or labels.dtype.kind not in "biuU":
        raise UserError(
            f"`{name}_labels` must be a list of whole numbers or of text. "
            f"Received: shape {labels.shape}, {labels.dtype}"
        )
    if not len(labels):
        raise UserError(f"`{name}_labels` is empty: there is nothing to evaluate")
    return labels if labels.dtype.kind == "U" else labels.astype(np.int64)
