"""The files of a records folder."""

import re

FORMAT = "sbir-records/1"
MANIFEST = "manifest.json"  # written last: its presence says that all is there
BUILD = "build.json"  # written first: what the folder is being built from
INDEX = "index.parquet"
SKIPPED = "skipped.jsonl"
SPLIT = "split.json.gz"
# While a build is under way.
WORK = ".building"
PLAN = f"{WORK}/plan.jsonl"

_SHARD = re.compile(r"shard-\d{5,}-of-\d{5,}\.tfrecord")


def shard_name(number: int, count: int) -> str:
    """`shard-00003-of-00020.tfrecord`."""
    return f"shard-{number:05d}-of-{count:05d}.tfrecord"


def is_shard_name(name: str) -> bool:
    """Whether a name may be a shard's."""
    return _SHARD.fullmatch(name) is not None


def sidecar_name(shard: str) -> str:
    """Where what a finished shard holds is written down, until the build is complete."""
    return f"{WORK}/{shard.removesuffix('.tfrecord')}.parquet"
