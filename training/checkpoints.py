"""Checkpoints on disk: written aside, renamed, checked before they are used.

    checkpoints/step-000400/           what a training needs to go on after step 400
    checkpoints/step-000400/manifest.json    sizes and SHA-256 of the files beside it
    checkpoints/step-000400/score.json       how good it is by a metric, where that was measured

A process may die anywhere in here: a checkpoint has its name when all of it is on the disk, and
one that is removed loses its name first.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

from sbir_tf.errors import UserError
from sbir_tf.files import remove_whole, sweep, written_aside

MANIFEST = "manifest.json"
SCORE = "score.json"
NAME = re.compile(r"step-(\d{6,})")
_PIECE = 1 << 20


class Damaged(Exception):
    """A checkpoint that is not as it was written; the message says in what."""


class Checkpoints:
    """The checkpoints of a run.

    Args:
        folder: Of the checkpoints.
        keep: How many of the newest are kept, at least 1. The best one is kept besides.
        metric: Name of what the scores are of. Those of another metric are not compared.
    """

    def __init__(self, folder: Path, keep: int = 2, metric: str | None = None):
        self.folder, self.keep, self.metric = folder, keep, metric

    def steps(self) -> list[int]:
        """The steps after which there are checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        found = (NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(name[1]) for name in found if name)

    def path(self, step: int) -> Path:
        return self.folder / f"step-{step:06d}"

    def newest(self, warn: Callable[[str], None]) -> int | None:
        """The step of the newest checkpoint that is whole, None if there is no checkpoint at all.

        Args:
            warn: Is told of each damaged one, and of the one that is used instead.

        Raises:
            UserError: If all are damaged.
        """
        damaged = []
        for step in reversed(self.steps()):
            try:
                check(self.path(step))
            except Damaged as error:
                damaged.append(f"{self.path(step)} is damaged ({error})")
                continue
            for problem in damaged:
                warn(f"{problem}: continuing from {self.path(step).name}, the one before")
            return step
        if damaged:
            raise UserError(
                f"{'; '.join(damaged)}, and there is no other: bring one back, or remove "
                f"{self.folder} to train from the start"
            )
        return None

    def save(self, step: int, write: Callable[[Path], None], score: float | None = None) -> None:
        """Keep what `write` writes into the folder that it is given.

        Args:
            step: After which step this is.
            write: Writes the files.
            score: How good this one is, the higher the better; None if that is not known.

        Raises:
            OSError: As of a full disk; the checkpoints that are there stay.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        sweep(self.folder)
        with written_aside(self.path(step)) as aside:
            aside.mkdir()
            write(aside)
            if score is not None:
                values = {"metric": self.metric, "score": score}
                (aside / SCORE).write_text(json.dumps(values) + "\n")
            describe(aside)
            # Those after this step are the damaged ones that this training did not use.
            for later in (known for known in self.steps() if known >= step):
                remove_whole(self.path(later))
        self._prune()

    def best(self) -> int | None:
        """The step of the checkpoint with the highest score, of equals the first; None if none
        has one."""
        scores = {step: self.score(step) for step in self.steps()}
        known = [step for step, score in scores.items() if score is not None]
        return max(known, key=scores.get, default=None)

    def score(self, step: int) -> float | None:
        """How good a checkpoint is by the metric; None where that is not known."""
        try:
            values = json.loads((self.path(step) / SCORE).read_text())
            return float(values["score"]) if values["metric"] == self.metric else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def best_of_whole(self) -> int:
        """As `best`, where every checkpoint must be whole: a damaged one may be the best.

        Raises:
            UserError: If one is damaged, or none has a score.
        """
        for step in self.steps():
            try:
                check(self.path(step))
            except Damaged as error:
                raise UserError(
                    f"{self.path(step)} is damaged ({error}), and may be the best: bring it back, "
                    "or remove it to take the best of the others"
                ) from None
        best = self.best()
        if best is None:
            raise UserError(
                f"No checkpoint in {self.folder} says its {self.metric}, so the best is not "
                "known: name another folder with --to to train anew"
            )
        return best

    def _prune(self) -> None:
        kept = {*self.steps()[-self.keep :], self.best()}
        for step in self.steps():
            if step not in kept:
                remove_whole(self.path(step))


def describe(folder: Path) -> None:
    """Write the manifest of the files in a folder."""
    files = {path.name: fact_of(path) for path in sorted(folder.iterdir())}
    (folder / MANIFEST).write_text(json.dumps(files, indent=2) + "\n")


def check(folder: Path) -> None:
    """Compare a checkpoint with its manifest.

    Raises:
        Damaged: If a file is missing, truncated or altered.
    """
    try:
        known = json.loads((folder / MANIFEST).read_text())
        facts = {name: (fact["bytes"], fact["sha256"]) for name, fact in known.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise Damaged(f"{MANIFEST} is missing or cannot be read") from None
    for name, (size, digest) in facts.items():
        path = folder / name
        if not path.is_file():
            raise Damaged(f"{name} is missing")
        if path.stat().st_size != size:
            raise Damaged(f"{name} has {path.stat().st_size} of {size} bytes")
        if fact_of(path)["sha256"] != digest:
            raise Damaged(f"{name} was altered")


def fact_of(path: Path) -> dict:
    """Size and SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
        return {"bytes": file.tell(), "sha256": digest.hexdigest()}
