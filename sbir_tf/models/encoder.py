"""From a backbone's features to embeddings."""

import keras


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
