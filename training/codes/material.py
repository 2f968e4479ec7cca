"""What codes are learnt from: a run's class centres, or its training pictures' embeddings."""

import hashlib

import numpy as np
import tensorflow as tf

from sbir_tf.errors import UserError
from training.evaluate import embed_views, trained_encoder
from training.fingerprint import refuse_another_cut
from training.losses import compared_by_direction
from training.run import Run
from training.sources import trained_on

# What a checkpoint calls the class centres; the optimizer's moments of them end otherwise.
CENTERS = "/centers/.ATTRIBUTES/VARIABLE_VALUE"


def class_centers(run: Run) -> np.ndarray:
    """The class centres (K, D) that a run was trained with, of unit length if its embeddings are.

    Raises:
        UserError: If the run has none, or their file is damaged.
    """
    centers = stored_centers(run)
    if compared_by_direction(run.config):
        centers = centers / np.linalg.norm(centers, axis=1, keepdims=True)
    return centers


def stored_centers(run: Run) -> np.ndarray:
    """The class centres as they were trained.

    Runs of before centers.npy was written have them in their last checkpoint.
    """
    if run.centers.exists():
        try:
            return np.load(run.centers, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise UserError(f"{run.centers} is damaged ({error}): train the run again") from error
    checkpoint = tf.train.latest_checkpoint(str(run.checkpoints))
    reader = tf.train.load_checkpoint(checkpoint) if checkpoint else None
    names = reader.get_variable_to_shape_map() if reader else ()
    found = [name for name in names if name.endswith(CENTERS)]
    if not found:
        raise UserError(
            f"{run.folder} has no class centres (its loss is {run.config.loss.name}), and the "
            "published codes are learnt on them: use --method itq"
        )
    return reader.get_tensor(found[0])


def training_embeddings(run: Run, progress=None) -> np.ndarray:
    """Embeddings (N, D) of the training's sketches and photos, each the mean of both mirrorings."""
    encoder = trained_encoder(run)
    refuse_another_cut(run)
    pictures = trained_on(run.config.data, progress)
    views = [embed_views(encoder, items, progress, flip=True) for items in pictures]
    return np.concatenate([np.mean(view, axis=0) for view in views])


def weights_of(run: Run) -> str:
    """SHA-256 of a run's weights, as the SavedModel's description has it."""
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()
