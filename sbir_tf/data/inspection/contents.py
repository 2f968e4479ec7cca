"""What the pictures of a survey have in common, and which stand out."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.inspection.misread import misread
from sbir_tf.data.survey import Survey

TINY = 32  # the shorter side, pixels
EXTREME = 5.0  # the longer side over the shorter one
_COMMON = 5  # sizes that are named


def unreadable(table: pa.Table) -> list[dict[str, str]]:
    """The pictures that cannot be read, with the reasons."""
    keys, problems = (table[name].to_pylist() for name in ("key", "problem"))
    return [
        {"key": key, "reason": problem}
        for key, problem in zip(keys, problems, strict=True)
        if problem
    ]


def duplicates(table: pa.Table) -> list[dict[str, Any]]:
    """Groups of pictures of the same content, the gravest first.

    Returns:
        For each group "where" ("across domains", "across classes" or "within a class") and
        "keys".
    """
    digests = table["digest"].to_pylist()
    often = {digest for digest, count in Counter(digests).items() if count > 1 and digest}
    rows = defaultdict(list)
    for row, digest in enumerate(digests):
        if digest in often:
            rows[digest].append(row)
    groups = [_group(table.take(of)) for of in rows.values()]
    return sorted(groups, key=lambda group: (_GRAVITY.index(group["where"]), group["keys"]))


_GRAVITY = ("across domains", "across classes", "within a class")


def _group(rows: pa.Table) -> dict[str, Any]:
    keys = rows["key"].to_pylist()
    for where, column in zip(_GRAVITY, ("domain", "class"), strict=False):
        values = rows[column].to_pylist()
        other = next((n for n, value in enumerate(values) if value != values[0]), None)
        if other:  # beside the first, so that two keys tell the story
            return {"where": where, "keys": [keys[0], keys.pop(other), *keys[1:]]}
    return {"where": _GRAVITY[2], "keys": keys}


def sizes(table: pa.Table) -> dict[str, dict[str, Any]]:
    """For each domain, how large its readable pictures are; the odd ones by name."""
    keys, domain, width, height = (
        np.asarray(table[name]) for name in ("key", "domain", "width", "height")
    )
    return {
        name: _sizes(keys[rows], width[rows], height[rows])
        for name, number in DOMAINS.items()
        if (rows := (domain == number) & (width > 0)).any()
    }


def _sizes(keys: np.ndarray, width: np.ndarray, height: np.ndarray) -> dict[str, Any]:
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    common = Counter(zip(width.tolist(), height.tolist(), strict=True)).most_common(_COMMON)
    return {
        "width": _spread(width),
        "height": _spread(height),
        "common": [{"width": w, "height": h, "pictures": count} for (w, h), count in common],
        "tiny": keys[shorter < TINY].tolist(),
        "extreme": keys[longer > EXTREME * shorter].tolist(),
    }


def _spread(values: np.ndarray) -> dict[str, float]:
    return {
        "least": int(values.min()),
        "median": float(np.median(values)),
        "most": int(values.max()),
    }


def forms(survey: Survey) -> dict[str, dict[str, int]]:
    """How many pictures are stored in each kind of file, and with each trait."""
    known = [form for form in survey.forms if form]
    kinds = Counter(form.kind for form in known)
    traits = Counter(trait for form in known for trait in form.traits)
    return {"kinds": dict(kinds.most_common()), "traits": dict(traits.most_common())}


def to_build_first(survey: Survey) -> list[dict[str, str]]:
    """The pictures that TensorFlow would not read as they are, with the reasons."""
    keys = survey.table["key"].to_pylist()
    reasons = (misread(form) if form else "" for form in survey.forms)
    return [
        {"key": key, "reason": reason} for key, reason in zip(keys, reasons, strict=True) if reason
    ]
