"""Copies: whole, verified, continued."""

from contextlib import closing

import numpy as np
import pytest
from numpy_ranking import MODEL, random_vectors

from serving.errors import ServingError
from serving.index import copying, create_index, open_index
from serving.index.copying import copy_index
from serving.index.places import PICTURES, find_folder, locate


@pytest.fixture
def make(tmp_path):
    """An index of 300 items, some of them added after its generation."""

    def made(metric="l2", place=None):
        index = create_index(place or tmp_path / "one", metric, 32, MODEL)
        vectors = random_vectors(metric, 300, 32)
        ids = [f"item {row} ü'\"" for row in range(300)]
        metadata = [{"row": row, "deep": {"a": [1.5, None, True]}} for row in range(300)]
        index.add(ids[:200], vectors[:200], metadata[:200])
        index.save()
        index.add(ids[200:], vectors[200:], metadata[200:])
        index.remove(ids[:10])
        index.note({"mine": 3, PICTURES: locate(tmp_path, place or tmp_path / "one")})
        index.close()
        return place or tmp_path / "one"

    return made


def contents(place):
    with closing(open_index(place)) as index:
        return {
            name: (vector.tobytes(), values)
            for ids, vectors, metadata in index.scan()
            for name, vector, values in zip(ids, vectors, metadata, strict=True)
        }


@pytest.mark.parametrize("metric", ["l2", "cosine", "hamming"])
def test_a_copy_holds_the_same_and_finds_the_same(make, tmp_path, metric):
    place = make(metric)
    copied = copy_index(place, tmp_path / "deeper" / "two")
    assert (copied.items, copied.searches, copied.agreement) == (290, 100, 1.0)
    assert contents(tmp_path / "deeper" / "two") == contents(place)
    with closing(open_index(tmp_path / "deeper" / "two")) as index:
        assert (index.metric, index.model, index.info().facts["mine"]) == (metric, MODEL, 3)
        assert index.facts().keys() == {"mine", PICTURES}
        assert find_folder(index, PICTURES) == tmp_path


def test_progress_sees_both_passes(make, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "_BATCH", 100)
    seen = []

    def progress(iterable, description, total):
        batches = list(iterable)
        seen.append((description, total, len(batches)))
        return batches

    copy_index(make(), tmp_path / "two", progress)
    assert [entry[:2] for entry in seen] == [("copying", 3), ("verifying", 3)]


def test_an_interrupted_copy_is_continued_and_another_index_is_not_touched(
    make, tmp_path, monkeypatch
):
    place = make()
    monkeypatch.setattr(copying, "_BATCH", 100)

    def interrupted(iterable, description, total):
        for batch in iterable:
            yield batch
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_index(place, tmp_path / "two", interrupted)
    assert 0 < len(contents(tmp_path / "two")) < 290
    monkeypatch.chdir(tmp_path)
    assert copy_index("./one", tmp_path / "two").items == 290  # however it is spelled
    assert contents(tmp_path / "two") == contents(place)
    with pytest.raises(ServingError, match="two: an index is there already"):
        copy_index(place, tmp_path / "two")


@pytest.mark.parametrize("what", ["a vector", "an id", "metadata", "one more"])
def test_a_copy_that_differs_is_found_out(make, tmp_path, monkeypatch, what):
    place = make()
    save = open_index(place).__class__.save

    def spoilt(index, settings=None):
        ids, vectors, metadata = next(index.scan(1))
        vectors = vectors.copy()
        if what == "a vector":
            vectors[0, 3] = np.nextafter(vectors[0, 3], 9, dtype=np.float32)
        elif what == "metadata":
            metadata[0]["row"] += 1
        elif what == "an id":
            index.remove(ids)
        index.add([ids[0] + "!"] if what in ("an id", "one more") else ids, vectors, metadata, True)
        save(index, settings)

    monkeypatch.setattr(open_index(place).__class__, "save", spoilt)
    message = "290 items were copied, 291 are" if what == "one more" else "other ids, vectors or"
    with pytest.raises(ServingError, match=f"two is no copy of .*: .*{message}"):
        copy_index(place, tmp_path / "two")


def test_a_copy_that_finds_other_things_is_found_out(make, tmp_path, monkeypatch):
    place = make()
    search = open_index(place).__class__.search

    def wrong(index, queries, k, where=None):
        ids, distances = search(index, queries, k, where)
        return ids, [row + (str(index.info().place).endswith("two")) for row in distances]

    monkeypatch.setattr(open_index(place).__class__, "search", wrong)
    with pytest.raises(ServingError, match=r"only 0\.000 of the hits of two copies are the same"):
        copy_index(place, tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["l2", "cosine", "hamming"])
def test_to_an_engine_and_back_nothing_is_lost(make, tmp_path, milvus, metric):
    place, far = make(metric), f"milvus://{milvus}/copy_{metric}"
    there, back = copy_index(place, far), copy_index(far, tmp_path / "back")
    assert there.digest == back.digest
    assert (there.items, there.agreement, back.agreement) == (290, 1.0, 1.0)
    assert contents(tmp_path / "back") == contents(place)
    with closing(open_index(tmp_path / "back")) as index:
        assert find_folder(index, PICTURES) == tmp_path
