"""Functional networks from image and domain to an embedding, and their weights."""

from sbir_tf.models.alexnet import alexnet
from sbir_tf.models.efficientnet_lite import efficientnet_lite
from sbir_tf.models.encoder import build_encoder
from sbir_tf.models.heads import add_class_centers, add_head
from sbir_tf.models.se_resnet import se_resnet
from sbir_tf.models.senet import se_resnet18, se_resnet50, se_resnext101_32x4d
from sbir_tf.models.weights import load_imagenet, load_weights

__all__ = [
    "add_class_centers",
    "add_head",
    "alexnet",
    "build_encoder",
    "efficientnet_lite",
    "load_imagenet",
    "load_weights",
    "se_resnet",
    "se_resnet18",
    "se_resnet50",
    "se_resnext101_32x4d",
]
