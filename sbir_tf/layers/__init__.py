"""Layers, one per file."""

from sbir_tf.layers.class_angles import ClassAngles
from sbir_tf.layers.class_centers import ClassCenters, RandomDirections
from sbir_tf.layers.dase import DASE
from sbir_tf.layers.global_context import GlobalContext
from sbir_tf.layers.grouped_conv2d import GroupedConv2D
from sbir_tf.layers.non_local import NonLocal
from sbir_tf.layers.selective_kernel import SelectiveKernel
from sbir_tf.layers.step_dropout import StepDropout

__all__ = [
    "DASE",
    "ClassAngles",
    "ClassCenters",
    "GlobalContext",
    "GroupedConv2D",
    "NonLocal",
    "RandomDirections",
    "SelectiveKernel",
    "StepDropout",
]
