"""Validation: TensorFlow Data Validation's statistics and schemas, and what it cannot see."""

from sbir_tf.data.validation.report import Anomaly, Report
from sbir_tf.data.validation.schema import make_schema, read_schema, write_schema
from sbir_tf.data.validation.serving_log import read_serving_log
from sbir_tf.data.validation.statistics import statistics_of
from sbir_tf.data.validation.validate import validate

__all__ = [
    "Anomaly",
    "Report",
    "make_schema",
    "read_schema",
    "read_serving_log",
    "statistics_of",
    "validate",
    "write_schema",
]
