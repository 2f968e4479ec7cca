"""A folder of pictures to an index of their embeddings."""

from dataclasses import dataclass
from pathlib import Path

from serving.encoders.contract import Encoder
from serving.encoding import Progress, encode_pictures, none_readable, silent
from serving.errors import ServingError
from serving.folders import list_pictures
from serving.index import Index, Model, check_target, skipped_file


@dataclass(frozen=True)
class IndexReport:
    """What `index_folder` did.

    Args:
        index: the index's folder.
        indexed: pictures in it.
        skipped: `{"path", "reason"}` of each picture left out, as in its `skipped.json`.
        skipped_file: that file, inside the index.
    """

    index: Path
    indexed: int
    skipped: tuple[dict[str, str], ...]
    skipped_file: Path


def index_folder(
    encoder: Encoder,
    folder: Path | str,
    to: Path | str,
    batch_size: int = 32,
    progress: Progress = silent,
) -> IndexReport:
    """Encodes every picture below a folder and writes their index.

    Pictures stream through: at any time a few batches are in memory, shrunk. What cannot be
    read is skipped and reported. Ids are paths relative to the folder, with `/`.

    Args:
        encoder: of the pictures.
        folder: the pictures, at any depth.
        to: the index to write or replace.
        batch_size: pictures to a call of the encoder.
        progress: wraps the pictures as they are read.

    Returns:
        The report.

    Raises:
        ServingError: no pictures, none readable, or `to` is something else; nothing is written.
        OSError: no space left, or the like; an index that was there stays.
    """
    if batch_size < 1:
        raise ServingError(f"batch_size must be at least 1. Received: batch_size={batch_size}")
    folder, to = Path(folder), Path(to)
    paths = list_pictures(folder)
    check_target(to)
    found = encode_pictures(
        lambda pictures: encoder.encode(pictures, "photo"), paths, folder, batch_size, progress
    )
    if not found.ids:
        raise ServingError(none_readable(folder, found))
    index = Index.build(
        found.ids,
        found.rows,
        Model(encoder.name, encoder.digest),
        metadata=found.metadata,
        pictures=folder,
        model_folder=encoder.path,
        skipped=found.skipped,
    )
    index.save(to)
    return IndexReport(to, len(found.ids), tuple(found.skipped), skipped_file(to))
