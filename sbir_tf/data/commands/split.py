"""`sbir data split`: cuts a data set into what is trained on and what is searched, as a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sbir_tf.console import bar, console
from sbir_tf.errors import UserError

if TYPE_CHECKING:
    from sbir_tf.data.layouts import Item
    from sbir_tf.data.layouts.recognise import Place
    from sbir_tf.data.splits import Split


# Option -> with which of the three ways to call the command it counts.
_COUNTS = {
    "seed": {"--split"},
    "test_sketches": {"--split"},
    "test_photos": {"--split"},
    "validation": {"--split"},
    "drop_copies": {"--split", "--lists"},
    "force": {"--split", "--lists"},
    "allow_new": {"--check"},
}


def split_data(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The data set.")],
    name: Annotated[
        str | None, typer.Option("--split", help="Such as supervised, held-out-photos, sketchy-1.")
    ] = None,
    lists: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Others' lists: the authors' .json, or SAKE-style .txt."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="File to write: .json or .json.gz.")] = None,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Check a split of this data instead.")
    ] = None,
    layout: Annotated[str | None, typer.Option(help="Of the data set; else recognised.")] = None,
    variant: Annotated[str | None, typer.Option(help="Of the layout: tx_*, or A,B.")] = None,
    class_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which folder shows what: folder,class.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    test_sketches: Annotated[
        int, typer.Option(min=1, help="Sketches of each class held out (50 for Sketchy).")
    ] = 10,
    test_photos: Annotated[
        float, typer.Option(help="Photos of each class held out: a number, or a share below 1.")
    ] = 0.2,
    validation: Annotated[
        float,
        typer.Option(min=0, help="Sketches of each class, or share of the seen classes; 0: none."),
    ] = 0,
    check_content: Annotated[
        bool, typer.Option(help="Read every picture, to find the same one under two names.")
    ] = True,
    drop_copies: Annotated[
        bool, typer.Option("--drop-copies", help="Leave copies out that would leak.")
    ] = False,
    allow_new: Annotated[
        bool, typer.Option("--allow-new", help="With --check: pictures may have been added.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite another split.")] = False,
) -> None:
    """Cut a data set into parts, every item named in a file; or check such a file."""
    from sbir_tf.data.splits import check_leaks, check_split, make_split, read_lists, read_split
    from sbir_tf.data.splits import without_copies as without

    _check_options(name, lists, to, check, drop_copies and not check_content)
    _check_counts(context, "--split" if name else "--lists" if lists else "--check")
    if to:
        _check_target(to)
    split = read_split(check) if check else None
    place, items = _items(folder, layout, variant, class_map)
    of = {"layout": place.layout.name, "variant": place.variant or ""}
    if split:
        check_split(split, items, allow_new)
    elif name:
        amounts = {"test_sketches": test_sketches, "test_photos": test_photos}
        split = make_split(name, items, **amounts, seed=seed, validation=validation, **of)
    digests = _digests(place, items) if check_content else None
    split = split or read_lists(lists, items, digests, **of)
    split = without(split, digests) if drop_copies and to else split
    check_leaks(split, digests)
    done = _written(split, to, force) if to else "a split of this data, without leaks"
    print(f"{to or check}: {done}{'' if check_content else ' (content not checked for copies)'}")
    _show(split, items)


def _check_options(name, lists, to, check, contradiction: bool) -> None:
    if sum(map(bool, (name, lists, check))) != 1 or bool(to) == bool(check):
        raise UserError(
            "Say one of --split NAME --to FILE, --lists FILE --to FILE, and --check FILE"
        )
    if contradiction:
        raise UserError("--drop-copies needs the content: leave --no-check-content out")


def _check_counts(context: typer.Context, way: str) -> None:
    """Refuse options that would be ignored."""
    for option, ways in _COUNTS.items():
        if way not in ways and context.get_parameter_source(option).name == "COMMANDLINE":
            raise UserError(
                f"--{option.replace('_', '-')} counts with {' and '.join(sorted(ways))} alone: "
                f"leave it out. Received: {way}"
            )


def _items(folder: Path, layout, variant, class_map) -> tuple["Place", Sequence["Item"]]:
    from sbir_tf.data.layouts import open_folder

    place, listing = open_folder(folder, layout, variant, class_map)
    listing.check()
    return place, listing.items


def _digests(place: "Place", items: Sequence["Item"]) -> Mapping[str, str]:
    from sbir_tf.data.survey import CACHE, survey

    table = survey(place.root, items, progress=bar, cache=CACHE)
    unread = sum(map(bool, table["problem"].to_pylist()))
    if unread:
        print(f"{unread} pictures cannot be read: `sbir data inspect {place.root}` lists them")
    return dict(zip(table["key"].to_pylist(), table["digest"].to_pylist(), strict=True))


def _check_target(to: Path) -> None:
    from sbir_tf.data.splits.files import check_file_name

    check_file_name(to)
    if to.exists() and not to.is_file():
        kind = "a folder" if to.is_dir() else "no regular file"
        raise UserError(f"{to} is {kind}: name a file")


def _written(split: "Split", to: Path, force: bool) -> str:
    from sbir_tf.data.splits import write_split

    if to.exists() and _holds(to, split):
        return "as it was"
    if to.exists() and not force:
        raise UserError(f"{to} exists and differs: --force overwrites it, or name another file")
    write_split(split, to)
    return "written"


def _holds(file: Path, split: "Split") -> bool:
    from sbir_tf.data.splits import read_split

    try:
        return read_split(file) == split
    except UserError:
        return False


def _show(split: "Split", items: Sequence["Item"]) -> None:
    from rich.table import Table

    by_path = {item.path: item for item in items}
    table = Table(title=f"{split.name}: {split.protocol} protocol, seed {split.seed}")
    for heading in ("part", "sketches", "photos", "classes"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for part, paths in split.parts.items():
        of = [by_path[path] for path in paths]
        sketches = sum(item.domain == "sketch" for item in of)
        classes = len({item.class_name for item in of})
        table.add_row(part, str(sketches), str(len(of) - sketches), str(classes))
    console().print(table)
    print(split.note)
