"""Pictures read from files, in TensorFlow, and errors that name the file."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from sbir_tf.data.decoding import decode_on_white
from sbir_tf.errors import UserError


def read_picture(path: tf.Tensor, swap_red_blue: bool = False) -> tf.Tensor:
    """The picture (H, W, 3) float32, values 0-255, in a file; transparency lies on white."""
    picture = decode_on_white(tf.io.read_file(path))
    return picture[..., ::-1] if swap_red_blue else picture


def pictures_in_order(
    paths: np.ndarray, frame: Callable[[tf.Tensor], tf.Tensor], batch_size: int, swap_red_blue: bool
) -> Iterator[np.ndarray]:
    """The pictures of files in batches (B, S, S, 3), each made square by `frame`.

    Raises:
        UserError: Naming a file that cannot be read.
    """
    pictures = tf.data.Dataset.from_tensor_slices(paths).map(
        lambda path: frame(read_picture(path, swap_red_blue)),
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    batches = iter(pictures.batch(batch_size).prefetch(tf.data.AUTOTUNE))
    for start in range(0, len(paths), batch_size):
        with naming_the_unreadable(paths[start : start + batch_size]):
            batch = next(batches).numpy()
        yield batch


@contextmanager
def naming_the_unreadable(paths: Iterable[str]) -> Iterator[None]:
    """Turns TensorFlow's error about a picture into one that names the file.

    Args:
        paths: Where to look for it; read only if there is an error.

    Raises:
        UserError: If one of the paths cannot be read; else the error goes on as it is.
    """
    try:
        yield
    except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:
        for path in paths:
            try:
                read_picture(path)
            except tf.errors.OpError:
                raise UserError(
                    f"{path} cannot be read: it is missing, truncated, or no PNG, JPEG, GIF or "
                    "BMP picture. Mend or remove it, then run the same command again"
                ) from error
        raise
