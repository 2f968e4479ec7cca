"""Numbers cut into named bands, so that two distributions compare exactly.

TFDV compares numbers by the Jensen-Shannon divergence of interpolated histograms. Where nearly all
values are alike, as the sizes of a resized set or the colourfulness of sketches, ONE other value
takes it from 0 to 1 (50 widths of 256 against 39 of 256 and one of 300). The largest difference of
shares in fixed bands has no such jump, and a reader can recount it.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa

# Half-way between the sizes that people use, so that none of those lies on a border.
SIZE_EDGES = (23, 45, 91, 181, 362, 724, 1448)
INK_EDGES = (0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6)
# In the words of Hasler and Süsstrunk, 2003.
COLOUR_EDGES = (15, 33, 45, 59, 82, 109)
COLOUR_NAMES = ("not", "slightly", "moderately", "averagely", "quite", "highly", "extremely")
# Width by height; not at 3:4, 4:5, 1:1, 5:4, 4:3, 3:2 or 16:9.
SHAPE_EDGES = (0.58, 0.87, 1.15, 1.7)
SHAPE_NAMES = ("very tall", "tall", "square", "wide", "very wide")


def size_bands(width: np.ndarray, height: np.ndarray) -> pa.Array:
    """Of the longer side: `91-181 px`; null where a picture has none."""
    longer = np.maximum(width, height)
    return _named(longer, SIZE_EDGES, _ranges(SIZE_EDGES, " px"), longer <= 0)


def ink_bands(ink: np.ndarray) -> pa.Array:
    """`1-3% ink`; null where it is not known."""
    names = _ranges([f"{100 * edge:g}" for edge in INK_EDGES], "% ink")
    return _named(ink, INK_EDGES, names, np.isnan(ink))


def colour_bands(colourfulness: np.ndarray) -> pa.Array:
    """`slightly colourful`; null where it is not known."""
    names = [f"{name} colourful" for name in COLOUR_NAMES]
    return _named(colourfulness, COLOUR_EDGES, names, np.isnan(colourfulness))


def shape_bands(width: np.ndarray, height: np.ndarray) -> pa.Array:
    """`wide`; null where a picture has no size."""
    none = (width <= 0) | (height <= 0)
    ratio = np.where(none, 1, width) / np.where(none, 1, height)
    return _named(ratio, SHAPE_EDGES, list(SHAPE_NAMES), none)


def _named(values: np.ndarray, edges, names: list[str], none: np.ndarray) -> pa.Array:
    places = np.digitize(np.nan_to_num(values), edges)
    return pa.array(np.array(names, object)[places], pa.string(), mask=none)


def _ranges(edges, unit: str) -> list[str]:
    """Names of the bands that edges make: below the first, between, above the last."""
    between = [f"{low}-{high}{unit}" for low, high in pairwise(edges)]
    return [f"below {edges[0]}{unit}", *between, f"above {edges[-1]}{unit}"]
