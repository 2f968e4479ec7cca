"""Statistics of a table of facts, by TensorFlow Data Validation: of all, of each slice."""

import numpy as np
import pyarrow as pa

from sbir_tf.data.facts import DOMAINS
from sbir_tf.data.validation.features import features_of, numbers
from sbir_tf.data.validation.tfdv import load_tfdv

EVERYTHING = "All Examples"  # TFDV's name of the slice that holds everything
SLICE_NAMES = {"sketch": "sketches", "photo": "photos"}


def statistics_of(table: pa.Table, sliced: bool = False):
    """TFDV's statistics of a table of facts.

    They are taken in this process over one Arrow record batch: it holds numbers and names, no
    pictures, so that no pipeline has to be started.

    Args:
        table: Of the schema `FACTS`.
        sliced: Whether to take those of each domain and each part of the split, too.

    Returns:
        `DatasetFeatureStatisticsList`; its first data set is of everything.
    """
    parts = {EVERYTHING: table} | (slices(table) if sliced else {})
    found = None
    for name, rows in parts.items():
        one = _in_memory(rows)
        one.datasets[0].name = name
        if found is None:
            found = one
        else:
            found.datasets.append(one.datasets[0])
    return found


def slices(table: pa.Table) -> dict[str, pa.Table]:
    """The pictures of each domain, then those of each part of the split."""
    domain = numbers(table, "domain")
    found = {SLICE_NAMES[name]: table.filter(domain == bit) for name, bit in DOMAINS.items()}
    of_rows = table.column("parts").to_pylist() if "parts" in table.column_names else []
    for part in dict.fromkeys(part for parts in of_rows for part in parts or ()):
        found[part] = in_part(table, part)
    return {name: rows for name, rows in found.items() if len(rows)}


def in_part(table: pa.Table, part: str) -> pa.Table:
    """The pictures of one part of the split."""
    of_rows = table.column("parts").to_pylist()
    return table.filter(np.array([part in (parts or ()) for parts in of_rows], bool))


def _in_memory(table: pa.Table):
    tfdv = load_tfdv()
    # A rank for every class: the largest difference of shares is taken over what is ranked.
    ranks = max(1000, table.num_rows if table.num_rows < 2**16 else 2**16)
    options = tfdv.StatsOptions(
        num_top_values=ranks, num_rank_histogram_buckets=ranks, num_quantiles_histogram_buckets=4
    )
    from tensorflow_data_validation.statistics import stats_impl

    return stats_impl.generate_statistics_in_memory(features_of(table), options)
