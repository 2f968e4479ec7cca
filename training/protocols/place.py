"""Which data set is meant: the model's own, the bundled icons, or one on disk."""

from dataclasses import replace
from pathlib import Path

from sbir_tf.data.layouts import locate
from sbir_tf.data.records.manifest import read_manifest
from sbir_tf.data.records.naming import MANIFEST
from sbir_tf.errors import UserError
from training.config import Data
from training.protocols.asked import ICONS, Asked
from training.protocols.model import Model
from training.protocols.pairs import is_pairs
from training.protocols.supervised import published_sketches


def place_of(model: Model, asked: Asked) -> Data:
    """The data set that is asked for; its split is still the model's own, or none.

    Raises:
        UserError: If nothing says which data set it is, or there is none at its place.
    """
    if asked.data in (None, ICONS):
        refuse_options_of_folders(asked, asked.data or "no DATA: name the folder behind the model")
    if asked.data is None:
        data = own_place(model)
    elif asked.data == ICONS:
        trained = model.trained
        data = trained if trained and trained.source == ICONS else Data(split="")
    else:
        data = on_disk(model, Path(asked.data), asked)
    return replace(data, size=model.size)


def own_place(model: Model) -> Data:
    """What a model was trained on, which an exported model names but does not place."""
    trained = model.trained
    if trained is None or (model.run is None and trained.source != ICONS):
        said = f", whose card names {trained.root!r}" if trained else ""
        raise UserError(
            f"{model.path} is an exported model{said}: name the data set behind it, a folder, "
            "records or `icons`"
        )
    return trained


def on_disk(model: Model, root: Path, asked: Asked) -> Data:
    """A data set in a folder or in records, read as the model's own where it is that."""
    if not root.is_dir():
        raise UserError(
            f"{root} is not a folder: name a data set's folder, its records, or `icons`"
        )
    source = "records" if (root / MANIFEST).is_file() else "folder"
    own = model.trained if is_own(model, root, source) else None
    if source == "records":
        refuse_options_of_folders(asked, f"the records {root}, which were built by one")
        layout = read_manifest(root)["settings"].get("layout") or "plain"
        return own or uncut(model, Data(source=source, root=str(root), layout=layout))
    class_map = str(asked.class_map) if asked.class_map else own and own.class_map
    told = {"class_map": class_map or None}
    if is_pairs(root):
        return uncut(model, Data(source=source, root=str(root), **told))
    if own and asked.layout in (None, own.layout) and asked.variant in (None, own.variant):
        return replace(own, **told)
    place = locate(root, asked.layout, asked.variant)
    told |= {"layout": place.layout.name, "variant": place.variant}
    return uncut(model, Data(source=source, root=str(place.root), **told))


def is_own(model: Model, root: Path, source: str) -> bool:
    """Whether a place is that of the data that a run was trained on."""
    own = model.trained
    if model.run is None or own.source != source:
        return False
    return Path(own.root).resolve() == root.resolve()


def uncut(model: Model, data: Data) -> Data:
    """A data set that no split is chosen for, framed and counted as a model's own was.

    Of the data set that an exported model's card names, the card's counts; else its papers'.
    """
    counts = {"test_sketches": published_sketches(data)}
    trained = model.trained
    if trained and trained.source != ICONS and trained.root == Path(data.root).resolve().name:
        names = ("test_sketches", "test_photos", "validation", "split_seed")
        counts = {name: getattr(trained, name) for name in names}
    return replace(data, split="", test_resize=trained.test_resize if trained else None, **counts)


def refuse_options_of_folders(asked: Asked, data: str) -> None:
    """Refuse what says how a folder is read where none is."""
    for name in ("layout", "variant", "class_map"):
        if (value := getattr(asked, name)) is not None:
            raise UserError(
                f"--{name.replace('_', '-')} says how a data set's folder is read: leave it out. "
                f"Received: {value} with {data}"
            )
