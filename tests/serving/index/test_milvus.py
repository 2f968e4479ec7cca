"""What Milvus alone can do or do wrong, on a real engine; the contract has a test of its own."""

import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress

import numpy as np
import pytest
from numpy_ranking import MODEL, check_answers, random_vectors

from serving.errors import ServingError
from serving.index import create_index, open_index
from serving.index.milvus import index as milvus_index
from serving.index.milvus.address import parse_address
from serving.index.milvus.engine import milvus_client
from serving.index.milvus.filters import expression
from serving.index.milvus.settings import choose_settings
from serving.index.open import shown
from serving.index.tune import tune_index


@pytest.fixture(scope="module")
def engine(milvus):
    """The address of the engine, and a client of its own to look behind the index."""
    with closing(milvus_client()(f"http://{milvus}")) as client:
        yield milvus, client


@pytest.fixture(scope="module")
def filled(milvus):
    place = f"milvus://{milvus}/filled"
    items = {f"item {row}": v for row, v in enumerate(random_vectors("l2", 3000, 16))}
    settings = {"index": "IVF_FLAT", "nlist": 64, "nprobe": 1}
    with closing(create_index(place, "l2", 16, MODEL, settings)) as index:
        index.add(list(items), np.array(list(items.values())), [{"row": n} for n in range(3000)])
        index.save()
        yield index, items


@pytest.mark.slow
def test_a_sealed_segment_has_an_index_and_few_lists_lose_recall_but_no_hits(filled):
    """A filter that leaves 20 of 3,000, in lists that one probe does not reach: all are found."""
    index, items = filled
    info = index.info()
    assert (info.searcher, info.items, info.generation, info.added) == ("IVF_FLAT", 3000, 1, 0)
    queries = random_vectors("l2", 6, 16, seed=9)
    names = list(items)
    wanted = {name: items[name] for name in names[100:120]}
    found = index.search(queries, 20, {"row": {">=": 100, "<": 120}})
    check_answers(found, "l2", queries, wanted, 20)


@pytest.mark.slow
def test_more_than_the_engine_finds_is_refused(filled):
    index, _ = filled
    queries = random_vectors("l2", 1, 16)
    assert len(index.search(queries, milvus_index.MOST)[0][0]) == 3000
    with pytest.raises(ServingError, match=r"k is 16383 at most on Milvus. Received: k=16384"):
        index.search(queries, milvus_index.MOST + 1)


@pytest.mark.slow
def test_many_queries_are_split_and_large_additions_too(filled, monkeypatch):
    index, items = filled
    monkeypatch.setattr(milvus_index, "_AT_ONCE", 20)
    queries = np.array(list(items.values())[:33])
    assert [ids[0] for ids in index.search(queries, 5)[0]] == list(items)[:33]
    monkeypatch.setattr(milvus_index, "_SENT", 1000)
    more = random_vectors("l2", 40, 16, seed=5)
    index.add([f"more {row}" for row in range(40)], more)
    assert len(index) == 3040
    assert index.remove([f"more {row}" for row in range(40)]) == 40
    assert len(index) == 3000


@pytest.mark.slow
def test_bad_input_is_refused_before_the_engine_sees_it(filled):
    index, _ = filled
    good = random_vectors("l2", 2, 16)
    for ids, vectors, metadata, message in (
        (["a", "a"], good, None, "twice"),
        (["a", "x\ny"], good, None, "line break"),
        (["a", "b"], good[:, :3], None, "dimension 16"),
        (["a", "b"], good * np.nan, None, "finite"),
        (["a", "b"], good, [{}, {"x": "y" * 20_000}], "16384 bytes"),
        (["a", "item 7"], good, None, "'item 7' is in the index already"),
    ):
        with pytest.raises(ServingError, match=message):
            index.add(ids, vectors, metadata)
    with pytest.raises(ServingError, match="k=0"):
        index.search(good, 0)
    with pytest.raises(ServingError, match="cannot look for null in 'row'"):
        index.search(good, 1, {"row": None})
    with pytest.raises(ServingError, match=r"has the field 'rwo'. Did you mean 'row'"):
        index.search(good, 1, {"rwo": 1})
    assert len(index) == 3000


@pytest.mark.slow
def test_filters_select_what_sql_selects(milvus, tmp_path):
    """The same filters over the same odd values, in a folder and on the engine."""
    values = [3, 3.0, 3.5, -1, True, False, None, "3", "x", 'q"\\', "ü", [3], {"x": 3}, 2**53 + 1]
    ids = [f"item {row}" for row in range(len(values))]
    vectors = random_vectors("l2", len(values), 8)
    found = []
    for place in (tmp_path / "index", f"milvus://{milvus}/odd"):
        with closing(create_index(place, "l2", 8, MODEL)) as index:
            index.add(ids, vectors, [{"f": value} for value in values])
            found.append(
                [
                    sorted(index.search(vectors[:1], 99, {"f": wanted})[0][0])
                    for wanted in (
                        *(3, 3.0, True, "3", 'q"\\', 2**53 + 1, 2**70, [], ["ü", 3.5, 3, False]),
                        *({">=": 3}, {">": 3, "<": 4}, {"<": 0.5}, {">=": "3", "<": "y"}),
                    )
                ]
            )
    assert found[0] == found[1]
    assert found[0][0] == ["item 0", "item 1"]


@pytest.mark.slow
def test_a_collection_of_somebody_else_is_refused(engine):
    address, client = engine
    client.create_collection("foreign", dimension=4)
    place = f"milvus://{address}/foreign"
    with pytest.raises(
        ServingError, match=r"foreign: a collection, but not an index of ours \(its"
    ):
        open_index(place)
    with pytest.raises(ServingError, match="foreign: a collection of this name is there already"):
        create_index(place, "l2", 4, MODEL)
    assert client.has_collection("foreign")
    with pytest.raises(ServingError, match=r"nowhere: no such index. `sbir index build` makes one"):
        open_index(f"milvus://{address}/nowhere")


@pytest.mark.slow
def test_a_lost_connection_is_one_error_and_a_later_one_goes_on(milvus, monkeypatch):
    """Through a relay that is cut, as a network is."""
    monkeypatch.setattr("serving.index.milvus.engine._TO_ANSWER", 1)
    with Relay(milvus) as relay:
        place = f"milvus://{relay.address}/cut"
        index = create_index(place, "l2", 8, MODEL)
        vectors = random_vectors("l2", 5, 8)
        index.add(list("abcde"), vectors)
        relay.cut()
        for call in (
            lambda: index.search(vectors, 1),
            lambda: index.add(["f"], vectors[:1]),
            lambda: index.remove(["a"]),
        ):
            with pytest.raises(ServingError, match=f"cut: no Milvus answers at {relay.address}"):
                call()
        index.close()
    with closing(open_index(f"milvus://{milvus}/cut")) as index:
        assert len(index) == 5


def test_a_server_that_is_not_there_is_one_error(monkeypatch):
    pytest.importorskip("pymilvus")
    monkeypatch.setattr("serving.index.milvus.engine._TO_CONNECT", 1)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServingError, match=f"{address}/x: no Milvus answers at {address}"):
            open_index(f"milvus://{address}/x")


def test_the_client_leaves_the_processs_logging_alone(tmp_path):
    """By itself it closes all handlers of a process that imports it."""
    script = (
        "import logging, sys\n"
        f"handler = logging.FileHandler({str(tmp_path / 'log')!r})\n"
        "logging.getLogger().addHandler(handler)\n"
        "from serving.index.milvus.engine import milvus_client\n"
        "milvus_client()\n"
        "assert handler in [reference() for reference in logging._handlerList]\n"
        "assert not logging.getLogger('pymilvus').handlers\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_address_names_an_engine_and_a_collection_and_hides_its_password():
    address = parse_address("milvus://me:se%40cret@there:1234/pictures")
    assert (address.server, address.name) == ("http://there:1234", "pictures")
    assert (address.user, address.password) == ("me", "se@cret")
    assert address.place == "milvus://me@there:1234/pictures"
    assert parse_address("milvus://there/x").server == "http://there:19530"
    for wrong in ("milvus://", "milvus://there", "milvus://there/9a", "milvus://there/a/b",
                  "milvus://there:port/x", "milvus://there/x?y=1"):  # fmt: skip
        with pytest.raises(ServingError, match="NAME"):
            parse_address(wrong)


@pytest.mark.parametrize(
    "place",
    [
        "milvus://root:se:cr@et@host:99999/n",
        "milvus://root:secret@host:port/n",
        "milvus://root:sec/ret@host/n",
        "milvus://root:sec#ret@host/n",
        "milvus://root:secret@host/n?x=1",
        "qdrant://root:secret@host/n",
    ],
)
def test_no_message_shows_a_password(place):
    with pytest.raises(ServingError, match=r"Received: [a-z]+://root@host") as told:
        open_index(place)
    assert not {"sec", "ret", "cr@et"} & set(re.findall(r"sec|ret|cr@et", str(told.value)))


def test_what_is_printed_and_kept_of_a_place_has_no_password(tmp_path):
    assert shown("milvus://me:se%40cret@there:1/x") == "milvus://me@there:1/x"
    for place in ("milvus://there:1/x", "a:b@c/d", tmp_path):
        assert shown(place) == str(place)
    with pytest.raises(ServingError, match="milvus://me@there/x: an engine tunes itself"):
        tune_index("milvus://me:secret@there/x")


class FakeEngine:
    """Keeps the one row of notes."""

    address = parse_address("milvus://there/x")

    def __init__(self):
        self.note = json.dumps({"facts": {}, "generation": 0})

    def call(self, method, *args, **_):
        if method == "upsert":
            self.note = args[0][0]["note"]
        return [{"note": self.note}]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
def test_notes_are_plain_values_as_those_of_a_folder(value):
    about = {"metric": "l2", "dimension": 8, "created": "then"}
    settings = choose_settings("l2", None)
    index = milvus_index.MilvusIndex(FakeEngine(), about, settings, MODEL, writable=True)
    with pytest.raises(ServingError, match="facts must be plain JSON values"):
        index.note({"x": value})
    index.note({"y": 1, "z": 2})
    index.note({"z": None})
    assert index.facts() == {"y": 1}


def test_filters_are_written_as_the_engine_reads_them():
    where = {"brand": "x", "price": {">=": 3, "<": 9.5}, "class": ["cat", 'd"g', 3, 2.5, True]}
    assert expression(where) == (
        '(metadata["brand"] in ["x"]) and metadata["price"] >= 3 and metadata["price"] < 9.5 and '
        '(metadata["class"] in [true] or metadata["class"] in [2.5] or metadata["class"] in [3] '
        'or metadata["class"] in ["cat", "d\\"g"])'
    )
    assert expression({}) == ""
    assert expression({"n": 2**70}) == '(metadata["n"] in [1.1805916207174113e+21])'


def test_settings_are_completed_and_wrong_ones_refused():
    scann = choose_settings("l2", None)
    assert scann.to_json() == {
        **{"index": "SCANN", "shards": 2, "replicas": 1},
        **{"nlist": 1024, "nprobe": 64, "reorder_k": 1000},
    }
    assert scann.of_search(5000) == {"nprobe": 64, "reorder_k": 5000}
    assert scann.of_search(5, thorough=True)["nprobe"] == 1024
    assert choose_settings("hamming", None).index == "BIN_IVF_FLAT"
    assert choose_settings("cosine", {"index": "HNSW", "ef": 9}).search == {"ef": 9}
    for metric, wanted, message in (
        ("l2", {"index": "HSNW"}, "no index 'HSNW' for l2. Did you mean 'HNSW'"),
        ("hamming", {"index": "SCANN"}, "no index 'SCANN' for hamming"),
        ("l2", {"nprob": 3}, "SCANN has no setting 'nprob'. Did you mean 'nprobe'"),
        ("l2", {"nprobe": 0}, "nprobe must be a whole number from 1. Received: nprobe=0"),
        ("l2", {"shards": 1.5}, "shards=1.5"),
    ):
        with pytest.raises(ServingError, match=message):
            choose_settings(metric, wanted)


class Relay:
    """A port that passes on to an engine until it is cut."""

    def __init__(self, to: str):
        host, port = to.split(":")
        self._to, self._open = (host, int(port)), []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        start(self._accept)
        return self

    def __exit__(self, *_):
        self.cut()

    def cut(self):
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
                self._open += [near, far]
                start(pump, near, far)
                start(pump, far, near)


def start(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
