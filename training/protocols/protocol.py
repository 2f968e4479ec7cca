"""What a protocol is."""

from dataclasses import dataclass

# Where rankings are cut, of every protocol: its own figures are among them.
CUTS = (10, 100, 200)


@dataclass(frozen=True)
class Protocol:
    """Who searches what, and which figures its papers print.

    Attributes:
        name: As `--protocol` takes it.
        title: A line for a reader.
        split: Name of the split of a data set on disk, or of the icons; "" takes any.
        headline: The figures that its papers print, such as "mAP@200".
        icons: Whether it is of the bundled icons alone.
        instances: Whether one thing is searched for, not all things of a class.
        gallery_seen: Whether photos that are searched may have been trained on.
        classes_seen: Whether the classes that search may have been.
        ks: Where the ranking is cut.
    """

    name: str
    title: str
    split: str
    headline: tuple[str, ...] = ("mAP@all", "P@100")
    icons: bool = False
    instances: bool = False
    gallery_seen: bool = False
    classes_seen: bool = True
    ks: tuple[int, ...] = CUTS
