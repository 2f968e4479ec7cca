"""A training small enough for tests, in a process of its own: `python -m tests.one_run FOLDER ...`.

The icons' renderings are cached beside the run's folder. KEY=VALUE overrides may follow, and
--sigterm=STEP, at which the process asks itself to end. A user's mistake is said and ends with 2,
as in `sbir train`.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

from sbir_tf.errors import UserError
from tests.small import small, use_few_icons
from training import train as module
from training.preemption import Preempted

SIGTERM = "--sigterm="


def main(folder: Path, overrides: list[str]) -> None:
    use_few_icons(pytest.MonkeyPatch(), folder.parent / "cache")
    for option in (option for option in overrides if option.startswith(SIGTERM)):
        ask_to_end(int(option.removeprefix(SIGTERM)))
    config = small(*(option for option in overrides if not option.startswith(SIGTERM)))
    try:
        module.train(config, folder)
    except UserError as error:
        print(error)
        sys.exit(2)
    except Preempted as ended:
        print(ended, file=sys.stderr)


def ask_to_end(step: int) -> None:
    """SIGTERM to this process at the end of a step."""

    class Asking(module.Position):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            if self.step == step:
                os.kill(os.getpid(), signal.SIGTERM)

    module.Position = Asking


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
