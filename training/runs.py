"""What the folders of runs say: all of a folder, one in full, several side by side."""

import datetime
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sbir_tf.errors import UserError
from training.checkpoints import Checkpoints
from training.config import Config, config_names, load_config
from training.explain.log import read_log
from training.overrides import flat
from training.provenance import command_line
from training.run import Run, open_run

COMPLETE, UNFINISHED, FAILED, UNREADABLE = "complete", "unfinished", "failed", "unreadable"
DEEPEST = 4  # folders in folders that are searched for runs
SHOWN = ("loss", "accuracy", "margin", "center_spread", "val_map", "val_hit_at_10")


@dataclass(frozen=True)
class Summary:
    """What a run's folder says.

    Attributes:
        folder: Of the run.
        state: "complete", "unfinished" (it runs still, or was interrupted), "failed" or
            "unreadable".
        reason: Why it failed or cannot be read.
        config: Name of the configuration.
        steps: Steps in all.
        done: Steps that were logged.
        figures: The newest of each number in the log, and the evaluation's.
        seconds: That it trained.
        when: The newest line of the log, or when it began: ISO 8601.
    """

    folder: str
    state: str
    reason: str = ""
    config: str = ""
    steps: int = 0
    done: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    when: str = ""

    def to_json(self) -> dict:
        return asdict(self)


def summaries(folder: Path) -> list[Summary]:
    """Every run in a folder, those in its folders too; what is none is listed with its reason.

    Raises:
        UserError: If there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name one that holds runs, such as runs")
    if (folder / "config.json").exists():
        return [summary(folder)]
    return [summary(found) for found in sorted(_candidates(folder, DEEPEST))]


def _candidates(folder: Path, deeper: int) -> Iterator[Path]:
    """The runs in a folder, and its folders that hold none."""
    for path in folder.iterdir():
        if not path.is_dir() or path.name.startswith("."):
            continue
        inside = [] if _may_be_run(path) or deeper == 1 else _inside(path, deeper - 1)
        yield from inside if any(map(_may_be_run, inside)) else [path]


def _inside(folder: Path, deeper: int) -> list[Path]:
    """As `_candidates`; none of a folder that cannot be read, which is told of itself then."""
    try:
        return list(_candidates(folder, deeper))
    except OSError:
        return []


def _may_be_run(folder: Path) -> bool:
    """Whether a folder may be a run, as one may be that cannot be looked into."""
    try:
        return any((folder / name).exists() for name in ("config.json", "run.json"))
    except OSError:
        return True


def summary(folder: Path) -> Summary:
    """What one folder says; it may be damaged, or hold something else."""
    try:
        return _summary(open_run(folder))
    except (UserError, OSError) as error:
        return Summary(str(folder), UNREADABLE, str(error))


def _summary(run: Run) -> Summary:
    facts, rows = run.facts(), read_log(run.log)
    failure = "" if run.complete else facts.get("failure") or ""
    seconds = facts.get("training_seconds")
    if seconds is None and rows:
        seconds = number(rows[-1].get("seconds"))
    state = COMPLETE if run.complete else FAILED if failure else UNFINISHED
    began = (run.folder / "config.json").stat().st_mtime
    return Summary(
        str(run.folder),
        state,
        str(failure),
        run.config.name,
        run.config.steps,
        steps_done(run, rows),
        figures_of(run, rows),
        seconds,
        (rows[-1].get("time") if rows else None) or iso(began),
    )


def steps_done(run: Run, rows: list[dict]) -> int:
    """The steps of a log's last line, or of the newest checkpoint if that is ahead."""
    last = rows[-1] if rows else {}
    step = number(last.get("step"))
    if step is None and number(last.get("epoch")) is not None:  # a log from before it had steps
        step = (number(last["epoch"]) + 1) * run.config.steps_per_epoch
    return int(max([step or 0, *Checkpoints(run.checkpoints).steps()]))


def figures_of(run: Run, rows: list[dict]) -> dict[str, float]:
    """The newest of each number in the log, then what `sbir evaluate` measured."""
    figures = {}
    for row in rows:
        numbers = {name: number(row.get(name)) for name in SHOWN}
        figures |= {name: value for name, value in numbers.items() if value is not None}
    evaluation = run.folder / "evaluation.json"
    if evaluation.exists():
        figures |= evaluated(evaluation)
    return figures


def evaluated(path: Path) -> dict[str, float]:
    """mAP, P@10 and hit@10 on the test part."""
    try:
        values = json.loads(path.read_text())
        pairs = [("mAP@all", values["map_all"])]
        pairs += [("P@10", values["precision_at"]["10"]), ("hit@10", values["hit_at"]["10"])]
        return {name: float(value) for name, value in pairs}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path} cannot be read ({error}): `sbir evaluate` again") from None


def number(text: str | None) -> float | None:
    """A number in a log, None where there is none."""
    try:
        return float(text) if text else None
    except ValueError:
        return None


def iso(seconds: float) -> str:
    """A time of the file system, as the log has it."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="seconds")


def details(folder: Path) -> dict:
    """One run in full: its summary, what it changes of its configuration, where it comes from.

    Raises:
        UserError: If the folder holds no run, or one that cannot be read.
    """
    run = open_run(folder)
    facts = run.facts()
    return {
        **_summary(run).to_json(),
        "changed": changed(run.config),
        "from": base_of(run.config)[0],
        "facts": facts,
        "continue": None if run.complete else command_line(facts.get("command") or ["sbir"]),
    }


def base_of(config: Config) -> tuple[str, Config]:
    """What a configuration is told apart from: the one of its name, or the plain defaults.

    A fine-tuned one has the name of the one that it came from, and the data set's behind it.
    """
    own = f"{config.name}_"
    if named := max((n for n in config_names() if own.startswith(f"{n}_")), key=len, default=""):
        return named, load_config(named)
    return "the defaults", Config(config.name, config.steps)


def changed(config: Config) -> dict[str, list]:
    """Key -> [value in the named configuration, value in this one]."""
    named, own = (dict(flat(each.to_json())) for each in (base_of(config)[1], config))
    return {key: [named[key], value] for key, value in own.items() if named[key] != value}


def side_by_side(folders: list[Path]) -> dict:
    """The keys in which runs differ, and all their figures.

    Raises:
        UserError: If one of the folders holds no run, or one that cannot be read.
    """
    runs = [open_run(folder) for folder in folders]
    values = [dict(flat(run.config.to_json())) for run in runs]
    differing = [key for key in values[0] if any(v[key] != values[0][key] for v in values)]
    shown = [_summary(run) for run in runs]
    names = dict.fromkeys(name for each in shown for name in each.figures)
    figures = {name: [each.figures.get(name) for each in shown] for name in names}
    return {
        "runs": [each.folder for each in shown],
        "config": {key: [value[key] for value in values] for key in differing},
        "state": [each.state for each in shown],
        "steps": [each.done for each in shown],
        "seconds": [each.seconds for each in shown],
        "figures": figures,
    }
