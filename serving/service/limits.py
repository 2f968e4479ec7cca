"""How much one may ask."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The bounds of a service.

    Args:
        k: pictures of an answer.
        seconds: that a request may take.
        pixels: width x height of a picture that is decoded.
        batch: pictures that are encoded at once, at most.
        wait: seconds that a batch waits for more, while others were waiting too.
        least, most: requests that are worked at, at once: between these, as many as are answered
            within twice the time of one alone; fewer than `least` only while others are refused
            (see `admission.Gate`).
        points: of a drawing.
        ink: of a drawing: how often its lines may cover the paper, all in all.
        fields, values: of a filter.
        thumb: longest side of a small picture, pixels.
        thumbs: bytes of small pictures that are kept in memory.
        uploads: bytes of pictures that were added, all in all.
        save_after: changes, after which the index makes a new generation.
    """

    k: int = 1000
    seconds: float = 10.0
    pixels: int = 50_000_000
    batch: int = 32
    wait: float = 0.003
    least: int = 8
    most: int = 64
    points: int = 20_000
    ink: float = 20.0
    fields: int = 32
    values: int = 1000
    thumb: int = 256
    thumbs: int = 32 * 2**20
    uploads: int = 10 * 2**30
    save_after: int = 1000
