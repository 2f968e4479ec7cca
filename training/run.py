"""A run's folder: what was trained, with what, and what came out.

config.json            the resolved configuration
run.json               command, git revision, versions, precision, seconds, whether complete
log.csv                one line an epoch; tensorboard/ has the same
checkpoints/           to continue from
centers.npy            the class centres (K, D), of a loss that has them
encoder.weights.h5     the trained encoder
evaluation.json        written by `sbir evaluate`
codes/                 binary codes and their report, written by `sbir codes`
"""

import importlib.metadata
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sbir_tf.errors import UserError
from training.config import Config, config_from_json, flat

PACKAGES = ("tensorflow", "keras", "numpy", "scann")


@dataclass(frozen=True)
class Run:
    """A run's folder and the configuration it is for."""

    folder: Path
    config: Config

    @property
    def weights(self) -> Path:
        return self.folder / "encoder.weights.h5"

    @property
    def centers(self) -> Path:
        return self.folder / "centers.npy"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def log(self) -> Path:
        return self.folder / "log.csv"

    @property
    def complete(self) -> bool:
        return self.weights.exists()

    def facts(self) -> dict:
        """What run.json says."""
        return json.loads((self.folder / "run.json").read_text())

    def note(self, **facts) -> None:
        """Add to run.json."""
        path = self.folder / "run.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        write_json(path, known | facts)


def existing_run(folder: Path, config: Config) -> Run | None:
    """The run of a configuration in a folder, None if there is none yet; nothing is written.

    Raises:
        UserError: If the folder holds something else, or a run of another configuration.
    """
    if (folder / "config.json").exists():
        before = open_run(folder).config
        if before != config:
            raise UserError(
                f"{folder} holds a run of another configuration ({difference(before, config)}): "
                "name another folder with --to, or remove this one"
            )
        return Run(folder, config)
    if folder.exists() and (
        not folder.is_dir() or {f.name for f in folder.iterdir()} - {"run.json"}
    ):
        raise UserError(f"{folder} exists and is not a run: name another folder with --to")
    return None


def create_or_continue(folder: Path, config: Config) -> Run:
    """The run of a configuration in a folder: the one that is there, or a new one.

    Raises:
        UserError: As `existing_run`.
    """
    run = existing_run(folder, config)
    if run is None:
        run = Run(folder, config)
        folder.mkdir(parents=True, exist_ok=True)
        run.note(command=sys.argv, revision=git_revision(), versions=versions())
        write_json(folder / "config.json", config.to_json())
    return run


def open_run(folder: Path | str) -> Run:
    """The run in a folder.

    Raises:
        UserError: If there is none, or its configuration cannot be read.
    """
    folder = Path(folder)
    try:
        values = json.loads((folder / "config.json").read_text())
        return Run(folder, config_from_json(values))
    except FileNotFoundError:
        raise UserError(
            f"{folder} is not a run (it has no config.json): `sbir train CONFIG` makes one"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{folder / 'config.json'} cannot be read: {error}") from error


def open_complete(folder: Path | str) -> Run:
    """The run in a folder, which must have been trained to its end."""
    run = open_run(folder)
    if not run.complete:
        raise UserError(
            f"{run.folder} is not trained to its end: "
            f"continue it with the command in {run.folder / 'run.json'}"
        )
    return run


def difference(before: Config, after: Config) -> str:
    """The values in which two configurations differ, in words."""
    old, new = before.to_json(), after.to_json()
    return ", ".join(
        f"{key} is {old_value!r} there, {new_value!r} here"
        for (key, old_value), (_, new_value) in zip(flat(old), flat(new), strict=True)
        if old_value != new_value
    )


def write_json(path: Path, values) -> None:
    """Write aside, then rename."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(values, indent=2) + "\n")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def versions() -> dict[str, str]:
    """The versions of the packages that results depend on."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python} | {name: importlib.metadata.version(name) for name in PACKAGES}


def git_revision() -> str | None:
    """The revision of the code, "+changes" if it is not as committed, or None without git."""
    here = Path(__file__).parent

    def git(*arguments):
        call = ["git", "-C", str(here), *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
