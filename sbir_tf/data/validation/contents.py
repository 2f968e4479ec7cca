"""Pictures that are not what their place says: unreadable, blank, of the other domain."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.features import numbers, texts
from sbir_tf.data.validation.report import ERROR, WARNING, Anomaly, anomaly
from sbir_tf.data.validation.words import counted, named, percent

# How the problem of a record begins that is not as it was written (see `examples`).
DAMAGED = "damaged record: "
LEAST_INK, MOST_INK = 0.001, 0.6
# "Slightly colourful" in the words of Hasler and Süsstrunk. Measured: docs/validation.md.
COLOURFUL = 15.0
# Of a set drawn in colour, only what is far more colourful than its sketches is called a photo.
TIMES_USUAL = 2.0
MOST = 0.5  # from this share on, not some pictures are wrong but the whole set


def check_contents(table: pa.Table) -> Iterator[Anomaly]:
    """What TFDV cannot see: that pictures cannot be decoded, are blank, inverted or mixed up."""
    yield from _unreadable(table)
    sketches = _of(table, "sketch")
    photos = _of(table, "photo")
    if len(sketches):
        yield from _blank(sketches)
        yield from _inverted(sketches)
    yield from _in_colour(sketches, photos)


def _of(table: pa.Table, domain: str) -> pa.Table:
    """The readable pictures of a domain."""
    known = ~np.isnan(numbers(table, "ink"))
    return table.filter(known & (numbers(table, "domain") == DOMAINS[domain]))


def _unreadable(table: pa.Table) -> Iterator[Anomaly]:
    problems, keys = texts(table, "problem"), texts(table, "key")
    damaged = np.array([problem.startswith(DAMAGED) for problem in problems], bool)
    if damaged.any():
        first = problems[damaged][0].removeprefix(DAMAGED)
        yield anomaly(
            ERROR,
            "record_damaged",
            f"{counted(int(damaged.sum()), 'record')} truncated or altered: {first}",
            [problem.removeprefix(DAMAGED) for problem in problems[damaged]],
        )
    # What has no bytes is said to be empty, by the schema.
    broken = (problems != "") & ~damaged & (numbers(table, "bytes") > 0)
    if broken.any():
        yield anomaly(
            ERROR,
            "unreadable",
            f"{counted(int(broken.sum()), 'picture')} cannot be read: {named(keys[broken])}. The "
            f"first: {problems[broken][0]}. Replace or delete them (`sbir data build` leaves them "
            "out)",
            keys[broken],
        )


def _blank(sketches: pa.Table) -> Iterator[Anomaly]:
    blank = numbers(sketches, "ink") < LEAST_INK
    if blank.any():
        keys = texts(sketches, "key")[blank]
        yield anomaly(
            _severity(blank),
            "sketch_blank",
            f"{counted(len(keys), 'sketch')} with less than {percent(LEAST_INK)} ink: "
            f"{named(keys)}. Nothing is drawn there: delete them",
            keys,
        )


def _inverted(sketches: pa.Table) -> Iterator[Anomaly]:
    dark = numbers(sketches, "ink") > MOST_INK
    if dark.any():
        keys = texts(sketches, "key")[dark]
        yield anomaly(
            _severity(dark),
            "sketch_inverted",
            f"{counted(len(keys), 'sketch')} with more than {percent(MOST_INK)} ink: "
            f"{named(keys)}. White on black? Sketches are dark on white: invert them",
            keys,
        )


def _in_colour(sketches: pa.Table, photos: pa.Table) -> Iterator[Anomaly]:
    """Photos among sketches, or the two folders swapped."""
    if not len(sketches):
        return
    colour = numbers(sketches, "colourfulness")
    usual = float(np.median(colour))
    of_photos = float(np.median(numbers(photos, "colourfulness"))) if len(photos) else np.inf
    if usual >= COLOURFUL > of_photos and _more_ink(sketches, photos):
        yield anomaly(
            ERROR,
            "domains_swapped",
            f"Most sketches are in colour (median colourfulness {usual:.0f}) and most photos are "
            f"not ({of_photos:.0f}), and lighter: the two look swapped. Rename the folders",
            [],
        )
        return
    photo = colour >= max(COLOURFUL, TIMES_USUAL * usual)
    if photo.any():
        keys = texts(sketches, "key")[photo]
        yield anomaly(
            WARNING,
            "photo_among_sketches",
            f"{counted(len(keys), 'sketch')} in colour, where the others are not: {named(keys)} "
            f"(colourfulness from {colour[photo].min():.0f}; usual here: {usual:.0f}). Photos? "
            "Move them to the photos",
            keys,
        )


def _more_ink(sketches: pa.Table, photos: pa.Table) -> bool:
    """Whether the sketches are mostly darker: brown paper has colour, but is light."""
    return bool(np.median(numbers(sketches, "ink")) > np.median(numbers(photos, "ink")))


def _severity(wrong: np.ndarray) -> str:
    return ERROR if wrong.mean() > MOST else WARNING
