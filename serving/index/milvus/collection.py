"""Collections: made, recognised, opened."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from serving.errors import ServingError
from serving.index.contract import LONGEST_ID, Model
from serving.index.milvus.address import Address, parse_address
from serving.index.milvus.engine import Engine
from serving.index.milvus.index import MilvusIndex
from serving.index.milvus.notes import write_notes
from serving.index.milvus.rows import RAW
from serving.index.milvus.settings import METRIC_TYPES, Settings, choose_settings
from serving.index.validate import check_kind

_FORMAT = 1
_OURS = "sbir index"  # what the description begins with
_TO_LOAD = 600  # seconds
_LONGEST = 65_535  # bytes of text that the engine takes


def exists_in_milvus(url: str) -> bool:
    """Whether there is a collection at an address."""
    engine = Engine(parse_address(url))
    try:
        return engine.call("has_collection")
    finally:
        engine.close()


def create_milvus(
    url: str, metric: str, dimension: int, model: Model, settings: Mapping[str, Any] | None
) -> MilvusIndex:
    """Makes an empty index on an engine; see `create_index`."""
    address = parse_address(url)
    check_kind(metric, dimension)
    chosen = choose_settings(metric, settings)
    engine = Engine(address)
    try:
        if engine.call("has_collection"):
            there = "a collection of this name is there already"
            raise ServingError(f"{address.place}: {there}. Open it, drop it, or name another")
        about = {
            "format": _FORMAT,
            "metric": metric,
            "dimension": int(dimension),
            "model": asdict(model),
            "settings": chosen.to_json(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            _create(engine, about, chosen)
            write_notes(engine, about, {"facts": {}, "generation": 0})
        except BaseException:
            engine.call("drop_collection")  # half of one would be in the way of the next attempt
            raise
        return MilvusIndex(engine, about, chosen, model, writable=True)
    except BaseException:
        engine.close()
        raise


def open_milvus(url: str, writable: bool) -> MilvusIndex:
    """Opens an index on an engine; see `open_index`."""
    address = parse_address(url)
    engine = Engine(address)
    try:
        if not engine.call("has_collection"):
            raise ServingError(f"{address.place}: no such index. `sbir index build` makes one")
        about = _about(address, engine.call("describe_collection"))
        chosen = choose_settings(about["metric"], about["settings"])
        _load(engine, chosen.replicas)
        return MilvusIndex(engine, about, chosen, Model(**about["model"]), writable)
    except BaseException:
        engine.close()
        raise


def _create(engine: Engine, about: dict[str, Any], chosen: Settings) -> None:
    from pymilvus import DataType, MilvusClient

    metric, dimension = about["metric"], about["dimension"]
    kind = DataType.BINARY_VECTOR if metric == "hamming" else DataType.FLOAT_VECTOR
    description = f"{_OURS} {json.dumps(about)}"
    schema = MilvusClient.create_schema(auto_id=False, description=description)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=LONGEST_ID)
    schema.add_field("vector", kind, dim=dimension)
    schema.add_field("metadata", DataType.JSON)
    schema.add_field("note", DataType.VARCHAR, max_length=_LONGEST)
    if metric == "cosine":
        schema.add_field(RAW, DataType.VARCHAR, max_length=_LONGEST)
    engine.call("create_collection", schema=schema, num_shards=chosen.shards)
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index(
        "vector", chosen.index, "vector", metric_type=METRIC_TYPES[metric], params=chosen.build
    )
    engine.call("create_index", indexes, timeout=_TO_LOAD)
    _load(engine, chosen.replicas)


def _load(engine: Engine, replicas: int) -> None:
    engine.call("load_collection", timeout=_TO_LOAD, replica_number=replicas)


def _about(address: Address, described: dict[str, Any]) -> dict[str, Any]:
    """What a collection's description says of the index that it is."""
    text = described["description"]
    try:
        if not text.startswith(_OURS):
            raise ValueError("no description of ours")
        about = json.loads(text.removeprefix(_OURS))
    except ValueError as error:
        fields = ", ".join(field["name"] for field in described["fields"])
        wrong = f"a collection, but not an index of ours (its fields: {fields})"
        raise ServingError(f"{address.place}: {wrong}. Name another") from error
    if about["format"] > _FORMAT:
        newer = f"it has format {about['format']}, this version reads {_FORMAT}"
        raise ServingError(f"{address.place}: {newer}. Update this program")
    return about
