"""A drawing to the pictures most like it, by Hamming distance of their codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pictures import read_picture
from serving.codes.codes_file import Codes
from serving.codes.gallery import CodedGallery, coded_gallery
from serving.codes.hamming import nearest_codes
from serving.encoders import Encoder, ModelFolder, load_encoder
from serving.encoding import Progress, silent
from serving.errors import ServingError
from serving.folders import list_pictures
from serving.hits import Answer, Hit
from serving.index.classes import class_of
from serving.index.validate import check_k
from serving.search import list_drawings, take_evenly

_BATCH = 32


@dataclass(frozen=True)
class CodedSearch:
    """What a search by codes answers.

    Args:
        answers: one a drawing.
        gallery: what was searched.
        kept: the file that its codes are kept in.
    """

    answers: list[Answer]
    gallery: CodedGallery
    kept: Path


def search_codes(
    codes: Codes,
    folder: Path | str,
    sketches: Sequence[Path | str],
    k: int = 10,
    *,
    model: Path | str,
    limit: int | None = None,
    domain: str = "sketch",
    progress: Progress = silent,
) -> CodedSearch:
    """Searches a folder of pictures with drawings on disk.

    The pictures' codes are kept in `galleries/` beside the file of codes, so that the next
    search encodes only what is new or changed.

    Args:
        codes: see `open_codes`.
        folder: the pictures, at any depth.
        sketches: drawings, or folders of them.
        k: how many pictures to find for each.
        model: the encoder's folder.
        limit: at most so many of the drawings, evenly spaced.
        domain: "sketch" for drawings, "photo" to search by pictures.
        progress: wraps the pictures as they are read.

    Returns:
        The answers; their distances are bits.

    Raises:
        ServingError: codes of another model, no pictures, a wrong k.
        PictureError: a drawing cannot be read.
        OSError: the codes cannot be kept.
    """
    folder = Path(folder)
    drawings = take_evenly(list_drawings(sketches), limit)
    check_k(k, len(list_pictures(folder)))  # before minutes are spent on encoding
    encoder = _encoder_of(codes, model)
    kept = _kept(codes, folder)
    gallery = coded_gallery(
        lambda pictures: codes.encode(encoder, pictures, "photo"),
        {"codes": codes.digest, "model": encoder.digest},
        folder,
        kept,
        progress,
    )
    check_k(k, len(gallery.ids))
    answers = []
    for start in range(0, len(drawings), _BATCH):
        answers += _answers(codes, encoder, gallery, folder, drawings[start:][:_BATCH], k, domain)
    return CodedSearch(answers, gallery, kept)


def _answers(
    codes: Codes,
    encoder: Encoder,
    gallery: CodedGallery,
    folder: Path,
    drawings: Sequence[Path],
    k: int,
    domain: str,
) -> list[Answer]:
    queries = codes.encode(encoder, [read_picture(path) for path in drawings], domain)
    positions, distances = nearest_codes(queries, gallery.codes, k)
    ids = gallery.ids
    known = {class_of(name) for name in ids}
    answers = []
    for drawing, *row in zip(drawings, positions.tolist(), distances.tolist(), strict=True):
        hits = [
            Hit(rank, ids[at], folder / ids[at], distance, class_of(ids[at]))
            for rank, (at, distance) in enumerate(zip(*row, strict=True), start=1)
        ]
        shows = drawing.absolute().parent.name
        answers.append(Answer(drawing, shows if shows in known else None, tuple(hits)))
    return answers


def _encoder_of(codes: Codes, model: Path | str) -> Encoder:
    """The encoder, once its description says that it is the one that the codes are of."""
    found = ModelFolder.open(model)
    if found.weights != codes.weights:
        wanted = f"codes embeddings of {codes.name} (weights {codes.weights[:12]})"
        other = f"those of {found.path} (weights {(found.weights or 'unknown')[:12]})"
        cure = "Export that run with `sbir export`, or fit codes of this one"
        raise ServingError(f"{codes.path}: {wanted}, not {other}. {cure}")
    return load_encoder(model)


def _kept(codes: Codes, folder: Path) -> Path:
    where = sha256(str(folder.resolve()).encode(errors="surrogateescape")).hexdigest()[:12]
    return (
        codes.path.parent / "galleries" / f"{codes.path.stem}-{folder.resolve().name}-{where}.npz"
    )
