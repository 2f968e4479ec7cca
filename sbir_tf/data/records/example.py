"""The `tf.train.Example` of one picture, written without importing TensorFlow.

The message is TensorFlow's own, described here field by field: its Python class comes with all of
TensorFlow, seconds and hundreds of megabytes in each worker of a build.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

if TYPE_CHECKING:
    import tensorflow as tf

# Feature -> its list in the message; `many` may hold any number of values, all others one.
BYTES, FLOAT, INT64 = "bytes_list", "float_list", "int64_list"
FEATURES = {
    "image/encoded": BYTES,
    "image/key": BYTES,
    "class/label": INT64,
    "class/name": BYTES,
    "domain": INT64,
    "instance": BYTES,
    "image/width": INT64,
    "image/height": INT64,
    "source/width": INT64,
    "source/height": INT64,
    "image/digest": BYTES,
    "image/ink": FLOAT,
    "image/colourfulness": FLOAT,
    "split/parts": BYTES,
}
MANY = frozenset({"split/parts"})
_PACKAGE = "sbir"
_FIELD = descriptor_pb2.FieldDescriptorProto


def serialized_example(values: Mapping[str, Any]) -> bytes:
    """A picture's features as a serialized `tf.train.Example`.

    Args:
        values: One for each of `FEATURES`: bytes, str, int or float; a sequence of them for
            those in `MANY`.

    Returns:
        Bytes: the same for the same values.
    """
    example = _message("Example")()
    for name, kind in FEATURES.items():
        value = values[name]
        many = value if name in MANY else (value,)
        plain = [v.encode() if isinstance(v, str) else v for v in many]
        getattr(example.features.feature[name], kind).value.extend(plain)
    return example.SerializeToString(deterministic=True)


def parsed_example(serialized: bytes) -> dict[str, Any]:
    """The features of a serialized example, without TensorFlow.

    Args:
        serialized: As `read_example` and `scan` give it.

    Returns:
        Feature -> bytes, int or float; a list of them for those in `MANY`.
    """
    features = _message("Example").FromString(serialized).features.feature
    lists = {name: list(getattr(features[name], kind).value) for name, kind in FEATURES.items()}
    return {name: values if name in MANY else values[0] for name, values in lists.items()}


def key_of(serialized: bytes) -> str:
    """Whose example this is: its "image/key"."""
    feature = _message("Example").FromString(serialized).features.feature["image/key"]
    return b"".join(feature.bytes_list.value).decode("utf-8", "replace")


def feature_spec() -> dict[str, tf.io.FixedLenFeature | tf.io.VarLenFeature]:
    """What `tf.io.parse_example` and `tf.io.parse_single_example` want to know.

    Returns:
        Feature -> its type; "split/parts" comes as a `tf.RaggedTensor` or, of one example, a
        vector.
    """
    import tensorflow as tf

    types = {BYTES: tf.string, FLOAT: tf.float32, INT64: tf.int64}
    return {
        name: tf.io.RaggedFeature(types[kind])
        if name in MANY
        else tf.io.FixedLenFeature([], types[kind])
        for name, kind in FEATURES.items()
    }


@cache
def _message(name: str) -> type:
    # A pool of our own: TensorFlow registers the same names in the common one.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_described())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="example", package=_PACKAGE, syntax="proto3")
    for name, kind in (("Bytes", "BYTES"), ("Float", "FLOAT"), ("Int64", "INT64")):
        listed = file.message_type.add(name=f"{name}List")
        _add(listed, "value", 1, getattr(_FIELD, f"TYPE_{kind}"), _FIELD.LABEL_REPEATED)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(("Bytes", "Float", "Int64"), start=1):
        field = _add(feature, f"{name.lower()}_list", number, of=f"{name}List")
        field.oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    _add(entry, "key", 1, _FIELD.TYPE_STRING)
    _add(entry, "value", 2, of="Feature")
    repeated = _FIELD.LABEL_REPEATED
    _add(features, "feature", 1, label=repeated, of="Features.FeatureEntry")
    _add(file.message_type.add(name="Example"), "features", 1, of="Features")
    return file


def _add(
    message: descriptor_pb2.DescriptorProto,
    name: str,
    number: int,
    kind: int = _FIELD.TYPE_MESSAGE,
    label: int = _FIELD.LABEL_OPTIONAL,
    of: str | None = None,
) -> descriptor_pb2.FieldDescriptorProto:
    type_name = f".{_PACKAGE}.{of}" if of else None
    return message.field.add(name=name, number=number, type=kind, label=label, type_name=type_name)
