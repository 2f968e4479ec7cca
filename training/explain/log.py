"""log.csv: a line an epoch, with the step and the time."""

import csv
import datetime
from pathlib import Path

import keras

from sbir_tf.files import written_aside
from training.position import Position

OURS = ("epoch", "step", "time", "seconds")


class EpochLog(keras.callbacks.Callback):
    """Adds a line to log.csv after every epoch, and keeps those of before.

    A line of an epoch that is trained again, for the training ended between the line and the
    checkpoint, is replaced.

    Args:
        path: Of log.csv.
        position: Where the training stands.
    """

    def __init__(self, path: Path, position: Position):
        super().__init__()
        self.path, self.position = path, position

    def on_epoch_end(self, epoch, logs=None):
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        seconds = round(self.position.seconds, 1)
        row = {"epoch": epoch, "step": self.position.step, "time": now, "seconds": seconds}
        rows = [row for row in read_log(self.path) if epoch_of(row) < epoch]
        write_log(self.path, [*rows, row | logs])


def read_log(path: Path) -> list[dict[str, str]]:
    """The lines of a log, by their columns, without damaged ones; none if there is no log yet."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    names, *rows = [values_of(line) for line in lines] or [[]]
    return [dict(zip(names, row, strict=True)) for row in rows if len(row) == len(names) > 0]


def values_of(line: str) -> list[str]:
    """The values in a line; none of one that is no CSV."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def write_log(path: Path, rows: list[dict]) -> None:
    """Write aside, then rename. A number that a line lacks is left empty."""
    names = dict.fromkeys(OURS) | dict.fromkeys(sorted({name for row in rows for name in row}))
    with written_aside(path) as aside, aside.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(names), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def epoch_of(row: dict) -> int:
    """Of a line; one that is damaged counts as trained again."""
    try:
        return int(row["epoch"])
    except (KeyError, TypeError, ValueError):
        return 1 << 62
