"""Layers, one per file."""

from sbir_tf.layers.class_centers import ClassCenters, RandomDirections
from sbir_tf.layers.dase import DASE
from sbir_tf.layers.domain_offset import DomainOffset

__all__ = ["DASE", "ClassCenters", "DomainOffset", "RandomDirections"]
