"""The `sbir` command: the front door to training, evaluation, export, index and search.

Everything heavy is imported inside the command that needs it, so that `sbir --help` is quick.
"""

import json
import os
import sys
import warnings
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from sbir_tf.console import bar, console
from sbir_tf.data.commands import data_app
from sbir_tf.errors import UserError
from training.commands.finetune import finetune
from training.commands.runs import runs_app

USER_MISTAKE = 2
# What Typer makes of Ctrl-C.
INTERRUPTED = 130

app = typer.Typer(
    help="Sketch-based image retrieval: draw a thing, find its pictures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(runs_app, name="runs")
codes_app = typer.Typer(help="Embeddings as a few bytes each.", no_args_is_help=True)
app.add_typer(codes_app, name="codes")

weights_app = typer.Typer(help="Published weights.", no_args_is_help=True)
app.add_typer(weights_app, name="weights")

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.")]


@app.callback()
def everywhere(
    verbose: Annotated[bool, typer.Option("--verbose", help="Let TensorFlow talk.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Options of every command; `main` takes them wherever they stand."""


@weights_app.command("import")
def import_weights(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=".pth, .safetensors, .h5 or .keras.")
    ],
    network: Annotated[str, typer.Option(help="The backbone, such as se_resnet50.")],
    to: Annotated[Path, typer.Option(help="File to write: NAME.weights.h5.")],
    gate: Annotated[str, typer.Option(help="Its gates, as network.gate; none for none.")] = "dase",
    image_size: Annotated[int, typer.Option(min=16, max=1024, help="Side, pixels.")] = 224,
    squeeze_activation: Annotated[
        str, typer.Option(help="Of the gates: relu, or sigmoid as in the 2021 release.")
    ] = "relu",
) -> None:
    """Bring a file's tensors to a network, all of them accounted for; `weights=` reads it."""
    from training.weights import import_file

    account, written = import_file(file, to, network, gate, image_size, squeeze_activation)
    print(account)
    for path in written:
        print(f"written: {path}")


@app.command()
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


app.command()(finetune)


@app.command()
def evaluate(
    run: RunFolder,
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Also the pretrained features, untrained.")
    ] = False,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Compare mirrored pictures too (as configured)."),
    ] = None,
) -> None:
    """Search a run's held-out pictures with its held-out sketches; print the metrics."""
    from training.evaluate import evaluate_run, evaluate_untrained
    from training.run import open_complete

    opened = open_complete(run)
    flip = opened.config.data.test_flip if flip is None else flip
    result = evaluate_run(opened, part, bar, flip)
    before = evaluate_untrained(opened.config, part, bar, flip) if untrained else None
    if as_json:
        print(result.to_json())
    else:
        print_metrics(opened, part, result, before, flip)


@app.command()
def compare(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name in training/comparisons.")],
    jobs: Annotated[int, typer.Option(min=1, help="Cells at a time, one thread each.")] = 1,
    to: Annotated[Path | None, typer.Option(help="For the cells (runs/compare/NAME).")] = None,
    page: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/comparison.md"),
    page_only: Annotated[bool, typer.Option("--page-only", help="Train nothing.")] = False,
) -> None:
    """Train every row of a comparison, or continue it; write its page."""
    from training.compare.page import write_page
    from training.compare.run import compare as run_comparison
    from training.compare.spec import load_comparison

    comparison = load_comparison(name)
    folder = to or Path("runs") / "compare" / name
    if not page_only:
        run_comparison(comparison, folder, jobs, bar)
    write_page(comparison, folder, page)
    print(page.read_text())


@app.command()
def export(
    run: RunFolder,
    to: Annotated[Path | None, typer.Option(help="The model's folder (saved_models/NAME).")] = None,
) -> None:
    """Write a run's encoder as a SavedModel for TensorFlow Serving."""
    from training.export import export_run
    from training.run import open_complete

    opened = open_complete(run)
    folder, new = export_run(opened, to or Path("saved_models") / opened.config.name)
    print(f"{folder}: {'written' if new else 'holds this run already'}")


@app.command()
def index(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model's folder.")],
    pictures: Annotated[Path, typer.Argument(metavar="PICTURES", help="Any folder of pictures.")],
    to: Annotated[Path, typer.Option(help="The index's folder.")],
) -> None:
    """Embed every picture in a folder and write a ScaNN index of them."""
    from serving.encoders import load_encoder
    from serving.gallery import index_folder

    report = index_folder(load_encoder(model), pictures, to, progress=bar)
    print(f"{to}: {report.indexed} pictures indexed")
    if report.skipped:
        print(f"{len(report.skipped)} could not be read: {report.skipped_file} lists them")


@app.command()
def search(
    index: Annotated[Path, typer.Argument(metavar="INDEX", help="An index's folder.")],
    sketches: Annotated[
        list[Path], typer.Argument(metavar="SKETCH...", help="Drawings, or folders of them.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many pictures to find.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    sheet: Annotated[
        list[Path] | None, typer.Option(help="Write a contact sheet: .png or .html.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="The model, if it moved since the index was made.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many sketches, evenly spaced.")
    ] = None,
) -> None:
    """Find the pictures that sketches show."""
    from serving.search import search_files

    rows = search_files(index, sketches, k, model=model, limit=limit, sheets=sheet or [])
    if as_json:
        print(json.dumps([row.to_json() for row in rows], indent=2))
        return
    for path in sheet or []:
        print(f"contact sheet of {len(rows)} sketches: {path}")
    for row in rows if not sheet else []:
        print(row.query)
        for hit in row.hits:
            print(f"  {hit.rank:3}  {hit.distance:10.4f}  {hit.path}")


@codes_app.command("fit")
def codes_fit(
    run: RunFolder,
    bits: Annotated[str, typer.Option(help="Bits of a code, separated by commas.")] = "32,64,128",
    method: Annotated[
        str, typer.Option(help="centers (published) or itq (classical).")
    ] = "centers",
    to: Annotated[Path | None, typer.Option(help="Folder to write (RUN/codes).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random start.")] = 0,
) -> None:
    """Learn binary codes of a run's embeddings."""
    from training.codes.fit import fit_codes
    from training.run import open_complete

    sizes = comma_separated(bits)
    for path in fit_codes(open_complete(run), sizes, method, to, seed, bar):
        print(f"{path}: written")
    where = f" --codes {to}" if to else ""
    print(f"what they cost: sbir codes report {run}{where}")


@codes_app.command("report")
def codes_report(
    run: RunFolder,
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
    codes: Annotated[Path | None, typer.Option(help="Folder of the codes (RUN/codes).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Metrics of a run's codes beside those of its real-valued embeddings."""
    from training.codes.report import as_json as report_of
    from training.codes.report import evaluate_codes
    from training.run import open_complete

    opened = open_complete(run)
    rows = evaluate_codes(opened, part, codes, bar)
    if as_json:
        print(json.dumps(report_of(opened, part, rows), indent=2))
    else:
        print_codes(opened, part, rows)


@codes_app.command("search")
def codes_search(
    codes: Annotated[
        Path, typer.Argument(metavar="CODES", help="A file that `sbir codes fit` wrote.")
    ],
    sketches: Annotated[
        list[Path], typer.Argument(metavar="SKETCH...", help="Drawings, or folders of them.")
    ],
    gallery: Annotated[Path, typer.Option(help="Any folder of pictures.")],
    k: Annotated[int, typer.Option("-k", help="How many pictures to find.")] = 10,
    model: Annotated[
        Path | None, typer.Option(help="The model's folder (saved_models/NAME).")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many sketches, evenly spaced.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the pictures that sketches show, by the bits in which their codes differ."""
    from serving.codes import open_codes, search_codes

    opened = open_codes(codes)
    model = model or Path("saved_models") / opened.name
    found = search_codes(opened, gallery, sketches, k, model=model, limit=limit, progress=bar)
    if as_json:
        print(json.dumps([answer.to_json() for answer in found.answers], indent=2))
        return
    for answer in found.answers:
        print(answer.query)
        for hit in answer.hits:
            print(f"  {hit.rank:3}  {hit.distance:4} of {opened.bits} bits  {hit.path}")
    pictures, size = found.gallery.codes.shape
    print(f"{pictures} pictures of {size} bytes, {found.gallery.encoded} new: {found.kept}")
    for item in found.gallery.skipped:
        print(f"could not be read: {item['reason']}", file=sys.stderr)


def comma_separated(bits: str) -> tuple[int, ...]:
    """The numbers in "32,64,128"."""
    try:
        return tuple(dict.fromkeys(int(number) for number in bits.split(",")))
    except ValueError:
        raise UserError(f"--bits takes numbers such as 32,64,128. Received: {bits!r}") from None


def print_codes(run, part, rows) -> None:
    """The metrics of codes as a table, one line a code."""
    from rich.table import Table

    from training.sources import note_of

    first = rows[0].result
    table = Table(
        title=f"{run.folder.name}: {run.config.data.split} split, {part} part: {first.queries} "
        f"sketches search {first.gallery} pictures"
    )
    shown = [name for name, _ in metric_rows(first) if not name.startswith("mAP@1")]
    table.add_column("code", no_wrap=True)
    for heading in ("bytes", *shown):
        table.add_column(heading, justify="right")
    lines = [(row.name, str(row.bytes), row.result) for row in rows]
    for name, size, values in [*lines, ("chance", "-", first.chance)]:
        metrics = dict(metric_rows(values))
        table.add_row(name, size, *(f"{metrics[heading]:.4f}" for heading in shown))
    console().print(table)
    print(f"conventions: {first.convention} AP, ties {first.ties}; codes by Hamming distance")
    if note := note_of(run.config.data, part):
        print(note)


def print_metrics(run, part, result, before, flip) -> None:
    """The metrics as a table, with what chance and the untrained features reach."""
    from rich.table import Table

    from training.sources import note_of

    split = run.config.data.split
    table = Table(
        title=f"{run.folder.name}: {split} split, {part} part: {result.queries} sketches "
        f"search {result.gallery} pictures"
    )
    columns = {"trained": result} | ({"untrained": before} if before else {})
    columns["chance"] = result.chance
    table.add_column("metric")
    for heading in columns:
        table.add_column(heading, justify="right")
    for row in zip(*(metric_rows(values) for values in columns.values()), strict=True):
        table.add_row(row[0][0], *(f"{value:.4f}" for _, value in row))
    console().print(table)
    flipped = "; test-time flip" if flip else ""
    print(
        f"conventions: {result.convention} AP, ties {result.ties}{flipped}; seed {run.config.seed}"
    )
    if note := note_of(run.config.data, part):
        print(note)


def metric_rows(values) -> list[tuple[str, float]]:
    """Names and values of a result's metrics, or of chance's."""
    rows = [("mAP@all", values.map_all)]
    for name in ("map_at", "precision_at", "hit_at"):
        label = {"map_at": "mAP", "precision_at": "P", "hit_at": "hit"}[name]
        rows += [(f"{label}@{k}", value) for k, value in getattr(values, name).items()]
    return rows


def main() -> None:
    """Run a command; a user's mistake becomes one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a folder's name need not be text
            stream.reconfigure(errors="backslashreplace")
    verbose, debug = (take_flag(flag) for flag in ("--verbose", "--debug"))
    silence(verbose)
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code:  # a command's own, of `typer.Exit`
            sys.exit(code)
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        line, code = explain(error)
        print(f"sbir: {line}", file=sys.stderr)
        sys.stdout.flush()
        sys.exit(code)


def take_flag(flag: str) -> bool:
    """Whether a flag stands anywhere on the command line; it is taken off."""
    found = flag in sys.argv[1:]
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != flag]
    return found


def silence(verbose: bool) -> None:
    """Quiet TensorFlow's start-up and the packages that warn about Python's age."""
    if verbose:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def explain(error: BaseException) -> tuple[str, int]:
    """One line about an error, and the exit code."""
    from pictures import PictureError
    from serving.errors import ServingError

    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "interrupted; nothing was left half-written: run the same command again", 2
    if isinstance(error, TyperException):
        return error.format_message().replace("\n", " "), USER_MISTAKE
    if isinstance(error, UserError | ServingError | PictureError):
        return str(error), USER_MISTAKE
    if isinstance(error, OSError):
        return str(error) + cure(error), USER_MISTAKE
    if "No space left on device" in str(error):  # TensorFlow's own kind of error
        return "No space left on device: free some and run the same command again", USER_MISTAKE
    first = (str(error).splitlines() or [""])[0]
    return f"internal error: {type(error).__name__}: {first} (--debug shows where)", 1


def cure(error: OSError) -> str:
    """What to do about an error of the operating system, where that is known."""
    import errno

    return {
        errno.ENOSPC: ": free some space and run the same command again",
        errno.EACCES: ": change its permissions or name another place",
        errno.EROFS: ": name a place that can be written",
    }.get(error.errno, "")


if __name__ == "__main__":
    main()
