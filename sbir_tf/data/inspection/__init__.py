"""What a user would want to know of a folder before training on it."""

from sbir_tf.data.inspection.report import inspect_folder

__all__ = ["inspect_folder"]
