"""`sbir index`: with and without its name, and its errors."""

import json
from contextlib import closing

import pytest

from serving.index import open_index


def test_a_folder_is_indexed_with_and_without_the_commands_name(sbir, exported, gallery, tmp_path):
    (gallery / "bad.png").write_bytes(b"x")
    said = sbir("index", exported, gallery, "--to", tmp_path / "one")
    assert (said.code, said.err) == (0, "")
    assert f"{tmp_path / 'one'}: 12 pictures indexed\n" in said.out
    assert f"1 could not be read: {tmp_path / 'one' / 'skipped.json'} lists them" in said.out
    assert "12 pictures indexed, 0 of them just now" in sbir(
        "index", "build", exported, gallery, "--to", tmp_path / "one").out  # fmt: skip
    sbir("index", "--to", tmp_path / "two", exported, gallery, "--runner", "direct")
    with closing(open_index(tmp_path / "two")) as index:
        assert len(index) == 12


def test_an_index_is_copied_and_the_copy_verified(sbir, exported, gallery, tmp_path):
    sbir("index", exported, gallery, "--to", tmp_path / "one")
    said = sbir("index", "copy", tmp_path / "one", tmp_path / "two")
    assert f"{tmp_path / 'two'}: 12 items, the same as in {tmp_path / 'one'}" in said.out
    assert "12 searches: 1.0000 of the hits are the same" in said.out


def test_wrong_arguments_are_one_line(refused, exported, gallery, tmp_path):
    place = tmp_path / "index"
    assert "--to" in refused("index", exported, gallery)
    line = refused("index", exported, gallery, "--to", place, "--pipeline-option", "a=1")
    assert "--pipeline-option is Apache Beam's: name a --runner" in line
    line = refused("index", exported, gallery, "--to", place, "--runner", "flnk")
    assert "Did you mean 'flink'" in line
    assert "no such index folder" in refused("index", "copy", place, tmp_path / "two")
    assert "milvus://HOST:PORT/NAME" in refused("index", "copy", "qdrant://x/y", place)
    assert not place.exists()


@pytest.mark.slow
def test_an_engines_address_stands_wherever_a_folder_does(
    sbir, refused, exported, gallery, tmp_path, milvus
):
    (gallery / "bad.png").write_bytes(b"x")
    far, drawing = f"milvus://{milvus}/commands", gallery / "green" / "0.png"
    said = sbir("index", exported, gallery, "--to", far)
    assert f"{far}: 12 pictures indexed\n" in said.out
    assert f"could not be read: {gallery / 'bad.png'}: not a PNG" in said.out
    assert "0 of them just now" in sbir("index", exported, gallery, "--to", far).out
    assert "12 items" in sbir("index", "info", far).out
    near = tmp_path / "near"
    assert sbir("index", "copy", far, near).code == 0
    found = [
        json.loads(sbir("search", place, drawing, "-k", 12, "--json").out) for place in (far, near)
    ]
    # The engine sums in another order: equally near pictures may change places.
    hits = [rows[0]["hits"] for rows in found]
    assert len({tuple(sorted(hit["id"] for hit in row)) for row in hits}) == 1
    distances = [[hit["distance"] for hit in row] for row in hits]
    assert distances[0] == pytest.approx(distances[1], rel=1e-4, abs=1e-4)
    assert found[0][0]["hits"][0]["path"].startswith(str(gallery / "green"))
    line = refused("index", exported, gallery, "--to", f"milvus://{milvus}/9")
    assert "no digit first. Received: '9'" in line
