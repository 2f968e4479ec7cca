"""The protocols by name."""

from sbir_tf.data.splits import Split
from sbir_tf.data.splits.zero_shot import GENERALISED
from sbir_tf.errors import UserError, nearest
from training.config import Data
from training.protocols.fine_grained import FINE_GRAINED
from training.protocols.generalised import GENERALISED_ZERO_SHOT, MARK, full_name
from training.protocols.protocol import Protocol
from training.protocols.styles import ICONS_ZERO_SHOT, STYLES
from training.protocols.supervised import HELD_OUT_PHOTOS, SUPERVISED
from training.protocols.zero_shot import ZERO_SHOT

PROTOCOLS = {
    each.name: each
    for each in (
        *(SUPERVISED, HELD_OUT_PHOTOS, *ZERO_SHOT, *GENERALISED_ZERO_SHOT),
        *(FINE_GRAINED, STYLES, ICONS_ZERO_SHOT),
    )
}

# As `--protocol` takes them, the definitions of the generalised ones without their lists.
NAMES = (
    *(name for name in PROTOCOLS if MARK not in name),
    *(f"{MARK}{kind}" for kind in GENERALISED),
)


def protocol_named(name: str, own: Data | None, data: Data) -> Protocol:
    """The protocol of a name, for a model and a data set.

    Args:
        name: As `--protocol` takes it.
        own: What the model was trained on, if that is known.
        data: What it is evaluated on.

    Raises:
        UserError: If there is none of this name, or it is not of this kind of data.
    """
    name = full_name(name, own, data)
    if name not in PROTOCOLS:
        known = PROTOCOLS if "+" in name else NAMES
        raise UserError(f"There is no protocol {name!r}{nearest(name, known)}")
    protocol = PROTOCOLS[name]
    if protocol.icons and data.source != "icons":
        raise UserError(
            f"The protocol {name} is of the bundled icons alone: name `icons` as the data. "
            f"Received: {data.root}"
        )
    if data.source == "icons" and not protocol.icons:
        raise UserError(
            f"The protocol {name} is of a data set on disk: name its folder, or its records, "
            "behind the model. Received: icons"
        )
    return protocol


def protocol_of_split(split: Split) -> Protocol:
    """The protocol that a split, such as a file's, follows: for a model's own data.

    A list of unseen classes of one's own has no published name; it goes by the split's.
    """
    if split.name in PROTOCOLS:
        return PROTOCOLS[split.name]
    if split.protocol in PROTOCOLS:
        return PROTOCOLS[split.protocol]
    return Protocol(
        split.name or split.protocol,
        f"the split {split.name} ({split.protocol})",
        split.name,
        gallery_seen=split.gallery_seen,
        classes_seen=False,
    )
