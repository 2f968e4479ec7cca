"""A model evaluated by a protocol: from what was asked to all that is written of it."""

from dataclasses import dataclass
from pathlib import Path

from sbir_tf.evaluation import Result
from sbir_tf.evaluation.conventions import checked_ks, checked_names
from training.evaluate import check_part
from training.protocols.asked import ICONS, Asked
from training.protocols.conventions import conventions_of
from training.protocols.material import Material, material_of
from training.protocols.model import Model, untrained
from training.protocols.rows import Row, Views, codes_of, rows_of, views_of
from training.protocols.seen import Seen, seen_by


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's result by a protocol.

    Attributes:
        model: What was evaluated.
        material: On what.
        asked: How.
        flip: Whether mirrored pictures were compared too.
        seen: What was seen in training.
        views: The embeddings.
        rows: The real-valued embeddings' rankings and figures, then those of each code.
        remarks: What else a reader should know.
    """

    model: Model
    material: Material
    asked: Asked
    flip: bool
    seen: Seen
    views: Views
    rows: list[Row]
    remarks: list[str]

    @property
    def name(self) -> str:
        """Of its folder: the protocol, the part if it is not the test, "flip", other data."""
        part = "" if self.material.part == "test" else f".{self.material.part}"
        flip = ".flip" if self.flip else ""
        other = "" if self.own_data else f".{self.place_name}"
        return (self.material.protocol.name + part + flip + other).replace(":", "-")

    @property
    def own_data(self) -> bool:
        """Whether it is of the data that the model was trained on, by their place."""
        own, data = self.model.trained, self.material.data
        if own is None or own.source != data.source:
            return False
        if data.source == ICONS:
            return True
        return self.model.run is not None and Path(own.root).resolve() == Path(data.root).resolve()

    @property
    def place_name(self) -> str:
        """What the data set is called."""
        if self.material.folder is None:
            return "icons"
        return Path(self.material.data.root).resolve().name

    @property
    def excluded(self) -> int:
        """Queries without a relevant item."""
        return self.material.excluded + self.rows[0].result.excluded

    def conventions(self) -> dict:
        """What its figures mean."""
        headline = self.material.protocol.headline
        return conventions_of(self.asked.convention, self.asked.ties, self.flip, headline)


def evaluate_by_protocol(model: Model, asked: Asked, progress=None) -> Evaluation:
    """Have a model's sketches search photos as a protocol says; nothing is written.

    Args:
        model: A run's, or one that was exported.
        asked: Which data, which protocol, how compared.
        progress: Shows the progress of the encoding and the ranking.

    Raises:
        UserError: If something that was asked for is not there or does not fit, or the model was
            trained on what the protocol keeps from it.
    """
    checked_names(asked.convention, asked.ties)
    checked_ks(asked.ks)
    codes, left_out = codes_of(model, asked)
    if model.run and asked.all_own:
        check_part(model.run, asked.part)
    material = material_of(model, asked, progress)
    seen = seen_by(model, material).check(material.protocol.name, asked.accept_seen)
    flip = flip_of(model, asked)
    views = views_of(model.encoder, material, flip or bool(codes), progress)
    rows = rows_of(views, material, codes, flip, asked, progress)
    return Evaluation(model, material, asked, flip, seen, views, rows, left_out)


def untrained_result(evaluation: Evaluation, progress=None) -> Result:
    """The same of the pretrained features: what training has to beat.

    Raises:
        UserError: If the model is an exported one.
    """
    material, flip = evaluation.material, evaluation.flip
    views = views_of(untrained(evaluation.model), material, flip, progress)
    return rows_of(views, material, {}, flip, evaluation.asked, progress)[0].result


def flip_of(model: Model, asked: Asked) -> bool:
    """Whether mirrored pictures are compared too: as asked, or as the model's own tests do."""
    if asked.flip is not None:
        return asked.flip
    return bool(model.trained and model.trained.test_flip)
