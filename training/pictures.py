"""The bundled icons, rendered at a configuration's size and cut into its parts."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sbir_tf.data import icons as bundled
from sbir_tf.data.pipeline import TrainingPictures
from sbir_tf.files import written_aside
from training.config import Data

CACHE = Path("data/cache")


@dataclass(frozen=True)
class Items:
    """Pictures of one domain with what they show.

    Attributes:
        keys: N names, "set:icon".
        images: (N, S, S, 3) uint8.
        labels: (N,) int32, into `class_names` of the whole data set.
        domain: 0 for sketches, 1 for photos.
    """

    keys: tuple[str, ...]
    images: np.ndarray
    labels: np.ndarray
    domain: int

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """The pictures, `size` at a time, in order."""
        starts = range(0, len(self.images), size)
        return (self.images[start : start + size].astype(np.float32) for start in starts)


def split_of(data: Data) -> bundled.Split:
    """The split that a configuration names."""
    return getattr(bundled, data.split)(bundled.load_icons())


def trained_icons(data: Data) -> list[bundled.Icon]:
    """The icons that a configuration trains on."""
    split = split_of(data)
    keys = {key for part in data.train_on for key in getattr(split, part)}
    return [icon for icon in bundled.load_icons() if icon.key in keys]


def training_pictures(data: Data, progress=None) -> TrainingPictures:
    """Everything that a configuration trains on.

    With held-out classes the labels count the trained classes alone.
    """
    chosen = trained_icons(data)
    names = tuple(sorted({icon.class_name for icon in chosen}))
    label = {name: number for number, name in enumerate(names)}
    sketches = [icon for icon in chosen if icon.domain == "sketch"]
    photos = [icon for icon in chosen if icon.domain == "photo"]
    strokes = [rendered(sketches, data.size, stroke, progress)[..., 0] for stroke in data.strokes]
    for number in range(data.dropped):
        fewer = [with_strokes_dropped(icon, data.drop_share, number) for icon in sketches]
        strokes.append(rendered(fewer, data.size, 1.0, progress)[..., 0])
    if data.hands:
        strokes += list(np.moveaxis(drawn_by_hand(sketches, data, progress), 1, 0))
    return TrainingPictures(
        np.stack(strokes, axis=1),
        np.array([label[icon.class_name] for icon in sketches], np.int32),
        rendered(photos, data.size, 1.0, progress),
        np.array([label[icon.class_name] for icon in photos], np.int32),
        names,
    )


def with_strokes_dropped(icon: bundled.Icon, share: float, number: int) -> bundled.Icon:
    """An icon of which some strokes are left out; which ones depends on its key and `number`."""
    seed = zlib.crc32(f"{icon.key} {number}".encode())
    return replace(icon, body=bundled.drop_strokes(icon.body, share, seed))


def held_out(data: Data, part: str, progress=None) -> tuple[Items, Items]:
    """The sketches (queries) and the photos (gallery) of one part of the split."""
    keys = set(getattr(split_of(data), part))
    chosen = [icon for icon in bundled.load_icons() if icon.key in keys]
    label = {name: number for number, name in enumerate(bundled.class_names())}

    def items(domain, bit):
        of_domain = [icon for icon in chosen if icon.domain == domain]
        return Items(
            tuple(icon.key for icon in of_domain),
            rendered(of_domain, data.size, 1.0, progress),
            np.array([label[icon.class_name] for icon in of_domain], np.int32),
            bit,
        )

    return items("sketch", 0), items("photo", 1)


def drawn_by_hand(icons, data: Data, progress=None) -> np.ndarray:
    """Drawings (N, hands, size, size) uint8, kept in data/cache for the next time."""
    content = "\n".join(f"{icon.key} {icon.body}" for icon in icons)
    content += f" {data.size} {data.hands} {data.hand}"
    more = {"progress": progress} if progress else {}
    return _kept(
        content,
        lambda: bundled.hand_drawings(icons, data.size, data.hands, data.hand, **more),
    )


def rendered(icons, size: int, stroke: float, progress=None) -> np.ndarray:
    """Renderings (N, size, size, 3) uint8, kept in data/cache for the next time."""
    content = "\n".join(f"{icon.key} {icon.body}" for icon in icons) + f" {size} {stroke}"
    more = {"progress": progress} if progress else {}
    return _kept(content, lambda: bundled.render_all(icons, size, stroke, **more))


def _kept(content: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    path = CACHE / f"{hashlib.sha256(content.encode()).hexdigest()[:24]}.npy"
    if path.exists():
        return np.load(path, allow_pickle=False)
    images = make()
    with written_aside(path) as aside:
        np.save(aside, images)
    return images
