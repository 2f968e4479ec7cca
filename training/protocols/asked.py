"""What a user asks of an evaluation."""

from dataclasses import dataclass
from pathlib import Path

ICONS = "icons"


@dataclass(frozen=True)
class Asked:
    """Which data, cut and compared how; None leaves a thing to the model or the protocol.

    Attributes:
        data: A folder or records of a data set, or "icons"; None is what the model trained on.
        protocol: Its name.
        part: "test" or "validation".
        split: File of a split to cut the data by.
        layout, variant, class_map: Of a data set in a folder.
        test_sketches, test_photos, seed: Of the splits that draw.
        flip: Whether mirrored pictures are compared too.
        codes: Folder of binary codes, or one file of them.
        convention, ties: See `sbir_tf.evaluation`.
        ks: Where to cut rankings, besides the protocol's own places.
        accept_seen: Go on where the model was trained on what it must not know, and say so.
    """

    data: str | None = None
    protocol: str | None = None
    part: str = "test"
    split: Path | None = None
    layout: str | None = None
    variant: str | None = None
    class_map: Path | None = None
    test_sketches: int | None = None
    test_photos: float | None = None
    seed: int | None = None
    flip: bool | None = None
    codes: Path | None = None
    convention: str = "exact"
    ties: str = "expected"
    ks: tuple[int, ...] = ()
    accept_seen: bool = False

    @property
    def all_own(self) -> bool:
        """Whether a run's own data are asked for, as they were cut for its training."""
        drawn = (self.test_sketches, self.test_photos, self.seed)
        told = (self.data, self.protocol, self.split, *drawn)
        return all(each is None for each in told)
