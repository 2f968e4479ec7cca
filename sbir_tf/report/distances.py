"""The two distributions that the loss is about: to the own class's centre, to the nearest other."""

from dataclasses import dataclass

import numpy as np

from sbir_tf.report.reading import Evaluation
from sbir_tf.report.style import COLOURS, INK, figure

BINS = 40
BLOCK = 1024


@dataclass(frozen=True)
class Distances:
    """Of the embeddings of one domain.

    Attributes:
        own: `(N,)`, Euclidean distance to the centre of the own class.
        other: `(N,)`, to the nearest centre of another class.
    """

    own: np.ndarray
    other: np.ndarray

    def kept(self, margin: float) -> float:
        """The share of embeddings with margin * own < other: what MEMS asks for."""
        return float(np.mean(margin * self.own < self.other))


@dataclass(frozen=True)
class Separation:
    """Of one evaluation: distances by domain, and what the centres are."""

    sketches: Distances
    photos: Distances
    trained: bool
    margin: float | None


def separation(evaluation: Evaluation) -> Separation | None:
    """Distances of queries and gallery; None where there are not two classes to tell apart.

    The centres are those of the training, if the evaluation has them and they are of these
    classes; else the means of the gallery's classes.
    """
    arrays, names = evaluation.embeddings, np.array(evaluation.ranked.class_names)
    centers, classes, trained = centers_of(arrays, names)
    if len(centers) < 2:
        return None
    found = [
        distances(arrays[side], names[arrays[labels]], centers, classes)
        for side, labels in (("queries", "query_labels"), ("gallery", "gallery_labels"))
    ]
    if not all(len(each.own) for each in found):
        return None
    return Separation(*found, trained, evaluation.facts["model"].get("margin"))


def centers_of(arrays, names: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Centres (K, D), the names of their classes, and whether they were trained."""
    if "centers" in arrays and np.isin(arrays["center_classes"], names).sum() > 1:
        return arrays["centers"], arrays["center_classes"], True
    labels = np.unique(arrays["gallery_labels"])
    means = [arrays["gallery"][arrays["gallery_labels"] == label].mean(axis=0) for label in labels]
    return np.array(means), names[labels], False


def distances(embeddings, own_names, centers, classes) -> Distances:
    """Of those embeddings whose class has a centre."""
    order = np.argsort(classes)
    place = np.searchsorted(classes, own_names, sorter=order)
    place = order[np.minimum(place, len(classes) - 1)]
    known = classes[place] == own_names
    embeddings, place = embeddings[known].astype(np.float64), place[known]
    own, other = np.empty(len(place)), np.empty(len(place))
    centers = centers.astype(np.float64)
    for start in range(0, len(place), BLOCK):
        part = slice(start, start + BLOCK)
        block = squared(embeddings[part], centers)
        rows = np.arange(len(block))
        own[part] = np.sqrt(block[rows, place[part]])
        block[rows, place[part]] = np.inf
        other[part] = np.sqrt(block.min(axis=1))
    return Distances(own, other)


def squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    products = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    return np.maximum(products, 0)


def histograms(found: Separation):
    """The figure: own and nearest other, sketches above photos."""
    with figure(4.4, columns=1) as (drawn, axes):
        axes.remove()
        above, below = drawn.subplots(2, 1, sharex=True)
        pairs = ((above, "sketches", found.sketches), (below, "photos", found.photos))
        top = max(max(each.own.max(), each.other.max()) for _, _, each in pairs)
        bins = np.linspace(0, top * 1.02, BINS)
        for place, name, each in pairs:
            settings = {"bins": bins, "density": True}
            place.hist(each.own, color=COLOURS[0], alpha=0.75, label="own class", **settings)
            place.hist(
                each.other,
                histtype="step",
                color=COLOURS[5],
                linewidth=2,
                label="nearest other class",
                **settings,
            )
            place.set_title(name, loc="left", color=INK)
            place.set_yticks([])
        below.set_xlabel("Euclidean distance to the class's centre")
        drawn.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return drawn
