"""One thing is searched for, not all things of its class: Acc@1 and Acc@5 by instance.

Of Sketchy the instance is the photo that a sketch was drawn from; the photos that nobody drew from
are left out of the gallery. Elsewhere file names tell, as ShoeV2's and ChairV2's do: the photo
`NAME.png` has the sketches `NAME_1.png`, `NAME_2.png`.

Papers search either among all photos or among those of the sketch's own class alone; both are
reported where there are several classes.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from sbir_tf.data.layouts import LAYOUTS, Item
from sbir_tf.data.layouts.layout import PHOTO
from sbir_tf.errors import UserError
from training.protocols.protocol import Protocol

FINE_GRAINED = Protocol(
    "fine-grained",
    "sketches search the one photo that they were drawn from",
    "",
    ("Acc@1", "Acc@5"),
    instances=True,
    gallery_seen=True,
    ks=(1, 5, 10),
)
NUMBERED = re.compile(r"(.+)_\d+")


def instance_of(item: Item, layout: str) -> str:
    """The one thing that a picture shows, with its class before it; "" where none is known."""
    known = LAYOUTS.get(layout)
    name = known.instance(item) if known and known.instances else by_name(item)
    return f"{item.class_name}/{name}" if name else ""


def by_name(item: Item) -> str:
    """NAME, of the photo NAME.png and of its sketch NAME_1.png."""
    stem = PurePosixPath(item.path).stem
    if item.domain == PHOTO:
        return stem
    numbered = NUMBERED.fullmatch(stem)
    return numbered.group(1) if numbered else ""


def by_instance(
    sketches: Sequence[Item], photos: Sequence[Item], layout: str, place: str
) -> tuple[list[Item], list[Item], int]:
    """The sketches whose photo is there, the photos that may be drawn from, sketches left out.

    Raises:
        UserError: If no sketch has its photo.
    """
    gallery = [photo for photo in photos if instance_of(photo, layout)]
    there = {instance_of(photo, layout) for photo in gallery}
    queries = [sketch for sketch in sketches if instance_of(sketch, layout) in there]
    if not queries:
        raise UserError(
            f"fine-grained: no sketch of {place} names its photo (Sketchy's "
            "n02395406_3133-2.png is of n02395406_3133.jpg; else NAME_1.png is of NAME.png). "
            f"Received: {len(sketches)} sketches, such as {sketches[0].path if sketches else '-'}, "
            f"and {len(photos)} photos"
        )
    return queries, gallery, len(sketches) - len(queries)
