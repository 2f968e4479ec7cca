"""What an index is tuned by: embeddings in a file, or sketches in a folder."""

from contextlib import closing
from pathlib import Path

import numpy as np

from pictures import read_picture
from serving.encoders import load_encoder
from serving.encoding import Progress, silent
from serving.errors import ServingError
from serving.folders import list_pictures
from serving.index import open_index
from serving.index.places import require_model
from serving.search import model_folder, take_evenly

_BATCH = 32
_MOST = 1000


def load_queries(
    source: Path, index: Path | str, model: Path | None = None, progress: Progress = silent
) -> np.ndarray:
    """Loads or makes the embeddings of queries.

    Args:
        source: a `.npy` file of (Q, D) embeddings, or a folder of sketches.
        index: what they will be asked of.
        model: the encoder's folder; by default where it was when the index was built.
        progress: wraps the sketches' batches.

    Returns:
        (Q, D).

    Raises:
        ServingError: no array, no sketches, another model's index.
        PictureError: a sketch cannot be read.
    """
    if source.is_dir():
        return _encoded(list_pictures(source), index, model, progress)
    try:
        return np.load(source, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        wanted = "queries are a .npy file of embeddings or a folder of sketches"
        raise ServingError(f"{source}: {wanted} ({error})") from error


def _encoded(
    sketches: list[Path], index: Path | str, model: Path | None, progress: Progress
) -> np.ndarray:
    sketches = take_evenly(sketches, _MOST)
    with closing(open_index(index)) as opened:
        encoder = load_encoder(model or model_folder(opened, index))
        require_model(opened, encoder)
    batches = [sketches[start : start + _BATCH] for start in range(0, len(sketches), _BATCH)]
    return np.concatenate(
        [
            encoder.encode([read_picture(path) for path in batch], "sketch")
            for batch in progress(batches, "encoding sketches", len(batches))
        ]
    )
