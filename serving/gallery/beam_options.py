"""Beam's options, from the command's; a wrong one is an error before anything is written."""

import difflib
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

from apache_beam.options.pipeline_options import PipelineOptions

from serving.errors import ServingError

RUNNERS = {
    "direct": "DirectRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
}
_OWN_OPTIONS = ("flink", "spark")  # their job servers know options that Beam here does not


def beam_options(runner: str, options: Sequence[str]) -> PipelineOptions:
    """Beam's options.

    Args:
        runner: a name in `RUNNERS`.
        options: "key=value", or "key" for those that are switched on.

    Returns:
        They.

    Raises:
        ServingError: an unknown runner; an option of another form, that Beam does not know or
            with a value that it does not take.
    """
    if runner not in RUNNERS:
        raise ServingError(f"there is no runner {runner!r}{_nearest(runner, RUNNERS)}")
    found: list[ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=found.append)
    found[0].allow_abbrev = False
    for option in options:
        _check(option, found[0], runner)
    return PipelineOptions([f"--runner={RUNNERS[runner]}", *(f"--{option}" for option in options)])


def _check(option: str, parser: ArgumentParser, runner: str) -> None:
    key = option.partition("=")[0]
    if option.startswith("-") or not key or key == "help":
        raise ServingError(f"--pipeline-option takes key=value. Received: {option!r}")
    if key == "runner":
        raise ServingError(f"--runner names the runner. Received: --pipeline-option {option}")
    said = StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            _, unknown = parser.parse_known_args([f"--{option}"])
    except SystemExit:
        problem = said.getvalue().strip().rpartition("error: ")[2]
        raise ServingError(f"--pipeline-option {option}: {problem}") from None
    if unknown and runner not in _OWN_OPTIONS:
        known = vars(parser.parse_args([]))
        raise ServingError(f"Beam has no option {key!r}{_nearest(key, known)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f". Did you mean {close[0]!r}?" if close else f". Known: {', '.join(known)}"
