"""The `sbir` command: the front door to training, evaluation, export, index and search.

Everything heavy is imported inside the command that needs it, so that `sbir --help` is quick.
"""

import os
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated

import typer
from typer.exceptions import TyperException

from sbir_tf.data.commands import data_app
from sbir_tf.errors import UserError
from serving.commands.codes_search import codes_search
from serving.commands.index import index_app
from serving.commands.search import search
from serving.commands.serve import serve
from training.commands.codes import codes_app
from training.commands.compare import compare
from training.commands.evaluate import evaluate
from training.commands.export import export
from training.commands.finetune import finetune
from training.commands.report import report
from training.commands.runs import runs_app
from training.commands.train import train
from training.commands.weights import weights_app

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
app.add_typer(codes_app, name="codes")
app.add_typer(weights_app, name="weights")
app.add_typer(index_app, name="index")
for command in (train, finetune, evaluate, report, compare, export, search, serve):
    app.command()(command)
codes_app.command("search")(codes_search)


@app.callback()
def everywhere(
    verbose: Annotated[bool, typer.Option("--verbose", help="Let TensorFlow talk.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Options of every command; `main` takes them wherever they stand."""


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
