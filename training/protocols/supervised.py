"""Every class is trained on: new sketches of known classes search photos."""

from sbir_tf.data.layouts.layout import names_of
from training.config import Data
from training.protocols.protocol import Protocol

SUPERVISED = Protocol(
    "supervised",
    "new sketches of trained classes search all photos, every one of which was trained on",
    "supervised",
    gallery_seen=True,
)
HELD_OUT_PHOTOS = Protocol(
    "held-out-photos",
    "new sketches of trained classes search photos that were not trained on",
    "held-out-photos",
)
# Of each class, as the method's authors hold them out; other data as TU-Berlin.
SKETCHY, TUBERLIN = 50, 10


def published_sketches(data: Data) -> int:
    """How many sketches of each class papers hold out of a data set of this layout."""
    sketchy = data.layout == "sketchy_ext" or (
        data.layout == "release" and names_of(data.variant) in ((), ("sketchy",))
    )
    return SKETCHY if sketchy else TUBERLIN
