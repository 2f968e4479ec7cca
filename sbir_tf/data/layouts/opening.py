"""From what a user says of a folder to what lies in it."""

from pathlib import Path

from sbir_tf.data.layouts.classmap import read_class_map
from sbir_tf.data.layouts.listing import Listing, list_folder
from sbir_tf.data.layouts.recognise import Place, locate


def open_folder(
    folder: Path | str,
    layout: str | None = None,
    variant: str | None = None,
    class_map: Path | str | None = None,
) -> tuple[Place, Listing]:
    """Find the data set in a folder, and list it.

    Args:
        folder: Of the data set, or the one around it.
        layout, variant: Names, as for `locate`; None recognises them.
        class_map: File that says which folder shows what.

    Returns:
        Where it is, and what lies there; its flaws are reported, not refused.

    Raises:
        UserError: As `locate`, `read_class_map` and `list_folder`.
    """
    place = locate(folder, layout, variant)
    told = read_class_map(class_map) if class_map else None
    return place, list_folder(place.root, place.layout, place.variant, told)
