"""`sbir index check` and `sbir index info`."""

import json
from contextlib import closing

import numpy as np
import pytest


@pytest.fixture
def index(fill, tmp_path):
    opened, _ = fill()
    with closing(opened):
        opened.add(["new"], np.ones((1, 8)))
        opened.remove(["a/1.png", "a/2.png"])
        opened.note({"pictures": {"absolute": "/there"}})
    return tmp_path / "index"


def test_info_says_what_an_index_is(sbir, index):
    said = sbir("index", "info", index)
    assert said.code == 0, said.err
    for told in ("299 items", "l2, 8 dimensions", "test (digest abababababab)", "/there"):
        assert told in said.out
    assert "1 added and 2 removed since" in said.out
    values = json.loads(sbir("index", "info", index, "--json").out)
    assert (values["items"], values["generation"], values["searcher"]) == (299, 1, "exact")


def test_check_reads_everything_and_names_what_is_damaged(sbir, refused, index):
    said = sbir("index", "check", index)
    assert said.code == 0, said.err
    assert "whole, 299 items of generation 1" in said.out
    path = index / "generations" / "00000001" / "ids.utf8"
    path.write_bytes(path.read_bytes().replace(b"a/7.png", b"a/8.png"))
    assert "00000001/ids.utf8 is altered" in refused("index", "check", index)
    assert "no such index folder" in refused("index", "info", index / "nowhere")
