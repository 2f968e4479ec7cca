"""The definitions of retrieval metrics that are in use, by name.

The same ranking gives an mAP@200 of .12 or .40, depending on whose code measures it. Here each
definition has a name (`CONVENTIONS`), and so has the treatment of equal distances (`TIES`).

For one query let R of the N gallery items be relevant, rank_i the rank of the i-th of them:

    exact AP        mean over i of i / rank_i
    interpolated    mean over i of max over j >= i of j / rank_j       (the PASCAL VOC envelope)
    AP@k            the same sum over the hits with rank <= k, over min(k, R) or over those hits
    P@k             hits with rank <= k, over k or over min(k, R)
    R@k             hits with rank <= k, over R
    hit@k           1 if any hit has rank <= k, else 0
    nDCG@k          sum over hits with rank <= k of 1 / log2(rank + 1), over that of the best order
    MRR             1 / rank of the first hit

Equal distances leave ranks open. `TIES` says what then counts:

    expected        the mean over all orders of the tied items, in closed form
    stable          the gallery's order
    optimistic      relevant items first
    pessimistic     relevant items last
    grouped         a tied group stands, whole, at its last place; a hit there counts with all of
                    the group's hits behind it
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from sbir_tf.errors import UserError


@dataclass(frozen=True)
class Convention:
    """How a code base turns hits into numbers; `CONVENTIONS` has those in use, by name."""

    interpolated: bool = False
    ap_over_retrieved: bool = False
    precision_over_relevant: bool = False


CONVENTIONS = {
    "exact": Convention(),  # AP@k / min(k, R), P@k / k
    "retrieved": Convention(ap_over_retrieved=True),  # GDH, torchmetrics: AP@k / hits in the top k
    "voc": Convention(interpolated=True),  # SAKE, ACNet
    "zse": Convention(interpolated=True, precision_over_relevant=True),  # ZSE-SBIR
}
TIES = ("expected", "stable", "optimistic", "pessimistic", "grouped")

# Whose code measures by which pair of names. A sort that is not stable is no order of its own:
# such code is listed under the gallery's order, which galleries sorted by class make optimistic.
USED_BY = {
    ("exact", "stable"): ("the method's authors",),
    ("retrieved", "stable"): ("GDH", "torchmetrics"),
    ("voc", "stable"): ("SAKE", "ACNet"),
    ("zse", "stable"): ("ZSE-SBIR",),
    ("exact", "grouped"): ("doodle2search", "scikit-learn"),
}


def checked_names(convention: str, ties: str) -> Convention:
    if ties not in TIES:
        raise UserError(f"`ties` must be one of {', '.join(TIES)}. Received: ties={ties!r}")
    if convention not in CONVENTIONS:
        raise UserError(
            f"`convention` must be one of {', '.join(CONVENTIONS)}. "
            f"Received: convention={convention!r}"
        )
    return CONVENTIONS[convention]


def checked_k(k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise UserError(f"k must be a whole number, 1 or more. Received: k={k!r}")
    return int(k)


def checked_ks(ks: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(checked_k(k) for k in ks))
