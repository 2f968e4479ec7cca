"""TensorFlow Data Validation, imported without its chatter and only when it is needed."""

import contextlib
import io
import logging
import os
import warnings
from functools import cache
from types import ModuleType


@cache
def load_tfdv() -> ModuleType:
    """The package `tensorflow_data_validation`; it takes seconds to import, once.

    It says on stderr that it misses IPython, which only its notebook views need, and packages
    below it warn of Python's age.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow_data_validation as tfdv
        from tensorflow_data_validation.statistics import stats_impl  # noqa: F401
    for name in ("apache_beam", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return tfdv
