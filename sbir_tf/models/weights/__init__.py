"""Published and own weights, brought into the networks from any file that holds them."""

from sbir_tf.models.weights.account import Account
from sbir_tf.models.weights.fit import load_weights
from sbir_tf.models.weights.imagenet import load_imagenet
from sbir_tf.models.weights.read import read_tensors

__all__ = ["Account", "load_imagenet", "load_weights", "read_tensors"]
