"""From a backbone's features to embeddings, and the head that training puts on them."""

import keras

from sbir_tf.layers import ClassCenters


def build_encoder(
    backbone: keras.Model, embedding_dim: int = 512, name: str = "encoder"
) -> keras.Model:
    """Backbone, then one linear layer without activation, as published.

    Args:
        backbone: Model of image (B, S, S, 3) and domain (B, 1) to features (B, C).
        embedding_dim: D.
        name: Name of the model.

    Returns:
        A functional model: image (B, S, S, 3) with values 0-255 and domain (B, 1), to
        embeddings (B, D) float32.
    """
    # Embeddings leave in float32 under every precision policy: distances are taken of them.
    projection = keras.layers.Dense(embedding_dim, dtype="float32", name="embedding")
    return keras.Model(backbone.inputs, projection(backbone.outputs[0]), name=name)


def add_class_centers(
    encoder: keras.Model, classes: int, radius: float = 1.0, seed: int | None = None
) -> keras.Model:
    """The encoder with MEMS's head: squared distances (B, classes) to learnable centres."""
    head = ClassCenters(classes, radius, seed, name="class_centers")
    return keras.Model(encoder.inputs, head(encoder.outputs[0]), name="training")


def add_linear_classifier(encoder: keras.Model, classes: int) -> keras.Model:
    """The encoder with plain softmax's head: logits (B, classes), the rival of the centres."""
    head = keras.layers.Dense(classes, dtype="float32", name="classifier")
    return keras.Model(encoder.inputs, head(encoder.outputs[0]), name="training")
