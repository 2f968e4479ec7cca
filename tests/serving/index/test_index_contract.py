"""One contract, every implementation, against the ranking that NumPy makes."""

from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest
from numpy_ranking import MODEL, check_answers, random_vectors

from serving.errors import ServingError
from serving.index import create_index, open_index
from serving.index.open import exists

COUNT, DIMENSION = 600, 32
# Approximate searchers that compare with everything have to be exact.
HASH = {"kind": "hash", "reorder": COUNT}
TREE = {"kind": "tree", "reorder": COUNT, "leaves": 20, "leaves_to_search": 20, "soar": True}


@dataclass(frozen=True)
class Kind:
    """An implementation: its metric and, where it is approximate, settings that are exhaustive."""

    metric: str
    settings: dict[str, Any] | None = None
    far: bool = False


KINDS = {
    "exact, l2": Kind("l2"),
    "exact, cosine": Kind("cosine"),
    "hamming": Kind("hamming"),
    "hash, l2": Kind("l2", HASH),
    "hash, cosine": Kind("cosine", HASH),
    "tree, l2": Kind("l2", TREE | {"soar": False}),
    "tree with SOAR, l2": Kind("l2", TREE),
    "tree with SOAR, cosine": Kind("cosine", TREE),
}
LISTS = {"nlist": 16, "nprobe": 16}  # all of them
FAR = {
    "milvus, l2": Kind("l2", {"index": "SCANN", "reorder_k": COUNT} | LISTS, far=True),
    "milvus, cosine": Kind("cosine", {"index": "IVF_FLAT"} | LISTS, far=True),
    "milvus, hamming": Kind("hamming", {"index": "BIN_IVF_FLAT"} | LISTS, far=True),
}


# What is refused is refused before a searcher is asked: one of each kind of vector will do;
# what is refused before an engine is asked needs none.
near = pytest.mark.parametrize("kind", ["exact, l2", "hamming"], indirect=True, scope="module")
refusing = pytest.mark.parametrize(
    "kind",
    ["exact, l2", "hamming", pytest.param("milvus, l2", marks=pytest.mark.slow)],
    indirect=True,
    scope="module",
)


@pytest.fixture(
    scope="module", params=[*KINDS, *(pytest.param(name, marks=pytest.mark.slow) for name in FAR)]
)
def kind(request):
    return (KINDS | FAR)[request.param]


@pytest.fixture(scope="module")
def make_place(kind, request, tmp_path_factory):
    """Places of an index by name: folders, or on an engine that runs for these tests."""
    if kind.far:
        address = request.getfixturevalue("milvus")
        return lambda name: f"milvus://{address}/{name}_{kind.metric}"
    return lambda name: tmp_path_factory.mktemp(name) / "index"


@pytest.fixture
def place(make_place):
    return make_place("index")


@pytest.fixture
def index(kind, place):
    with closing(empty_index(kind, place)) as index:
        yield index


def empty_index(kind, place):
    """A new index; of an engine, where making one takes seconds, the same one emptied."""
    if not kind.far or not exists(place):
        return create_index(place, kind.metric, DIMENSION, MODEL, kind.settings)
    index = open_index(place, writable=True)
    index.remove([name for ids, _, _ in index.scan() for name in ids])
    return index


def some(kind, count=COUNT, seed=0, prefix="item"):
    vectors = random_vectors(kind.metric, count, DIMENSION, seed)
    return {f"{prefix} {row}": vector for row, vector in enumerate(vectors)}


def add(index, items, metadata=None, replace=False):
    index.add(list(items), np.array(list(items.values())), metadata, replace)


STATES = ["added", "saved", "saved, then changed", "opened again", "read by another"]


@pytest.fixture(scope="module", params=STATES)
def filled(request, kind, make_place):
    """An index in one of its states, and what it has to hold; not to be changed."""
    place = make_place(f"filled_{STATES.index(request.param)}")
    index = create_index(place, kind.metric, DIMENSION, MODEL, kind.settings)
    items = some(kind)
    first = {name: items[name] for name in list(items)[:400]}
    if request.param in ("added", "saved"):
        add(index, items)
    else:
        add(index, first | some(kind, 50, 1, "gone"))
        index.save()
        # Removed from the generation, replaced in it, added since, added and removed since.
        assert index.remove([f"gone {row}" for row in range(50)]) == 50
        moved = {f"item {row}": items[f"item {400 + row}"] for row in range(20)}
        add(index, moved, replace=True)
        add(index, {name: vector for name, vector in items.items() if name not in first})
        add(index, some(kind, 5, 2, "brief"))
        index.remove([f"brief {row}" for row in range(5)])
        items |= moved
    if request.param == "saved":
        index.save()
    if request.param == "opened again":
        index.close()
        index = open_index(place, writable=True)
    with closing(index):
        if request.param == "read by another":
            with closing(open_index(place)) as reader:
                yield reader, items
        else:
            yield index, items


@pytest.mark.parametrize("k", [1, 10, COUNT, COUNT + 50])
def test_the_answer_is_numpys_ranking_in_every_state(kind, filled, k):
    index, items = filled
    queries = random_vectors(kind.metric, 8, DIMENSION, seed=9)
    check_answers(index.search(queries, k), kind.metric, queries, items, k)
    assert len(index) == len(items)


def test_one_query_and_many_give_the_same(kind, filled):
    index, _ = filled
    queries = random_vectors(kind.metric, 8, DIMENSION, seed=9)
    together = index.search(queries, 5)[1]
    for query, distances in zip(queries, together, strict=True):
        np.testing.assert_allclose(index.search(query[None], 5)[1][0], distances, rtol=1e-5)


def test_a_filter_finds_k_wherever_k_exist(kind, index):
    items = some(kind)
    brands = [{"brand": "x" if row % 40 == 0 else "y", "price": row} for row in range(COUNT)]
    half = COUNT // 2
    names = list(items)
    for part, saved in ((slice(half), True), (slice(half, None), False)):
        add(index, {name: items[name] for name in names[part]}, brands[part])
        if saved:
            index.save()
    queries = random_vectors(kind.metric, 4, DIMENSION, seed=9)
    for where, chosen in (
        ({"brand": "x"}, lambda row: row % 40 == 0),
        ({"price": {">=": 290, "<": 310}}, lambda row: 290 <= row < 310),
        ({"brand": ["x", "z"], "price": {"<": 300}}, lambda row: row % 40 == 0 and row < 300),
    ):
        wanted = {name: items[name] for row, name in enumerate(names) if chosen(row)}
        check_answers(index.search(queries, 12, where), kind.metric, queries, wanted, 12)


@refusing
def test_a_filter_on_a_field_that_no_item_has_is_refused(kind, index):
    add(index, some(kind, 3), [{"brand": "x"}] * 3)
    with pytest.raises(ServingError, match="brnd"):
        index.search(random_vectors(kind.metric, 1, DIMENSION), 1, {"brnd": "x"})


def test_an_empty_index_answers_nothing(kind, index, place):
    queries = random_vectors(kind.metric, 2, DIMENSION)
    for _ in range(2):
        check_answers(index.search(queries, 3), kind.metric, queries, {}, 3)
        assert (len(index), list(index.scan()), index.remove(["x"])) == (0, [], 0)
        index.save()


@pytest.mark.parametrize("count", [1, 2, 17])
def test_tiny_sets_are_found_whole(kind, index, count):
    items = some(kind, count)
    add(index, items)
    index.save()
    queries = random_vectors(kind.metric, 3, DIMENSION, seed=9)
    check_answers(index.search(queries, 10), kind.metric, queries, items, 10)


def test_all_can_be_removed_and_added_again(kind, index):
    items = some(kind, 30)
    queries = random_vectors(kind.metric, 2, DIMENSION, seed=9)
    for save in (False, True):
        add(index, items)
        if save:
            index.save()
        assert index.remove([*items, "never there", "item 3"]) == 30
        check_answers(index.search(queries, 3), kind.metric, queries, {}, 3)
    index.save()
    check_answers(index.search(queries, 3), kind.metric, queries, {}, 3)
    add(index, items)
    check_answers(index.search(queries, 3), kind.metric, queries, items, 3)


def test_no_query_gives_no_answer(kind, filled):
    ids, distances = filled[0].search(random_vectors(kind.metric, 0, DIMENSION), 4)
    assert (list(ids), list(distances)) == ([], [])


def test_duplicates_and_zero_vectors_are_all_found(kind, index):
    base = random_vectors(kind.metric, 3, DIMENSION)
    base[0] = 0
    items = {f"item {row}": base[row // 100] for row in range(300)}
    half = dict(list(items.items())[:150])
    add(index, half)
    index.save()
    add(index, {name: items[name] for name in items if name not in half})
    queries = np.concatenate([base, random_vectors(kind.metric, 2, DIMENSION, seed=9)])
    for k in (7, 100, 250):
        check_answers(index.search(queries, k), kind.metric, queries, items, k)


def test_metadata_come_back_as_they_were(kind, index):
    values = [
        {"path": "ünï/\u6f22 'x'.png", "n": 3.5, "deep": {"a": [1, None, True]}},
        {},
        {"n": -1},
    ]
    add(index, some(kind, 3), values)
    names = ["item 2", "nowhere", "item 0", "item 1"]
    for save in (False, True):
        if save:
            index.save()
        assert index.get(names) == [values[2], None, values[0], values[1]]
    add(index, some(kind, 1, 5), [{"new": 1}], replace=True)
    index.remove(["item 1"])
    assert index.get(names) == [values[2], None, {"new": 1}, None]


def test_odd_ids_are_ids(kind, index):
    names = [
        "a",
        "ünï çode/\u6f22\u5b57 \U0001f600",
        "x" * 1024,
        "'; DROP TABLE items; --",
        '"quoted"\\',
    ]
    vectors = random_vectors(kind.metric, len(names), DIMENSION)
    items = dict(zip(names, vectors, strict=True))
    add(index, items)
    for save in (False, True):
        if save:
            index.save()
        check_answers(index.search(vectors, 1), kind.metric, vectors, items, 1)
        assert [ids[0] for ids in index.search(vectors, 1)[0]] == names
    assert index.remove(names[1:]) == 4


class Brand(str, Enum):  # noqa: UP042 (a StrEnum writes itself as its value)
    A = "a"


def test_ids_may_be_other_libraries_strings(kind, index, place):
    """What they write themselves as is not what they are equal to."""

    class Named(str):
        def __repr__(self):
            return f"Named({str(self)!r})"

    items = some(kind, 2)
    index.add([Named("item 0"), Brand.A], np.array(list(items.values())))
    assert index.remove([Brand.A]) == 1
    with closing(open_index(place)) as reader:
        assert [type(name) for ids, _, _ in reader.scan() for name in ids] == [str]
        assert reader.get([Named("item 0"), "a"]) == [{}, None]


@near
def test_one_string_is_no_list_of_ids(kind, index):
    for call in (
        lambda: index.add("ab", random_vectors(kind.metric, 2, DIMENSION)),
        lambda: index.remove("ab"),
        lambda: index.get("ab"),
    ):
        with pytest.raises(ServingError, match="ids must be a list"):
            call()
    assert len(index) == 0


def test_everything_can_be_scanned_as_it_was_added(kind, filled):
    index, items = filled
    found, batches = {}, list(index.scan(batch=64))
    for ids, vectors, metadata in batches:
        assert len(ids) == len(vectors) == len(metadata) <= 64
        assert metadata == [{}] * len(ids)
        found |= dict(zip(ids, vectors, strict=True))
    assert found.keys() == items.keys()
    for name, vector in items.items():
        np.testing.assert_array_equal(found[name], vector)


def test_an_index_says_what_it_is(kind, index, place):
    add(index, some(kind, 300))
    index.save()
    add(index, some(kind, 2, prefix="new"))
    index.remove(["item 7"])
    index.note({"pictures": "there", "skipped": 3})
    index.note({"skipped": 4, "wrong": 1})
    index.note({"wrong": None})
    info = index.info()
    assert (info.place, info.metric, info.dimension) == (str(place), kind.metric, DIMENSION)
    assert (info.items, len(index), info.model) == (301, 301, MODEL)
    assert info.facts == {"pictures": "there", "skipped": 4}
    assert info.searcher
    assert info.to_json()["model"]["name"] == "test"


def wrong_vectors(kind):
    good = random_vectors(kind.metric, 2, DIMENSION)
    wide = random_vectors(kind.metric, 2, DIMENSION + 8)
    yield wide, str(DIMENSION)
    yield good[0], "shape"
    if kind.metric == "hamming":
        yield good.astype(np.float32), "uint8"
        return
    yield good.astype(int), "floating point"
    for bad in (np.nan, np.inf, 1e30, -np.inf):
        values = good.copy()
        values[1, 3] = bad
        yield values, "row 1 has the norm"


@near
def test_wrong_vectors_and_queries_are_refused_and_nothing_changes(kind, index):
    items = some(kind, 4)
    add(index, items)
    for vectors, message in wrong_vectors(kind):
        with pytest.raises(ServingError, match=message):
            index.add(["x", "y"], vectors)
        with pytest.raises(ServingError, match=message):
            index.search(vectors, 1)
    assert len(index) == 4
    check_answers(index.search(np.array(list(items.values())), 9), kind.metric,
                  np.array(list(items.values())), items, 9)  # fmt: skip


@near
@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "a"], "an id must not occur twice. Received: 'a'"),
        (["a"], r"one id per vector \(2\). Received: 1 ids"),
        (["a", "x\ny"], "line break"),
        (["a", "x\x85y"], "control character"),
        (["a", "x" * 10_000], "1024 bytes"),
        (["a", "é" * 513], "1024 bytes"),
        (["a", ""], "not empty"),
        (["a", 7], "must be a string"),
        (["a", "\udc80"], "valid UTF-8"),
        (["a", "item 1"], "'item 1' is in the index already"),
    ],
)
def test_wrong_ids_are_refused_and_nothing_changes(kind, index, ids, message):
    add(index, some(kind, 4))
    for save in (False, True):
        if save:
            index.save()
        with pytest.raises(ServingError, match=message):
            index.add(ids, random_vectors(kind.metric, 2, DIMENSION))
        assert len(index) == 4
        assert index.get(["a"]) == [None]


@near
@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ([{}], r"one metadata object per vector \(2\)"),
        ([{}, {"x": float("nan")}], "plain JSON"),
        ([{}, {"x": object()}], "plain JSON"),
        ([{}, {"x": "\udc80"}], "plain JSON"),
        ([{}, ["x"]], "objects"),
        ([{}, {3: 4}], "objects with names"),
        ([{}, {"x": "y" * 20_000}], "16384 bytes at most"),
    ],
)
def test_wrong_metadata_are_refused_and_nothing_changes(kind, index, metadata, message):
    with pytest.raises(ServingError, match=message):
        add(index, some(kind, 2), metadata)
    assert len(index) == 0


@near
@pytest.mark.parametrize("k", [0, -1, 2.0, True, None])
def test_a_wrong_k_is_refused(kind, index, k):
    add(index, some(kind, 2))
    with pytest.raises(ServingError, match=f"k must be a whole number from 1. Received: k={k}"):
        index.search(random_vectors(kind.metric, 1, DIMENSION), k)


@refusing
def test_what_is_open_for_reading_does_not_change(kind, index, place):
    add(index, some(kind, 2))
    with closing(open_index(place)) as reader:
        for change in (
            lambda: add(reader, some(kind, 1, prefix="new")),
            lambda: reader.remove(["item 1"]),
            lambda: reader.save(),
            lambda: reader.note({}),
        ):
            with pytest.raises(ServingError, match="open for reading only"):
                change()
        assert len(reader) == 2


@refusing
@pytest.mark.parametrize("value", [float("nan"), {1, 2}, b"x"])
def test_facts_that_are_no_plain_values_are_refused(kind, index, value):
    with pytest.raises(ServingError, match="facts must be plain JSON values"):
        index.note({"x": value})
    index.note({"y": 1})
    facts = index.facts()
    assert (facts["y"], "x" in facts) == (1, False)


@refusing
def test_a_closed_index_says_so(kind, index):
    index.close()
    index.close()
    with pytest.raises(ServingError, match="has been closed"):
        index.search(random_vectors(kind.metric, 1, DIMENSION), 1)


@refusing
def test_a_place_that_has_an_index_is_refused(kind, index, place):
    with pytest.raises(ServingError, match="already"):
        create_index(place, kind.metric, DIMENSION, MODEL)


@pytest.mark.parametrize(
    ("metric", "dimension", "message"),
    [
        ("l3", 8, "one of l2, cosine, hamming. Received: 'l3'"),
        ("cosin", 8, "Did you mean 'cosine'"),
        ("l2", 0, "dimension=0"),
        ("l2", 2.5, "dimension=2.5"),
        ("hamming", 12, "multiple of 8 bits. Received: dimension=12"),
    ],
)
def test_an_impossible_index_is_not_made(tmp_path, metric, dimension, message):
    with pytest.raises(ServingError, match=message):
        create_index(tmp_path / "new", metric, dimension, MODEL)
    assert list(tmp_path.iterdir()) == []
