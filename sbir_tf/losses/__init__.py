"""Losses over (labels, squared distances to class centres), one per file."""

from sbir_tf.losses.ems import EMS
from sbir_tf.losses.margin import GUARANTEED_MARGIN
from sbir_tf.losses.mems import MEMS

__all__ = ["EMS", "GUARANTEED_MARGIN", "MEMS"]
