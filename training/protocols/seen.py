"""What was seen in training of what is evaluated on, counted and said."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sbir_tf.data.layouts.pairing import letters
from sbir_tf.errors import UserError
from training.export import start_in_words
from training.protocols.material import Material
from training.protocols.model import Model
from training.protocols.trained import Trained, trained_of

MARK = "CONTRADICTS THE PROTOCOL"
EXAMPLES = 3


@dataclass(frozen=True)
class Seen:
    """What was seen in training.

    Attributes:
        line: For every report.
        contradictions: What a protocol forbids, and was seen all the same.
        note: What the split says of itself, where it holds of this model too.
    """

    line: str
    contradictions: tuple[str, ...]
    note: str

    def check(self, protocol: str, accept: bool) -> "Seen":
        """Refuse what contradicts the protocol, or mark it where it is accepted.

        Raises:
            UserError: Saying what was seen.
        """
        if not self.contradictions:
            return self
        told = "; ".join(self.contradictions)
        if not accept:
            raise UserError(
                f"The model does not fit the protocol {protocol}: {told}. Take a model that was "
                "trained without them, or --accept-seen, and the result is marked"
            )
        return replace(self, line=f"{MARK}: {told}. {self.line}")


def seen_by(model: Model, material: Material) -> Seen:
    """What a model has seen of what it is evaluated on."""
    trained = trained_of(model, material)
    against = tuple(contradictions(trained, material))
    line = f"seen in training: {in_numbers(trained, material)} ({trained.told_by}{start_of(model)})"
    return Seen(line, against, note_of(material, trained, against))


def in_numbers(trained: Trained, material: Material) -> str:
    """How many of the sketches, photos and classes were trained on."""
    if trained.ids is None and trained.classes is None:
        return "not known"
    classes = {*material.query_classes, *material.gallery_classes}
    parts = (
        counted(trained.ids, material.query_ids, "query sketches"),
        counted(trained.ids, material.gallery_ids, "gallery photos"),
        counted(trained.classes, sorted(map(letters, classes)), "classes"),
    )
    return ", ".join(parts)


def note_of(material: Material, trained: Trained, against: tuple[str, ...]) -> str:
    """A split's note, which speaks of models that were trained by it."""
    known = trained.ids is not None and trained.classes is not None
    photos = any(each in trained.ids for each in material.gallery_ids) if known else False
    if not material.note or (known and not against and photos == material.gallery_seen):
        return material.note
    return f"of a model that was trained by it: {material.note}"


def counted(known: Collection[str] | None, ids: Collection[str], what: str) -> str:
    """How many of them were trained on, in words."""
    if known is None:
        return f"not known of {what}"
    return f"{sum(each in known for each in ids)} of {len(ids)} {what}"


def contradictions(trained: Trained, material: Material):
    """What a protocol forbids to have been seen, and was."""
    protocol, ids = material.protocol, trained.ids or frozenset()
    if queries := [each for each in material.query_ids if each in ids]:
        yield f"{len(queries)} of {len(material.query_ids)} query sketches were trained on"
    photos = [each for each in material.gallery_ids if each in ids]
    if photos and not material.gallery_seen:
        yield f"{len(photos)} of {len(material.gallery_ids)} gallery photos were trained on"
    known = trained.classes or frozenset()
    if classes := sorted(name for name in material.unseen if letters(name) in known):
        some = ", ".join(classes[:EXAMPLES]) + (", ..." if len(classes) > EXAMPLES else "")
        total = len(material.unseen)
        yield (
            f"{len(classes)} of {total} classes that {protocol.name} holds out were trained on ("
            f"{some})"
        )


def start_of(model: Model) -> str:
    """What a training started from, where that has seen pictures too."""
    start = model.config.network.weights if model.config else None
    if not start:
        return ""
    return f"; it started from {start_in_words(start)} weights, whose pictures are not counted"
