"""Which layout a folder has."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sbir_tf.data.layouts.known import LAYOUTS
from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Layout, is_folder, names_of
from sbir_tf.errors import UserError, nearest

_NAMED = 5  # folders in a message
_ENTER = os.R_OK | os.X_OK


class Place(NamedTuple):
    """A data set on disk.

    Attributes:
        root: Its folder.
        layout: How it is laid out.
        variant: Which of the layout's variants, several joined by commas; None where it has
            none.
    """

    root: Path
    layout: Layout
    variant: str | None


def locate(root: Path | str, layout: str | None = None, variant: str | None = None) -> Place:
    """The data set in a folder, or in the one folder inside it that has one.

    Args:
        root: The folder.
        layout: Name of the layout that it must have; None recognises it.
        variant: Of the layout, or several joined by commas; None takes the usual one, else the
            only one.

    Returns:
        Where it is, and how it is laid out.

    Raises:
        UserError: If the folder is missing, like no layout or like several, naming what was
            found; and for unknown names.
    """
    if layout is not None and layout not in LAYOUTS:
        raise UserError(f"There is no layout {layout!r}{nearest(layout, LAYOUTS)}")
    layouts = [LAYOUTS[layout]] if layout else list(LAYOUTS.values())
    try:
        return _located(Path(root), layouts, variant)
    except OSError as error:
        place = error.filename or root
        raise UserError(f"{place} cannot be listed: {error.strerror}. Mend its rights") from error


def _located(root: Path, layouts: list[Layout], variant: str | None) -> Place:
    inside = _folders(root)
    found = _found([root], layouts) or _found(inside, layouts)
    if not found:
        raise UserError(_strange(root, layouts, inside))
    if len(found) > 1:
        options = ", ".join(f"{folder} as {of.name}" for folder, of in found)
        raise UserError(
            f"{root} holds several data sets: name one folder, or --layout. Found: {options}"
        )
    folder, of = found[0]
    return Place(folder, of, _variant(folder, of, variant))


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise UserError(f"{root} {problem}: name the folder of a data set")
    inside = [entry for entry in root.iterdir() if not entry.name.startswith(".")]
    return sorted(entry for entry in inside if entry.is_dir())


def _found(folders: Iterable[Path], layouts: list[Layout]) -> list[tuple[Path, Layout]]:
    asked = len(layouts) == 1
    return [(folder, of) for folder in folders for of in layouts if _fits(folder, of, asked)]


def _fits(folder: Path, layout: Layout, asked: bool) -> bool:
    variants = fitting_variants(folder, layout)
    if not variants:
        return layout.fits(folder)
    return asked or not layout.sets or not set(layout.sets).isdisjoint(variants)


def fitting_variants(folder: Path, layout: Layout) -> list[str]:
    """The variants of a layout that a folder holds whole."""
    return [name for name in layout.variants(folder) if layout.fits(folder, name)]


def _variant(folder: Path, layout: Layout, asked: str | None) -> str | None:
    variants = fitting_variants(folder, layout)
    if asked is not None:
        layout.check_variant(asked)
        for name in names_of(asked) or (asked,):
            if name not in variants:
                raise UserError(f"{folder} has no variant {name!r}{nearest(name, variants)}")
        return ",".join(names_of(asked))
    if not variants:
        return None
    if layout.variant not in variants and len(variants) > 1:
        raise UserError(
            f"{folder} has several variants of layout {layout.name}: choose one with --variant. "
            f"Found: {', '.join(variants)}"
        )
    return layout.variant if layout.variant in variants else variants[0]


def _strange(root: Path, layouts: list[Layout], inside: list[Path]) -> str:
    wanted = "; ".join(f"{layout.name}: {layout.expects()}" for layout in layouts)
    halves = [half for folder in (root, *inside) for of in layouts for half in _half(folder, of)]
    if halves:
        return f"{root} is not a whole data set: {halves[0]}"
    found = ", ".join(folder.name for folder in inside[:_NAMED]) or "no folder"
    more = f" and {len(inside) - _NAMED} more" if len(inside) > _NAMED else ""
    closed = ", ".join(folder.name for folder in inside if not os.access(folder, _ENTER))
    more += f"; closed to you: {closed}" if closed else ""
    return f"{root} is laid out otherwise ({wanted}). Found there: {found}{more}"


def _half(folder: Path, layout: Layout) -> list[str]:
    """What is missing where a layout has the folder of one domain alone."""
    there = {of: _has(folder, layout, of) for of in (SKETCH, PHOTO)}
    if there[SKETCH] == there[PHOTO]:
        return []
    present, missing = (PHOTO, SKETCH) if there[PHOTO] else (SKETCH, PHOTO)
    return [
        f"it has {layout.folders(present)[0]} of layout {layout.name}, but "
        f"{folder / layout.folders(missing)[0]} is missing: put it there"
    ]


def _has(folder: Path, layout: Layout, domain: str) -> bool:
    place = layout.sketches if domain == SKETCH else layout.photos
    return bool(layout.variants(folder)) if "{" in place else is_folder(folder / place)


def nearest_layout(root: Path, wanted: Layout) -> str:
    """What else a root, or a folder in it, looks like, as the configuration's keys."""
    inside = sorted(entry for entry in root.iterdir() if entry.is_dir())
    for layout in (wanted, *LAYOUTS.values()):
        for folder in (root, *inside):
            variants = fitting_variants(folder, layout)
            if not variants and not layout.fits(folder):
                continue
            keys = [f"data.root={folder}"] if folder != root else []
            keys += [f"data.layout={layout.name}"] if layout != wanted else []
            if variants and (layout.variant not in variants or not keys):
                usual = layout.variant in variants
                keys.append(f"data.variant={layout.variant if usual else variants[0]}")
            return f"did you mean {' '.join(f'--set {key}' for key in keys)}?"
    found = ", ".join(folder.name for folder in inside[:_NAMED]) or "no folder"
    return f"found there: {found}"
