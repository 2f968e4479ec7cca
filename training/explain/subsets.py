"""The pictures that a training is explained by: few, and the same ones every time."""

import dataclasses
from functools import partial

import numpy as np

from sbir_tf.data.boxes import resize
from sbir_tf.data.pipeline import TrainingPictures
from sbir_tf.data.streaming import TrainingItems
from training.config import Config
from training.folders import StoredItems
from training.pictures import Items

Pictures = Items | StoredItems
LOADED_AT_ONCE = 64


def some_of(items: Pictures, chosen: np.ndarray) -> Pictures:
    """The items at these places."""
    parts = {"labels": items.labels[chosen]}
    if isinstance(items, StoredItems):
        return dataclasses.replace(items, places=items.places[chosen], **parts)
    keys = tuple(items.keys[place] for place in chosen)
    return dataclasses.replace(items, keys=keys, images=items.images[chosen], **parts)


def drawn(count: int, most: int, seed: int, first: np.ndarray | None = None) -> np.ndarray:
    """At most `most` of `count` places, drawn by a seed, in order; those in `first` before all."""
    order = np.random.default_rng(seed).permutation(count)
    if first is not None:
        order = np.concatenate([first, order[~np.isin(order, first)]])
    return np.sort(order[:most])


def queries_and_gallery(
    queries: Pictures, gallery: Pictures, most_queries: int, most_gallery: int, seed: int
) -> tuple[Pictures, Pictures]:
    """Some sketches, and some photos that hold one of each of their classes at least."""
    asked = some_of(queries, drawn(len(queries), most_queries, seed))
    places = np.random.default_rng([seed, 1]).permutation(len(gallery))
    labels, first = np.unique(gallery.labels[places], return_index=True)
    needed = places[first[np.isin(labels, asked.labels)]]
    return asked, some_of(gallery, drawn(len(gallery), most_gallery, seed, needed))


def some_trained_on(
    config: Config, pictures: TrainingPictures | TrainingItems, most: int
) -> tuple[Pictures, Pictures]:
    """Some sketches and photos of a training, drawn by its seed."""
    labels = (pictures.sketch_labels, pictures.photo_labels)
    chosen = [drawn(len(of_domain), most, config.seed) for of_domain in labels]
    return trained_items(config, pictures, chosen)


def trained_items(
    config: Config, pictures: TrainingPictures | TrainingItems, chosen: list[np.ndarray]
) -> tuple[Pictures, Pictures]:
    """The sketches and photos at these places of a training, before they are varied."""
    labels = pictures.sketch_labels[chosen[0]], pictures.photo_labels[chosen[1]]
    if isinstance(pictures, TrainingItems):
        places = pictures.sketches[chosen[0]], pictures.photos[chosen[1]]
        frame = partial(resize, size=config.data.size)
        return tuple(
            StoredItems(places[bit], labels[bit], bit, frame, pictures.stores[bit])
            for bit in (0, 1)
        )
    # The rendering whose strokes are nearest to the icons' own.
    width = int(np.argmin(np.abs(np.asarray(config.data.strokes) - 1)))
    sketches = np.repeat(pictures.sketches[chosen[0], width, :, :, None], 3, axis=-1)
    images = sketches, pictures.photos[chosen[1]]
    return tuple(Items(("",) * len(images[bit]), images[bit], labels[bit], bit) for bit in (0, 1))


def loaded(items: Pictures) -> Items:
    """The items with their pictures in memory."""
    if isinstance(items, Items):
        return items
    images = np.concatenate(list(items.batches(LOADED_AT_ONCE)))
    names = tuple(str(place) for place in items.places)
    return Items(names, np.rint(images).astype(np.uint8), items.labels, items.domain)
