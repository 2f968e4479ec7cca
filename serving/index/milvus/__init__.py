"""The index on Milvus, an engine of many machines: the same contract, at an address.

One collection is one index: its description says of which model and metric, its rows are the
items, and one row more keeps the facts. Milvus shards and replicates it, seals segments as they
fill and builds their indexes beside what answers.
"""

from serving.index.milvus.collection import create_milvus, exists_in_milvus, open_milvus

__all__ = ["create_milvus", "exists_in_milvus", "open_milvus"]
