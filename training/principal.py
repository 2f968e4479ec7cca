"""An embedding layer that starts with what the pretrained features hold, rather than at random."""

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.data.pipeline import TrainingPictures
from sbir_tf.data.streaming import TrainingItems
from sbir_tf.errors import UserError
from training.centers import OF_CLASS, some_of_each_class
from training.config import Config
from training.explain.embedding import outputs, signature
from training.explain.subsets import loaded, trained_items


def start_embedding(
    config: Config, encoder: keras.Model, pictures: TrainingPictures | TrainingItems
) -> None:
    """Set the embedding layer to the principal components of the features, if so configured.

    Of some pictures of each class and domain; each domain is centred on its own mean, so that the
    components tell what pictures show rather than whether they are sketches. The embeddings'
    root mean square norm is the class centres' radius.

    Raises:
        UserError: If there are fewer features than components.
    """
    if config.network.embedding_start == "random":
        return
    layer = encoder.get_layer("embedding")
    width = int(layer.input.shape[-1])
    if config.network.embedding_dim > width:
        raise UserError(
            f"network.embedding_start=principal needs network.embedding_dim of {width} at most, "
            f"as many as the features. Received: {config.network.embedding_dim}"
        )
    backbone = keras.Model(encoder.inputs, layer.input)
    function = tf.function(
        lambda image, domain: backbone([image, domain], training=False),
        input_signature=signature(config.data.size),
    )
    labels = (pictures.sketch_labels, pictures.photo_labels)
    chosen = [some_of_each_class(of, OF_CLASS, config.seed) for of in labels]
    some = [loaded(items) for items in trained_items(config, pictures, chosen)]
    features = [np.concatenate(list(outputs(function, items))) for items in some]
    layer.set_weights(components(features, config.network.embedding_dim, config.loss.center_radius))


def components(features: list[np.ndarray], count: int, radius: float) -> list[np.ndarray]:
    """Kernel (C, count) and offset (count,) that give the first principal components.

    Args:
        features: Of each domain (N, C).
        count: Components.
        radius: Root mean square norm of what they give.
    """
    wide = [of.astype(np.float64) for of in features]
    centred = np.concatenate([of - of.mean(axis=0) for of in wide])
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    # A component's sign is anybody's: its largest weight is positive.
    axes = (
        axes[:count]
        * np.sign(axes[:count][np.arange(count), np.abs(axes[:count]).argmax(1)])[:, None]
    )
    middle = np.mean([of.mean(axis=0) for of in wide], axis=0)
    given = (np.concatenate(wide) - middle) @ axes.T
    scale = radius / np.sqrt(np.square(given).sum(axis=1).mean())
    kernel = axes.T * scale
    return [kernel.astype(np.float32), (-middle @ kernel).astype(np.float32)]
