"""A model evaluated by a protocol: from what was asked to all that is written of it."""

from dataclasses import dataclass, fields
from pathlib import Path

from sbir_tf.codes import BinaryCodes
from sbir_tf.errors import UserError
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
class Question:
    """What is to be found out, before a picture is encoded.

    Attributes:
        model: What is evaluated.
        material: On what.
        asked: How.
        flip: Whether mirrored pictures are compared too.
        seen: What was seen in training.
        codes: Binary codes of the embeddings, by their names.
        remarks: What else a reader should know.
    """

    model: Model
    material: Material
    asked: Asked
    flip: bool
    seen: Seen
    codes: dict[str, BinaryCodes]
    remarks: list[str]

    @property
    def name(self) -> str:
        """Of its folder: the protocol, then what is not as usual."""
        asked, usual = self.asked, Asked()
        unusual = (
            (self.material.part != "test", self.material.part),
            (self.flip, "flip"),
            (asked.convention != usual.convention, asked.convention),
            (asked.ties != usual.ties, asked.ties),
            (not self.own_data, self.place_name),
        )
        words = [self.material.protocol.name, *(word for is_so, word in unusual if is_so)]
        return ".".join(words).replace(":", "-")

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

    def conventions(self) -> dict:
        """What its figures mean."""
        headline = self.material.protocol.headline
        return conventions_of(self.asked.convention, self.asked.ties, self.flip, headline)


@dataclass(frozen=True, eq=False)
class Evaluation(Question):
    """A question and its answer: a model's result by a protocol.

    Attributes:
        views: The embeddings.
        rows: The real-valued embeddings' rankings and figures, then those of each code.
    """

    views: Views
    rows: list[Row]

    @property
    def excluded(self) -> int:
        """Queries without a relevant item."""
        return self.material.excluded + self.rows[0].result.excluded


def question_of(model: Model, asked: Asked, progress=None) -> Question:
    """All that can be refused, before the minutes of encoding.

    Args:
        model: A run's, or one that was exported.
        asked: Which data, which protocol, how compared.
        progress: Shows the progress of what is read.

    Raises:
        UserError: If something that was asked for is not there or does not fit, or the model was
            trained on what the protocol keeps from it.
    """
    convention = checked_names(asked.convention, asked.ties)
    checked_ks(asked.ks)
    codes, left_out = codes_of(model, asked)
    if codes and convention.interpolated and asked.ties == "expected":
        raise UserError(
            f"Codes tie, and the interpolated AP ({asked.convention}) has no expected value where "
            "they do: name an order with --ties, such as --ties stable. Received: ties=expected"
        )
    if model.run and asked.all_own:
        check_part(model.run, asked.part)
    material = material_of(model, asked, progress)
    seen = seen_by(model, material).check(material.protocol.name, asked.accept_seen)
    return Question(model, material, asked, flip_of(model, asked), seen, codes, left_out)


def answered(question: Question, progress=None) -> Evaluation:
    """Have a model's sketches search photos; nothing is written."""
    material, codes, flip = question.material, question.codes, question.flip
    views = views_of(question.model.encoder, material, flip or bool(codes), progress)
    rows = rows_of(views, material, codes, flip, question.asked, progress)
    known = {each.name: getattr(question, each.name) for each in fields(Question)}
    return Evaluation(**known, views=views, rows=rows)


def evaluate_by_protocol(model: Model, asked: Asked, progress=None) -> Evaluation:
    """`question_of` and `answered` in one."""
    return answered(question_of(model, asked, progress), progress)


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
