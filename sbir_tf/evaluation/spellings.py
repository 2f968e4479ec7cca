"""What the arrays of someone else's features file are, by the names that are usual for them."""

import re
from collections.abc import Iterable
from pathlib import Path

from sbir_tf.errors import UserError

QUERY, GALLERY = "query", "gallery"
FEATURES, LABELS, IDS = "features", "labels", "ids"
DISTANCES, SCORES, CLASS_NAMES = "distances", "scores", "class_names"

_SIDES = {
    QUERY: "q query queries sketch sketches sk skt probe probes",
    GALLERY: "g gallery galleries db database photo photos image images img imgs im ref reference "
    "references base searched",
}
_KINDS = {
    FEATURES: "f x feature features feat feats fea embedding embeddings embed emb embs vector "
    "vectors vec code codes bits hash hashes descriptor descriptors",
    LABELS: "l y label labels lbl class classes cls target targets category categories",
    IDS: "id ids path paths name names file files filename filenames key keys",
}
_ROLES = {
    DISTANCES: "distance distances dist dists distmat",
    SCORES: "score scores similarity similarities sim sims",
}
_SIDE_OF = {word: side for side, words in _SIDES.items() for word in words.split()}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words.split()}
_IDLE = {"matrix", "mat", "array", "all", "test"}  # words that say nothing
_JOINED = re.compile(r"([qg])([fly])")  # qf, gl: as person re-identification names them
_WORDS = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+")

Role = tuple[str, str] | str


def role_of(name: str) -> Role | None:
    """What an array is: (side, kind), "distances", "scores", "class_names", or nothing we know.

    "query_features", "sketchEmb", "qf" and plain "queries" are all (query, features).
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    words = [word for word in words if word not in _IDLE]
    if words in (["class", "names"], ["classes"], ["categories"]):
        return CLASS_NAMES
    if len(words) == 1 and (joined := _JOINED.fullmatch(words[0])):
        words = list(joined.groups())
    sides = [_SIDE_OF[word] for word in words if word in _SIDE_OF]
    rest = [word for word in words if word not in _SIDE_OF]
    if not sides and len(rest) == 1:
        return _ROLE_OF.get(rest[0])
    kinds = {_KIND_OF.get(word) for word in rest} or {FEATURES}
    if len(sides) != 1 or None in kinds:
        return None
    # "class names" and "label ids" are labels, "feature codes" features.
    kind = next(kind for kind in (LABELS, IDS, FEATURES) if kind in kinds)
    return sides[0], kind


def roles_of(path: Path, names: Iterable[str]) -> dict[Role, str]:
    """The array of each role, in a file.

    Raises:
        UserError: If two arrays claim one role.
    """
    found: dict[Role, str] = {}
    for name in names:
        role = role_of(name)
        if role is not None and role in found:
            raise UserError(
                f"{path}: {found[role]} and {name} may both be the {said(role)}: keep one of them"
            )
        if role is not None:
            found[role] = name
    return found


def said(role: Role) -> str:
    """A role, for messages."""
    return " ".join(role) if isinstance(role, tuple) else role.replace("_", " ")
