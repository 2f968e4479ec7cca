"""The encoder with what a loss is a function of on top: its training head."""

import keras

from sbir_tf.errors import UserError, nearest
from sbir_tf.layers import ClassAngles, ClassCenters


def add_head(
    encoder: keras.Model, head: str, classes: int, radius: float = 1.0, seed: int | None = None
) -> keras.Model:
    """The encoder with the head that a loss names by its `head`.

        head                        output
        "centers"                   (B, K) squared distances to learnable centres
        "classifier"                (B, K) logits of a linear classifier
        "classifier_and_centers"    (B, 2, K) both: logits, then squared distances
        "angles"                    (B, 3, K) cosines, embeddings' lengths, classes' lengths
        "embeddings"                (B, D) the embeddings themselves

    All are float32 under every precision policy.

    Args:
        encoder: Model of image and domain to embeddings (B, D).
        head: One of the above, as in `MEMS.head`.
        classes: K.
        radius: Norm of the centres at the start.
        seed: Of the centres' directions.

    Raises:
        UserError: If `head` is unknown.
    """
    if head not in HEADS:
        raise UserError(f"There is no head {head!r}{nearest(head, HEADS)}")
    outputs = HEADS[head](encoder.outputs[0], classes, radius, seed)
    return keras.Model(encoder.inputs, outputs, name="training")


def add_class_centers(
    encoder: keras.Model, classes: int, radius: float = 1.0, seed: int | None = None
) -> keras.Model:
    """The encoder with MEMS's head: squared distances (B, classes) to learnable centres."""
    return add_head(encoder, "centers", classes, radius, seed)


def centers(embeddings, classes, radius, seed):
    return ClassCenters(classes, radius, seed, name="class_centers")(embeddings)


def classifier(embeddings, classes, radius, seed):
    return keras.layers.Dense(classes, dtype="float32", name="classifier")(embeddings)


def classifier_and_centers(embeddings, classes, radius, seed):
    planes = [
        keras.layers.Reshape((1, classes), dtype="float32")(part(embeddings, classes, radius, seed))
        for part in (classifier, centers)
    ]
    return keras.layers.Concatenate(axis=1, dtype="float32", name="planes")(planes)


def angles(embeddings, classes, radius, seed):
    return ClassAngles(classes, name="class_angles")(embeddings)


def as_they_are(embeddings, classes, radius, seed):
    return embeddings


HEADS = {
    "centers": centers,
    "classifier": classifier,
    "classifier_and_centers": classifier_and_centers,
    "angles": angles,
    "embeddings": as_they_are,
}
