"""How well sketches of the validation part find its pictures, while the training goes on."""

from contextlib import suppress

import keras
import tensorflow as tf

from sbir_tf.errors import UserError
from sbir_tf.evaluation import evaluate
from training.config import Config
from training.explain.budget import Budget
from training.explain.embedding import Embedder, NotFinite
from training.explain.scalars import tag_of
from training.explain.subsets import loaded, queries_and_gallery
from training.pictures import Items
from training.position import Position
from training.progress import tell
from training.sources import held_out
from training.workers import any_worker

CUT = 10
METRICS = ("val_map", f"val_precision_at_{CUT}", f"val_hit_at_{CUT}")


class Validation(keras.callbacks.Callback):
    """Writes mAP, P@10 and hit@10 as summaries, and adds them to the logs: `val_map` and so on.

    They are measured after every so many steps and after the last, on the same pictures each
    time. What an epoch's logs have is of the weights that the epoch ended with, so that a
    measurement inside an epoch is a point of the curves alone. When they take more of the time
    than their share, they are measured half as often, and the log says so.

    Args:
        config: Of the training.
        embedder: Gives embeddings by the weights of the moment.
        part: The sketches and the photos of the validation part, in memory.
        position: Where the training stands.
        budget: Its share of the time.
        writer: Of the summaries.
    """

    LOGS = METRICS

    def __init__(
        self,
        config: Config,
        embedder: Embedder,
        part: tuple[Items, Items],
        position: Position,
        budget: Budget,
        writer,
    ):
        super().__init__()
        self.every = config.validation.every or config.steps_per_epoch
        self.embedder, self.part = embedder, part
        self.steps, self.position = config.steps, position
        self.budget, self.writer = budget, writer
        self.measured = {}

    def state(self) -> dict:
        return {"every": self.every}

    def restore(self, state: dict) -> None:
        self.every = state["every"]

    def on_train_batch_end(self, batch, logs=None):
        self.measured = {}
        last = self.position.step == self.steps
        if self.position.step % self.every and not last:
            return
        # The weights of a moment are read by all workers or by none.
        if last or any_worker(tf.distribute.get_strategy(), self.budget.affords_another()):
            with self.budget.spending(), suppress(NotFinite):
                self.measured = self.measure()
                self._write()
        else:
            self._measure_less_often()

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self.measured)

    def measure(self) -> dict[str, float]:
        """The metrics by the weights of this moment."""
        queries, gallery = self.part
        result = evaluate(
            self.embedder(queries, self.position.step),
            queries.labels,
            self.embedder(gallery, self.position.step),
            gallery.labels,
            ks=(CUT,),
        )
        values = result.map_all, result.precision_at[CUT], result.hit_at[CUT]
        return dict(zip(METRICS, values, strict=True))

    def _write(self) -> None:
        with self.writer.as_default(self.position.step):
            for name, value in self.measured.items():
                tf.summary.scalar(tag_of(name), value)

    def _measure_less_often(self) -> None:
        self.every *= 2
        would_take = self.budget.share_with(self.budget.last)
        tell(
            f"step {self.position.step}: validation would take {would_take:.1%} of the time, its "
            f"share is {self.budget.share:.0%}: now every {self.every} steps"
        )


def validation_part(config: Config, progress=None) -> tuple[Items, Items] | None:
    """Some of the validation part, in memory; None, and why is told, where there is none.

    A part that is trained on would flatter: it is none.
    """
    spec, data = config.validation, config.data
    if why := why_none(config):
        tell(f"no validation while training: {why}")
        return None
    try:
        parts = held_out(data, "validation", progress)
    except UserError as error:
        tell(f"no validation while training: {error}")
        return None
    some = queries_and_gallery(*parts, spec.queries, spec.gallery, spec.seed)
    return tuple(loaded(items) for items in some)


def why_none(config: Config) -> str | None:
    """Why a training has no honest validation part, as far as its configuration says."""
    data = config.data
    if data.source == "icons" and "validation" in data.train_on:
        return "its part is trained on (--set data.train_on=train keeps it apart)"
    return None


def check_judge(config: Config) -> None:
    """Refuse to stop by, or to keep the best by, a validation part that there is none of.

    Raises:
        UserError: Saying why there is none.
    """
    if not (config.best_metric or "").startswith("val_"):
        return  # and so no patience
    why = why_none(config)
    try:
        if not why and config.data.source != "icons":
            held_out(config.data, "validation")
    except UserError as error:
        why = str(error)
    if why:
        raise UserError(f"best_metric={config.best_metric} needs a validation part: {why}")
