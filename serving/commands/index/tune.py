"""`sbir index tune`: the fastest settings that reach a recall."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def tune(
    index: Annotated[str, typer.Argument(metavar="INDEX", help="An index's folder.")],
    recall: Annotated[float, typer.Option(help="Share of the nearest that must be found.")] = 0.95,
    k: Annotated[int, typer.Option("-k", help="How many nearest are meant.")] = 10,
    queries: Annotated[
        Path | None,
        typer.Option(help="What will be asked: a folder of sketches, or embeddings in a .npy."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model, if it moved since the index was made.")
    ] = None,
) -> None:
    """Try settings on queries, and give the index the fastest that reach a recall."""
    from serving.index.tune import tune_index
    from serving.tuning import load_queries

    asked = None if queries is None else load_queries(queries, index, model, progress=bar)
    tuned = tune_index(index, recall, k, asked, progress=bar)
    print(f"{'searcher':9} {'leaves':>7} {'visited':>7} {'depth':>6} {'recall':>7} {'ms':>8}")
    for trial in tuned.trials:
        of = trial.settings
        name = f"{of.kind}{'+soar' if of.soar else ''}"
        print(
            f"{name:9} {of.leaves:7} {of.leaves_to_search:7} {of.reorder:6} "
            f"{trial.recall:7.4f} {1e3 * trial.single:8.3f}"
        )
    print(f"{index}: {tuned.why}")
    if queries is None:
        print("no --queries: sketches lie elsewhere than the index's own vectors; give some")
    far = f"recall@100 {tuned.recall_far:.4f}"
    print(
        far if tuned.classes is None else f"{far}, classes as of the true hits {tuned.classes:.4f}"
    )
