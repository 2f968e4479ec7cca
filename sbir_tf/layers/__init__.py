"""Layers, one per file."""

from sbir_tf.layers.class_centers import ClassCenters, RandomDirections
from sbir_tf.layers.dase import DASE

__all__ = ["DASE", "ClassCenters", "RandomDirections"]
