"""Codes learnt of a complete run."""

from collections.abc import Callable
from pathlib import Path

from sbir_tf.codes import BinaryCodes, learn_center_codes, learn_itq_codes, save_codes
from sbir_tf.codes.checks import checked_bits
from sbir_tf.errors import UserError, nearest
from training.codes.material import class_centers, training_embeddings, weights_of
from training.run import Run

METHODS = ("centers", "itq")
SIZES = (32, 64, 128)


def fit_codes(
    run: Run,
    sizes: tuple[int, ...] = SIZES,
    method: str = "centers",
    to: Path | None = None,
    seed: int = 0,
    progress=None,
) -> list[Path]:
    """Learn codes of a complete run; all of them are learnt before the first is written.

    Args:
        run: A complete run.
        sizes: Bits of a code, one file each.
        method: "centers": the published codes, learnt on the class centres. "itq": iterative
            quantisation of the training pictures' embeddings.
        to: Folder to write [RUN/codes].
        seed: Of the random start.
        progress: Shows the progress of the encoding.

    Returns:
        The files, METHOD-BITS.npz.

    Raises:
        UserError: If the run has no class centres to learn from, or the bits do not fit.
    """
    learn = learner_of(run, method, [checked_bits(size) for size in sizes], seed, progress)
    learnt = [learn(size) for size in sizes]
    folder = to or run.folder / "codes"
    digest = weights_of(run)
    return [
        save_codes(codes, folder / f"{method}-{codes.size}.npz", run.config.name, digest)
        for codes in learnt
    ]


def learner_of(
    run: Run, method: str, sizes: list[int], seed: int, progress
) -> Callable[[int], BinaryCodes]:
    """What learns codes of a number of bits."""
    if method not in METHODS:
        raise UserError(f"Unknown method of codes {method!r}{nearest(method, METHODS)}")
    if method == "centers":
        centers = class_centers(run)
        return lambda size: learn_center_codes(centers, size, seed=seed)
    dimension = run.config.network.embedding_dim
    if max(sizes, default=0) > dimension:  # before minutes are spent on embedding
        raise UserError(
            f"ITQ has at most one bit a dimension, {dimension} here. Received: "
            f"bits={max(sizes)}. Take fewer bits, or the codes learnt on class centres"
        )
    embeddings = training_embeddings(run, progress)
    return lambda size: learn_itq_codes(embeddings, size, seed=seed)
