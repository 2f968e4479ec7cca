"""Everything about a folder that a user may want to know, as plain data."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sbir_tf.data.inspection import contents
from sbir_tf.data.inspection.advice import Choice, advice, hints
from sbir_tf.data.layouts import (
    Layout,
    Listing,
    Place,
    open_folder,
)
from sbir_tf.data.layouts.layout import DOMAINS, PHOTO, SKETCH
from sbir_tf.data.layouts.recognise import fitting_variants
from sbir_tf.data.survey import survey_forms


def inspect_folder(
    folder: Path | str,
    layout: str | None = None,
    variant: str | None = None,
    class_map: Path | str | None = None,
    swap_red_blue: bool | None = None,
    read: bool = True,
    progress: Callable[..., Iterable] | None = None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Look a data set over: what is there, what is wrong, what to do next.

    Args:
        folder: Of the data set, or the one around it.
        layout, variant: Name of the layout and its variant; None recognises them.
        class_map: File that says which folder shows what.
        swap_red_blue: Whether red and blue of photos are swapped back; None: as the layout.
        read: Whether to read the pictures; without it only names are looked at.
        progress: As `sbir_tf.console.bar`.
        cache: Where to remember what was read; None remembers nothing.

    Returns:
        The report: strings, numbers, lists and dicts alone. Its keys are "data", "classes",
        "pairs", "flaws", "beside", "ignored", "hints" and "next"; with `read` also "pictures".

    Raises:
        UserError: If the folder is missing or like no layout, or the class map is wrong.
    """
    place, listing = open_folder(folder, layout, variant, class_map)
    choice = Choice(place, str(class_map) if class_map else None, swap_red_blue)
    report = {
        "data": _data(choice, listing),
        "classes": _classes(listing),
        "pairs": _pairs(listing, place.layout),
        "flaws": _flaws(listing),
        "beside": _beside(place),
        "ignored": dict(listing.ignored),
    }
    if read:
        report["pictures"] = _pictures(
            survey_forms(place.root, listing.items, progress, layout=place.layout, cache=cache)
        )
    report["hints"] = hints(choice, report)
    report["next"] = advice(choice, report)
    return report


def _data(choice: Choice, listing: Listing) -> dict[str, Any]:
    root, layout, variant = choice.place
    counts = Counter(item.domain for item in listing.items)
    names = {*listing.pairing.sketches.values(), *listing.pairing.photos.values()}
    return {
        "root": str(root),
        "layout": layout.name,
        "variant": variant,
        "variants": fitting_variants(root, layout),
        "folders": {of: ", ".join(layout.folders(of, variant)) for of in DOMAINS},
        "classes": len(names),
        "pictures": {domain: counts[domain] for domain in DOMAINS},
        "swap_red_blue": choice.swaps,
        "class_map": choice.class_map,
    }


def _classes(listing: Listing) -> list[dict[str, Any]]:
    counts = Counter((item.class_name, item.domain) for item in listing.items)
    names = {*listing.pairing.sketches.values(), *listing.pairing.photos.values()}
    return [
        {"class": name, "sketches": counts[name, SKETCH], "photos": counts[name, PHOTO]}
        for name in sorted(names)
    ]


def _pairs(listing: Listing, layout: Layout) -> list[dict[str, str]]:
    """The folders whose class has another name, and by what it was found."""

    def by(folder: str, name: str) -> str:
        if folder in listing.pairing.told:
            return "class map"
        return "layout" if layout.aliases.get(folder) == name else "letters"

    of_domains = {SKETCH: listing.pairing.sketches, PHOTO: listing.pairing.photos}
    return [
        {"domain": domain, "folder": folder, "class": name, "by": by(folder, name)}
        for domain, folders in of_domains.items()
        for folder, name in folders.items()
        if folder != name
    ]


def _flaws(listing: Listing) -> dict[str, Any]:
    pairing = listing.pairing
    return {
        "sketches_alone": list(pairing.sketches_alone),
        "photos_alone": list(pairing.photos_alone),
        "doubled": {name: list(folders) for name, folders in pairing.doubled.items()},
        "empty": list(listing.empty),
        "unreadable_folders": [asdict(problem) for problem in listing.unreadable],
        "skipped": [asdict(problem) for problem in listing.skipped],
    }


def _beside(place: Place) -> dict[str, str]:
    known = place.layout.beside
    return {folder: note for folder, note in known.items() if (place.root / folder).is_dir()}


def _pictures(survey) -> dict[str, Any]:
    return {
        "unreadable": contents.unreadable(survey.table),
        "duplicates": contents.duplicates(survey.table),
        "sizes": contents.sizes(survey.table),
        "forms": contents.forms(survey),
        "to_build_first": contents.to_build_first(survey),
    }
