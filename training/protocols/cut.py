"""A data set cut as a protocol asks."""

from dataclasses import replace
from pathlib import Path

from sbir_tf.data.layouts.layout import PHOTO, SKETCH, Item
from sbir_tf.data.splits import Split, is_split_file
from sbir_tf.data.splits.split import EVALUATED
from sbir_tf.data.splits.unseen import UNSEEN, unseen_classes
from sbir_tf.data.stores import Files
from sbir_tf.errors import UserError
from training import folders
from training.config import Data
from training.folders import Folder
from training.protocols.asked import ICONS, Asked
from training.protocols.known import NAMES, PROTOCOLS, protocol_named, protocol_of_split
from training.protocols.model import Model
from training.protocols.pairs import is_pairs, pair_items
from training.protocols.protocol import Protocol
from training.rules import BUILT

PARTS = ("test", "validation")


def protocol_and_data(model: Model, data: Data, asked: Asked) -> tuple[Protocol, Data]:
    """The protocol that is asked for, and the data set with the split that it takes.

    A data set whose own split follows the protocol keeps it; else the protocol's is made, with
    the counts that are asked for, or the model's own, or those of the protocol's papers.

    Raises:
        UserError: If the protocol is unknown, of other data, or not that of the split's file.
    """
    check_part(asked.part)
    if asked.split:
        if data.source == ICONS or not is_split_file(str(asked.split)):
            raise UserError(
                f"--split takes the file of a split of a data set on disk. Received: {asked.split}"
            )
        data = replace(data, split=str(asked.split))
    drawn = {"test_sketches": asked.test_sketches, "test_photos": asked.test_photos}
    drawn |= {"split_seed": asked.seed}
    told = {name: value for name, value in drawn.items() if value is not None}
    if asked.protocol is None:
        refuse_counts(data, told)
        protocol = usual_protocol(data, told)
        return protocol, replace(data, split=data.split or protocol.split, **told)
    protocol = protocol_named(asked.protocol, model.trained, data)
    if follows(data, protocol, keep=bool(asked.split)):
        refuse_counts(data, told)
        return protocol, replace(data, **told)
    kept = data.validation if same_list(model.trained, protocol) else 0.0
    return protocol, replace(data, split=protocol.split, validation=kept, **told)


def same_list(own: Data | None, protocol: Protocol) -> bool:
    """Whether a model's own split is a protocol's, or of the same unseen classes.

    A validation part means something else in other splits: sketches, or a share of the classes.
    """
    return bool(own) and own.split.partition("+")[0] == protocol.split.partition("+")[0]


def check_part(part: str) -> None:
    if part not in PARTS:
        raise UserError(f"part is one of {', '.join(PARTS)}. Received: {part!r}")


def refuse_counts(data: Data, told: dict) -> None:
    """Refuse counts that could not count: a split that is made already draws nothing."""
    if told and (data.source == ICONS or is_split_file(data.split) or data.split == BUILT):
        name, value = next(iter(told.items()))
        raise UserError(
            f"{name.replace('_', '-')} counts where a split is drawn, and this one is made: "
            f"{data.split or ICONS}. Received: {value:g}"
        )


def usual_protocol(data: Data, told: dict) -> Protocol:
    """The protocol of a data set's own split."""
    if not data.split and data.source != ICONS:
        raise UserError(
            f"Name the protocol that {data.root} is searched by with --protocol. Known: "
            f"{', '.join(NAMES)}"
        )
    if data.source == ICONS:
        return PROTOCOLS[data.split or "styles"]
    if data.split in PROTOCOLS:
        return PROTOCOLS[data.split]
    return protocol_of_split(folders.folder_of(replace(data, **told)).split)


def follows(data: Data, protocol: Protocol, keep: bool) -> bool:
    """Whether the split that a data set has is the protocol's.

    Args:
        data: The data set.
        protocol: What is asked for.
        keep: Refuse a split that is another protocol's, rather than making one.
    """
    if protocol.instances:
        return bool(data.split)
    if data.source == ICONS or data.split in PROTOCOLS or not data.split:
        return data.split == protocol.split
    folder = folders.folder_of(data)
    if same_protocol(folder, protocol):
        return True
    if keep:
        raise UserError(
            f"The split {data.split} is not of the protocol {protocol.name}: leave --split out, or "
            f"name another. Received: a {folder.split.protocol} split, {folder.split.name!r}"
        )
    return False


def same_protocol(folder: Folder, protocol: Protocol) -> bool:
    """Whether a split, of a file or of records, is what a protocol's name says."""
    split = folder.split
    if protocol.classes_seen or split.protocol != "zero-shot":
        return protocol.split in (split.name, split.protocol)
    names = {item.class_name for item in folder.items.values()}
    searched = {item.class_name for item in folder.part("queries")}
    return protocol.split in UNSEEN and searched == unseen_classes(protocol.split, names)


def cut(data: Data, protocol: Protocol, part: str) -> tuple[Folder, list[Item], list[Item]]:
    """A data set on disk, and the sketches and the photos of a part of it.

    Raises:
        UserError: If the data lack a class that the protocol names, the split is of other data,
            or it has no such part.
    """
    if protocol.instances and not data.split:
        folder = whole(data)
        items = folder.items.values()
        by_domain = ([item for item in items if item.domain == of] for of in (SKETCH, PHOTO))
        return folder, *by_domain
    folder = folders.folder_of(data)
    if EVALUATED[part][0] not in folder.split.parts:
        raise UserError(
            f"The split {data.split} has no {part} part: it is made of the training data by "
            f"data.validation or, in a file, by `sbir data split --validation`. Received: "
            f"part={part}"
        )
    return folder, *(folder.part(name) for name in EVALUATED[part])


def whole(data: Data) -> Folder:
    """A data set on disk of which all is searched."""
    root = Path(data.root)
    if data.source == "folder" and is_pairs(root):
        items = pair_items(root)
        by_path = {item.path: item for item in items}
        return Folder(by_path, None, (Files(), Files()), {path: root / path for path in by_path})
    records = data.source == "records"
    opened = folders.open_records_of(data) if records else folders.open_files_of(data)
    paths = [item.path for item in opened.items]
    by_path = dict(zip(paths, opened.items, strict=True))
    return Folder(by_path, None, opened.stores, dict(zip(paths, opened.places, strict=True)))


def unseen_of(protocol: Protocol, split: Split | None, queries: list[Item], names) -> frozenset:
    """The classes that nothing may have been trained on."""
    if protocol.classes_seen:
        return frozenset()
    base = split.name.partition("+")[0] if split else ""
    if split and split.protocol == "generalised" and base in UNSEEN:
        return unseen_classes(base, names)
    return frozenset(item.class_name for item in queries)
