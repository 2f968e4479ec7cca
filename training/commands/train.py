"""`sbir train`: one configuration, from its pictures to its weights."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def train(
    config: Annotated[str, typer.Argument(help="A name in training/configs.")],
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="The run's folder (runs/CONFIG).")] = None,
    skip_validation: Annotated[
        bool, typer.Option("--skip-validation", help="Train on data with errors, too.")
    ] = False,
    strategy: Annotated[
        str | None,
        typer.Option(help="auto, mirrored, multiworker (by TF_CONFIG) or one, as --set strategy."),
    ] = None,
    accept_data: Annotated[
        bool, typer.Option("--accept-data", help="Continue though the data set changed.")
    ] = False,
    profile: Annotated[
        str | None, typer.Option(metavar="FIRST:LAST", help="Profile these steps.")
    ] = None,
) -> None:
    """Train a configuration, or continue where its folder stands; check its data first.

    SIGTERM saves and ends it.
    """
    from training.config import load_config
    from training.explain.profiling import steps_of
    from training.preemption import Preempted

    profiled = steps_of(profile) if profile else None
    overrides = [*(overrides or []), *([f"strategy={strategy}"] if strategy else [])]
    resolved = load_config(config, overrides)
    folder = to or Path("runs") / config
    if not skip_validation and resolved.data.source != "icons":
        from training.validation import check_before_training

        for line in check_before_training(resolved, folder, bar):
            print(line, file=sys.stderr)
    from training.train import train as train_config

    try:
        run = train_config(resolved, folder, bar, accept_data, profiled)
    except Preempted as ended:
        print(ended)
        return
    facts = run.facts()
    margin = f", margin annealed to {facts['margin']:.2f}" if facts["margin"] else ""
    steps = facts.get("trained_steps", resolved.steps)
    print(
        f"{run.folder}: trained {steps} steps in {facts['training_seconds']:.0f} s"
        f" ({facts['precision']}){margin}"
    )
