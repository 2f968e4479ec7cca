"""The framing against TensorFlow's own writer, and against damage."""

import io

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from sbir_tf.data.records.example import (
    FEATURES,
    feature_spec,
    key_of,
    parsed_example,
    serialized_example,
)
from sbir_tf.data.records.framing import DamagedRecord, frame, framed_length, records_of, unframe

VALUES = {
    "image/encoded": b"\x89PNG \x00\xff",
    "image/key": "sketches/tëddy bear/1 (2).png",
    "class/label": 249,
    "class/name": "tëddy bear",
    "domain": 1,
    "instance": "",
    "image/width": 256,
    "image/height": 341,
    "source/width": 2**31,
    "source/height": 0,
    "image/digest": "ab" * 32,
    "image/ink": 0.25,
    "image/colourfulness": 17.5,
    "split/parts": ("train", "gallery"),
}


def test_a_file_is_what_tensorflow_writes(tmp_path):
    records = [b"", b"a", bytes(range(256)) * 40]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in records:
            writer.write(record)
    assert b"".join(map(frame, records)) == (tmp_path / "theirs").read_bytes()


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_what_was_framed_is_read_again(records):
    file = b"".join(map(frame, records))
    found = list(records_of(io.BytesIO(file)))
    assert [data for _, data in found] == records
    for offset, data in found:
        end = offset + framed_length(len(data))
        assert unframe(file[offset:end], len(data)) == data


@given(st.binary(max_size=60), st.data())
def test_any_flipped_bit_is_noticed(record, data):
    framed = bytearray(frame(record))
    bit = data.draw(st.integers(0, 8 * len(framed) - 1))
    framed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DamagedRecord):
        list(records_of(io.BytesIO(bytes(framed))))
    with pytest.raises(DamagedRecord):
        unframe(bytes(framed), len(record))


@given(st.binary(max_size=60), st.data())
def test_any_cut_is_noticed_and_its_record_named(record, data):
    file = frame(b"first") + frame(record)
    start = framed_length(5)
    cut = data.draw(st.integers(start + 1, len(file) - 1))
    with pytest.raises(DamagedRecord, match="truncated") as caught:
        list(records_of(io.BytesIO(file[:cut])))
    assert caught.value.offset == start


def test_a_record_of_another_length_is_another_record():
    with pytest.raises(DamagedRecord, match="holds 5 bytes, not 3"):
        unframe(frame(b"12345")[: framed_length(3)], 3)


def test_an_example_is_what_tensorflow_serializes():
    ours = serialized_example(VALUES)
    theirs = tf.train.Example.FromString(ours)
    assert theirs.SerializeToString(deterministic=True) == ours
    feature = theirs.features.feature
    assert sorted(feature) == sorted(FEATURES)
    assert feature["split/parts"].bytes_list.value[:] == [b"train", b"gallery"]
    assert feature["image/key"].bytes_list.value[:] == [VALUES["image/key"].encode()]
    assert feature["source/width"].int64_list.value[:] == [2**31]
    assert feature["image/ink"].float_list.value[:] == [0.25]
    assert feature["instance"].bytes_list.value[:] == [b""]


def test_an_example_is_parsed_without_tensorflow():
    parsed = parsed_example(serialized_example(VALUES))
    texts = {name: v.encode() for name, v in VALUES.items() if isinstance(v, str)}
    assert parsed == {**VALUES, **texts, "split/parts": [b"train", b"gallery"]}
    assert key_of(serialized_example(VALUES)) == VALUES["image/key"]


def test_the_spec_parses_one_example_and_a_batch():
    bare = {**VALUES, "split/parts": ()}
    one = tf.io.parse_single_example(serialized_example(VALUES), feature_spec())
    assert sorted(one) == sorted(VALUES)
    assert one["split/parts"].numpy().tolist() == [b"train", b"gallery"]
    assert one["class/name"].numpy().decode() == "tëddy bear"
    batch = tf.io.parse_example([serialized_example(v) for v in (VALUES, bare)], feature_spec())
    assert batch["split/parts"].to_list() == [[b"train", b"gallery"], []]
    assert batch["class/label"].numpy().tolist() == [249, 249]
