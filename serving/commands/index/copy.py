"""`sbir index copy`: an index from one place to another, verified."""

from typing import Annotated

import typer

from sbir_tf.console import bar


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A folder, or milvus://...")],
    to: Annotated[str, typer.Argument(metavar="TO", help="A new folder, or milvus://...")],
) -> None:
    """Copy an index and verify the copy: counts, checksums of all vectors, sampled searches."""
    from serving.index.copying import copy_index
    from serving.index.open import shown

    copied = copy_index(source, to, progress=bar)
    same = f"the same as in {shown(source)} ({copied.digest[:12]})"
    print(f"{shown(to)}: {copied.items} items, {same}")
    print(f"{copied.searches} searches: {copied.agreement:.4f} of the hits are the same")
