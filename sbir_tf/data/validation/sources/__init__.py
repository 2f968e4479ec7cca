"""Where facts come from: records, which are read again, or a folder, which is surveyed."""

from sbir_tf.data.validation.sources.built import from_records
from sbir_tf.data.validation.sources.folder import from_listing
from sbir_tf.data.validation.sources.opening import are_records, open_source
from sbir_tf.data.validation.sources.source import Source

__all__ = ["Source", "are_records", "from_listing", "from_records", "open_source"]
