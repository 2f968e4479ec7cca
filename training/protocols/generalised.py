"""Generalised zero-shot: unseen classes are searched among seen ones, by one of three definitions.

`generalised:held-out` takes the list of unseen classes that the model's own split holds out, or
else the only one of the data set's layout; `sketchy-1+generalised:held-out` names it.
"""

from dataclasses import replace

from sbir_tf.data.splits.unseen import UNSEEN
from sbir_tf.data.splits.zero_shot import GENERALISED
from sbir_tf.errors import UserError, nearest
from training.config import Data
from training.protocols.protocol import Protocol
from training.protocols.zero_shot import ZERO_SHOT

TITLES = {
    "all-seen": "their photos among all photos that were trained on",
    "held-out": "their photos among held-out photos of the trained classes",
    "both": "with held-out sketches of the trained classes, the held-out photos of all",
}
MARK = "generalised:"
# The list of a layout that has one; Sketchy has two.
LISTS = {"tuberlin_ext": "tuberlin-30", "quickdraw_ext": "quickdraw-30"}


def generalised_of(base: Protocol, kind: str) -> Protocol:
    """A zero-shot protocol with seen classes among what is searched."""
    return replace(
        base,
        name=f"{base.name}+{MARK}{kind}",
        title=f"generalised zero-shot, {kind}: sketches of {len(UNSEEN[base.split])} unseen "
        f"classes search {TITLES[kind]}",
        split=f"{base.split}+{MARK}{kind}",
        gallery_seen=kind == "all-seen",
    )


GENERALISED_ZERO_SHOT = tuple(
    generalised_of(base, kind) for base in ZERO_SHOT for kind in GENERALISED
)


def full_name(name: str, own: Data | None, data: Data) -> str:
    """The name of a generalised protocol with its list of unseen classes before it.

    Args:
        name: As the user gave it; of another protocol it comes back as it is.
        own: What the model was trained on, if that is known.
        data: The data set.

    Raises:
        UserError: If the definition is unknown, or the list cannot be told.
    """
    if not name.startswith(MARK):
        return name
    kind = name.removeprefix(MARK)
    if kind not in GENERALISED:
        known = [MARK + each for each in GENERALISED]
        raise UserError(f"There is no protocol {name!r}{nearest(name, known)}")
    trained = own.split.partition("+")[0] if own else ""
    base = trained if trained in UNSEEN else LISTS.get(data.layout)
    if base is None:
        raise UserError(
            f"{name} needs a list of unseen classes, and neither the model nor the layout "
            f"{data.layout} says which: name it, as in sketchy-1+{name}. Known: "
            f"{', '.join(UNSEEN)}"
        )
    return f"{base}+{name}"
