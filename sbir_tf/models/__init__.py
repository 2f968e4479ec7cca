"""Functional networks from image and domain to an embedding, and their weights."""

from sbir_tf.models.efficientnet_lite import efficientnet_lite
from sbir_tf.models.efficientnet_lite_weights import load_imagenet
from sbir_tf.models.encoder import add_class_centers, add_linear_classifier, build_encoder
from sbir_tf.models.se_resnet import se_resnet

__all__ = [
    "add_class_centers",
    "add_linear_classifier",
    "build_encoder",
    "efficientnet_lite",
    "load_imagenet",
    "se_resnet",
]
