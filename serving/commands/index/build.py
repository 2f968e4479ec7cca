"""`sbir index build`: an index of a folder of pictures."""

from pathlib import Path
from typing import Annotated

import typer

from sbir_tf.console import bar


def build(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model's folder.")],
    pictures: Annotated[Path, typer.Argument(metavar="PICTURES", help="Any folder of pictures.")],
    to: Annotated[str, typer.Option(help="The index: a folder, or milvus://HOST:PORT/NAME.")],
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures to a call of the model.")] = 32,
    runner: Annotated[
        str | None, typer.Option(help="Encode by Apache Beam: direct, flink, spark or dataflow.")
    ] = None,
    pipeline_option: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="For Apache Beam.")
    ] = None,
    parts: Annotated[
        str | None, typer.Option(help="Where Beam's workers write; all must reach it.")
    ] = None,
) -> None:
    """Embed every picture in a folder into an index; or what is new or changed since."""
    from serving.encoders import load_encoder
    from serving.gallery import index_folder

    encoder = load_encoder(model)
    if runner is None:
        refuse_beams(pipeline_option, parts)
        report = index_folder(encoder, pictures, to, batch_size, progress=bar)
    else:
        from serving.gallery.pipeline import index_with_beam

        report = index_with_beam(
            encoder,
            pictures,
            to,
            runner=runner,
            pipeline_options=pipeline_option or (),
            parts=parts,
            batch_size=batch_size,
            progress=bar,
        )
    print_report(report)


def refuse_beams(pipeline_option: list[str] | None, parts: str | None) -> None:
    """Refuses Beam's options where Beam does not run."""
    from serving.errors import ServingError

    for name, value in (("--pipeline-option", pipeline_option), ("--parts", parts)):
        if value:
            raise ServingError(f"{name} is Apache Beam's: name a --runner. Received: {value}")


def print_report(report) -> None:
    """What was done, and what could not be read."""
    from serving.index.open import shown

    told = f"{report.indexed} pictures indexed"
    if report.encoded < report.indexed:
        told += f", {report.encoded} of them just now"
    if report.removed:
        told += f", {report.removed} removed"
    print(f"{shown(report.index)}: {told}")
    if report.skipped_file is None:
        for entry in report.skipped:
            print(f"could not be read: {entry['reason']}")
    elif report.skipped:
        print(f"{len(report.skipped)} could not be read: {report.skipped_file} lists them")
