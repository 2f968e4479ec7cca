"""A line that tells how far a training is."""

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressLine(keras.callbacks.Callback):
    """A progress bar with loss, accuracy and margin, on stderr, while its context is open.

    Args:
        steps: Steps in all.
        first_step: Steps that were done before.
        name: What is being trained.
    """

    def __init__(self, steps, first_step, name):
        super().__init__()
        self.bar = Progress(
            TextColumn("training {task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[story]}"),
            console=Console(stderr=True),
        )
        self.task = self.bar.add_task(name, total=steps, completed=first_step, story="")

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()  # even after Ctrl-C: it hides the cursor

    def on_train_batch_end(self, batch, logs=None):
        story = f"loss {logs['loss']:.3f}"
        if "accuracy" in logs:  # losses without class scores have none
            story += f"  accuracy {logs['accuracy']:.2f}"
        margin = getattr(self.model.loss, "current_margin", None)
        if margin is not None:
            story += f"  margin {float(margin.numpy()):.2f}"
        self.bar.update(self.task, advance=1, story=story)
