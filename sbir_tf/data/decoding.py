"""Pictures from the bytes of their files, in TensorFlow."""

import tensorflow as tf

WHITE = 255.0


def decode_on_white(encoded: tf.Tensor) -> tf.Tensor:
    """A picture (H, W, 3) float32 with values 0-255 from its file's bytes.

    Args:
        encoded: Scalar string: PNG, JPEG, GIF (first frame) or BMP.
    """
    picture = tf.cond(
        tf.io.is_jpeg(encoded),
        # decode_image would take the fast transform, a dozen grey levels off in places.
        lambda: tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(encoded, channels=0, expand_animations=False),
    )
    picture = tf.ensure_shape(picture, [None, None, None])
    channels = tf.shape(picture)[-1]
    picture = tf.cast(picture, tf.float32)
    colour = tf.cond(
        channels <= 2, lambda: tf.repeat(picture[..., :1], 3, axis=-1), lambda: picture[..., :3]
    )
    # The fourth byte of a BMP's pixel is padding more often than it is transparency.
    opaque = (channels % 2 == 1) | (tf.strings.substr(encoded, 0, 2) == b"BM")
    alpha = tf.cond(
        opaque, lambda: tf.ones_like(colour[..., :1]), lambda: picture[..., -1:] / WHITE
    )
    return tf.ensure_shape(WHITE + (colour - WHITE) * alpha, [None, None, 3])
