"""What the figures of an evaluation mean, by name, for its output and its file."""

from sbir_tf.evaluation.conventions import Convention, checked_names

TIES = {
    "expected": "expected value over all orders of equal distances",
    "stable": "equal distances in the gallery's order",
    "optimistic": "of equal distances the relevant ones first",
    "grouped": "equal distances all at the last of their places",
    "pessimistic": "of equal distances the relevant ones last",
}


def conventions_of(convention: str, ties: str, flip: bool, headline: tuple[str, ...]) -> dict:
    """What result.json says of its figures."""
    rules = checked_names(convention, ties)
    return {
        "name": convention,
        "AP": "VOC-interpolated" if rules.interpolated else "exact: mean over hits of i / rank_i",
        "AP@k": "over " + over(rules),
        "P@k": "over " + ("min(k, R)" if rules.precision_over_relevant else "k"),
        "ties": f"{ties}: {TIES[ties]}",
        "real-valued": "squared Euclidean distance"
        + (", the smallest over both pictures as they are and mirrored" if flip else ""),
        "binary": "Hamming distance of codes of the mean with the mirror image's embedding",
        "queries without a relevant item": "left out and counted",
        "headline": list(headline),
    }


def over(rules: Convention) -> str:
    """What an AP@k is divided by."""
    return "the hits retrieved in the top k" if rules.ap_over_retrieved else "min(k, R)"
