"""The classes that search were never trained on: the published lists.

Papers print mAP@all and P@100 for Sketchy-1 and TU-Berlin, mAP@200 and P@200 for Sketchy-2, and
mAP@all and P@200 for QuickDraw.
"""

from sbir_tf.data.splits.unseen import UNSEEN
from training.protocols.protocol import Protocol

HEADLINES = {
    "sketchy-1": ("mAP@all", "P@100"),
    "sketchy-2": ("mAP@200", "P@200"),
    "tuberlin-30": ("mAP@all", "P@100"),
    "quickdraw-30": ("mAP@all", "P@200"),
}
ZERO_SHOT = tuple(
    Protocol(
        name,
        f"zero-shot: sketches of {len(classes)} unseen classes search their photos",
        name,
        HEADLINES[name],
        classes_seen=False,
    )
    for name, classes in UNSEEN.items()
)
