"""`sbir data validate`: statistics, a committed schema, and mistakes said in words."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sbir_tf.console import bar

if TYPE_CHECKING:
    from sbir_tf.data.splits import Split

FOUND_ERRORS = 1
_AS_IT_IS = (None, None, None)  # layout, variant and class map of records


def validate_data(
    folder: Annotated[
        Path, typer.Argument(metavar="RECORDS|FOLDER", help="Built records, or a data set.")
    ],
    against: Annotated[
        Path | None,
        typer.Option(metavar="SCHEMA|RECORDS|FOLDER", help="A committed schema, or another set."),
    ] = None,
    split: Annotated[Path | None, typer.Option(metavar="FILE", help="Its split.")] = None,
    serving: Annotated[
        Path | None, typer.Option(metavar="LOG", help="What the service logged.")
    ] = None,
    write_schema: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write its schema, to be committed.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the statistics page.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    layout: Annotated[str | None, typer.Option(help="Of the data set; else recognised.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the layout: tx_*, or A,B.")] = None,
    class_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which folder shows what: folder,class.")
    ] = None,
) -> None:
    """Check a data set: classes, labels, pictures, copies, drift. Exit code 1: there are errors."""
    from sbir_tf.data.survey import CACHE
    from sbir_tf.data.validation import make_schema
    from sbir_tf.data.validation import write_schema as write
    from sbir_tf.data.validation.page import write_page
    from sbir_tf.data.validation.regular import regular_file
    from sbir_tf.data.validation.sources import are_records, open_source

    for file in (split, serving, against if against and not against.is_dir() else None):
        if file is not None:
            regular_file(file)
    cut = _split(split)
    laid_out = (layout, variant, class_map)
    other, used = _against(against, laid_out)
    ours = _AS_IT_IS if used and are_records(folder) else laid_out
    source = open_source(folder, cut, *ours, bar, cache=CACHE)
    report = source.validate(other, serving, str(against) if against else None)
    written = []
    if html:
        written.append(write_page(report, source.table, html, source.name, source.read))
    if write_schema and report.ok:
        written.append(write(make_schema(source.table, source.class_names), write_schema))
    if as_json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        print(f"{source.name}: {report}")
        for file in written:
            print(f"written: {file}")
    if write_schema and not report.ok:
        typer.echo(f"{write_schema} is not written: mend the errors first", err=True)
    if not report.ok:
        raise typer.Exit(FOUND_ERRORS)


def _split(file: Path | None) -> "Split | None":
    from sbir_tf.data.splits import read_split

    return read_split(file) if file else None


def _against(path: Path | None, laid_out: tuple):
    """A schema, or the facts of another data set, whose index is believed.

    Returns:
        It, and whether the options of pictures in class folders were used.
    """
    from sbir_tf.data.survey import CACHE
    from sbir_tf.data.validation import read_schema
    from sbir_tf.data.validation.sources import are_records, open_source

    if path is None:
        return None, False
    if not path.is_dir():
        return read_schema(path), False
    built = are_records(path)
    options = _AS_IT_IS if built else laid_out
    source = open_source(path, None, *options, bar, thorough=False, cache=CACHE)
    return source.table, not built
