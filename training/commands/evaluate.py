"""`sbir evaluate`: how well a model's sketches find photos, by any of the field's protocols."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar
from sbir_tf.errors import UserError
from training.commands.arguments import AsJson
from training.commands.codes import comma_separated


def evaluate(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="A run's folder, or an exported model's."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Argument(metavar="DATA", help="A folder, records, or icons (the model's own)."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="supervised, sketchy-1, ..., fine-grained, styles (docs/protocols.md)."),
    ] = None,
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
    features: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Score these features instead: an .npz.")
    ] = None,
    distance: Annotated[
        str | None,
        typer.Option(help="Of --features: euclidean, cosine or hamming (by what they are)."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder to write (MODEL/evaluations/PROTOCOL).")
    ] = None,
    as_json: AsJson = False,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Also the pretrained features, untrained.")
    ] = False,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Compare mirrored pictures too (as configured)."),
    ] = None,
    codes: Annotated[
        Path | None, typer.Option(help="Binary codes: a folder or a file (RUN/codes).")
    ] = None,
    split: Annotated[Path | None, typer.Option(help="Cut the data by this file.")] = None,
    layout: Annotated[str | None, typer.Option(help="Of the data set; else recognised.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the layout: tx_*, or A,B.")] = None,
    class_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which folder shows what: folder,class.")
    ] = None,
    test_sketches: Annotated[
        int | None, typer.Option(min=1, help="Sketches of each class that search (as published).")
    ] = None,
    test_photos: Annotated[
        float | None, typer.Option(help="Photos of each class held out: a number, or a share.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of what is drawn.")] = None,
    convention: Annotated[str, typer.Option(help="exact, retrieved, voc or zse.")] = "exact",
    ties: Annotated[
        str, typer.Option(help="expected, stable, optimistic, pessimistic or grouped.")
    ] = "expected",
    ks: Annotated[
        str, typer.Option("--at", metavar="K,K", help="Further places to cut rankings at.")
    ] = "",
    accept_seen: Annotated[
        bool,
        typer.Option("--accept-seen", help="Go on with a model that saw the test; marks it."),
    ] = False,
) -> None:
    """Search photos with sketches by a protocol; print the metrics, keep the rankings."""
    if features:
        refuse_beside_features(
            {
                **{"MODEL": model, "DATA": data, "--protocol": protocol, "--codes": codes},
                **{"--split": split, "--layout": layout, "--variant": variant, "--flip": flip},
                **{"--class-map": class_map, "--test-sketches": test_sketches, "--seed": seed},
                **{"--test-photos": test_photos, "--untrained": untrained},
                **{"--accept-seen": accept_seen, "--part": part != "test" and part},
                "--convention": convention != "exact" and convention,
                "--ties": ties != "expected" and ties,
            }
        )
        from training.commands.evaluate_features import evaluate_features

        evaluate_features(features, to, as_json, at(ks), distance)
        return
    if distance:
        raise UserError(f"--distance is of --features: leave it out. Received: {distance}")
    if model is None:
        raise UserError("Name a model: a run's folder, an exported model's, or --features FILE.npz")
    from training.commands.evaluation_tables import print_evaluation, print_json
    from training.protocols.asked import Asked
    from training.protocols.evaluation import answered, question_of, untrained_result
    from training.protocols.folder import check_place, place_for, write_evaluation
    from training.protocols.model import open_model, run_of

    opened = open_model(model)
    if untrained:
        run_of(opened)
    cut = (split, layout, variant, class_map, test_sketches, test_photos, seed)
    asked = Asked(data, protocol, part, *cut, flip, codes, convention, ties, at(ks), accept_seen)
    check_place(to)
    question = question_of(opened, asked, bar)
    place_for(question, to)
    evaluation = answered(question, bar)
    folder = write_evaluation(evaluation, to)
    before = untrained_result(evaluation, bar) if untrained else None
    if as_json:
        print_json(evaluation, folder)
    else:
        print_evaluation(evaluation, before, folder)


def at(ks: str) -> tuple[int, ...]:
    """The places in "5,50"."""
    return comma_separated(ks, "--at") if ks else ()


def refuse_beside_features(options: dict[str, object]) -> None:
    """Refuse what is asked of a model where features are scored."""
    given = [name for name, value in options.items() if value not in (None, False)]
    if given:
        raise UserError(
            "--features scores a file without a model, under every convention: leave out "
            f"{', '.join(given)}, or --features"
        )
