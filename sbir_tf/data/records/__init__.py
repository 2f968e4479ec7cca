"""Records: a data set in a few large files, checked, in a form that every tool of TensorFlow reads.

`build_records` writes them, `open_records` opens what was written.
"""

from sbir_tf.data.records.example import feature_spec, parsed_example
from sbir_tf.data.records.opening import Records, open_records
from sbir_tf.data.records.reading import read_example, scan
from sbir_tf.data.records.verifying import verify_records

__all__ = [
    "Records",
    "build_records",
    "feature_spec",
    "open_records",
    "parsed_example",
    "read_example",
    "scan",
    "verify_records",
]


def __getattr__(name: str):
    # Only a build needs Beam, which takes two seconds to import.
    if name == "build_records":
        from sbir_tf.data.records.build import build_records

        return build_records
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
