"""A few of the pictures that anomalies are about, small, inside the page."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from html import escape
from io import BytesIO

import numpy as np
from PIL import Image

from sbir_tf.data.validation.report import Anomaly

SIDE = 160  # pixels of the longer side
MOST = 24  # pictures on a page
OF_ONE = 6  # of one anomaly
Reader = Callable[[str], np.ndarray | None]


def gallery(anomalies: Iterable[Anomaly], keys: frozenset[str], read: Reader) -> str:
    """Figures of flagged pictures; nothing where there are none that can be shown.

    Args:
        anomalies: Whose items may name pictures.
        keys: Of all pictures: items that are none are left out.
        read: Gives a picture by its key, RGB; None where it is not at hand.
    """
    figures = []
    for anomaly in anomalies:
        for key in list(_keys_of(anomaly, keys))[:OF_ONE]:
            picture = read(key) if len(figures) < MOST else None
            if picture is not None:
                figures.append(_figure(picture, key, anomaly.code))
    return f'<div class="gallery">{"".join(figures)}</div>' if figures else ""


def _keys_of(anomaly: Anomaly, keys: frozenset[str]) -> Iterator[str]:
    for item in anomaly.items:
        yield from (key for key in item.split(" = ") if key in keys)


def _figure(picture: np.ndarray, key: str, code: str) -> str:
    image = Image.fromarray(picture)
    image.thumbnail((SIDE, SIDE))
    file = BytesIO()
    image.save(file, "WEBP", quality=80)
    source = "data:image/webp;base64," + b64encode(file.getvalue()).decode()
    return (
        f'<figure><div class="picture"><img alt="{escape(key)}" src="{source}"></div>'
        f"<figcaption>{escape(key)}<br>{escape(code)}</figcaption></figure>"
    )
