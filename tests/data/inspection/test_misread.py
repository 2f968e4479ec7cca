"""What `misread` claims, against TensorFlow's own decoders."""

import numpy as np
import pytest
import tensorflow as tf

from pictures import examine_picture, read_picture
from sbir_tf.data.decoding import decode_on_white
from sbir_tf.data.inspection.misread import misread
from tests import stored

FILES = stored.stored()


def as_tensorflow_has_it(data):
    try:
        return decode_on_white(tf.constant(data)).numpy()
    except tf.errors.InvalidArgumentError:
        return None


@pytest.mark.parametrize("name", FILES)
def test_a_picture_is_misread_where_tensorflow_refuses_it_or_shows_it_otherwise(name):
    right = read_picture(FILES[name], longest=None).astype(np.float32)
    theirs = as_tensorflow_has_it(FILES[name])
    alike = theirs is not None and theirs.shape == right.shape and np.abs(theirs - right).max() <= 1
    assert bool(misread(examine_picture(FILES[name])[1])) == (not alike)
