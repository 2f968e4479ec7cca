"""The bundled icons: designers held out, or classes."""

from training.protocols.protocol import Protocol

CUTS = (10, 100)
STYLES = Protocol(
    "styles",
    "icons: line icons search colour icons, all by designers that were not trained on",
    "styles",
    ("mAP@all", "P@10"),
    icons=True,
    ks=CUTS,
)
ICONS_ZERO_SHOT = Protocol(
    "zero_shot",
    "icons, zero-shot: line icons of unseen classes search their colour icons",
    "zero_shot",
    ("mAP@all", "P@10"),
    icons=True,
    classes_seen=False,
    ks=CUTS,
)
