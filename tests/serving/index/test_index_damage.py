"""Every file of an index, altered, cut short or gone, is noticed and named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from serving.errors import ServingError
from serving.index import Index
from serving.index.manifest import FORMAT, read_manifest

FILES = {
    "exact": ["vectors.npy", "ids.jsonl", "skipped.json"],
    "hash": ["searcher/ah_codebook.pb", "searcher/hashed_dataset.npy", "searcher/scann_config.pb"],
    "tree": ["searcher/serialized_partitioner.pb", "searcher/dataset.npy"],
}
FILES["hash"] += [*FILES["exact"], "searcher/searcher.json"]
FILES["tree"] += [*FILES["hash"], "searcher/hashed_dataset_soar.npy"]
FILES["tree"] += ["searcher/datapoint_to_token.npy"]


@pytest.fixture
def saved(kind, make, tmp_path):
    return make("a", kind).save(tmp_path / "index")


def files(folder: Path):
    inside = folder / read_manifest(folder).generation
    return {p.relative_to(inside).as_posix(): p for p in inside.rglob("*") if p.is_file()}


def test_these_are_all_the_files_and_none_is_a_pickle(saved, kind):
    assert set(files(saved)) == set(FILES[kind.kind])
    assert set(read_manifest(saved).files) == set(FILES[kind.kind])


def test_a_bit_flip_in_any_file_is_named(saved):
    random = np.random.default_rng(0)
    for name, path in files(saved).items():
        good = path.read_bytes()
        for position in [0, len(good) - 1, *random.integers(0, len(good), 5)]:
            bad = bytearray(good)
            bad[position] ^= 1 << random.integers(0, 8)
            path.write_bytes(bad)
            with pytest.raises(ServingError, match=f"{name} is altered"):
                Index.load(saved)
        path.write_bytes(good)
    Index.load(saved)


def test_a_truncated_and_a_missing_file_are_named(saved):
    for name, path in files(saved).items():
        good = path.read_bytes()
        path.write_bytes(good[:-1])
        sizes = f"{len(good) - 1} bytes instead of {len(good)}"
        with pytest.raises(ServingError, match=rf"{name} is truncated or altered \({sizes}\)"):
            Index.load(saved)
        path.unlink()
        with pytest.raises(ServingError, match=f"{name} is missing"):
            Index.load(saved)
        path.write_bytes(good)


def test_a_flip_of_any_bit_of_the_manifest_is_noticed(make, tmp_path):
    folder = make("a").save(tmp_path / "index")
    path = folder / "manifest.json"
    good = path.read_bytes()
    for position in range(0, len(good), 2):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        path.write_bytes(bad)
        with pytest.raises(ServingError, match=r"manifest\.json is damaged"):
            read_manifest(folder)
    for length in range(0, len(good), 10):
        path.write_bytes(good[:length])
        with pytest.raises(ServingError, match=r"manifest\.json is damaged"):
            read_manifest(folder)


def test_a_newer_format_is_refused_by_name(make, tmp_path):
    from serving.index.manifest import _seal

    folder = make("a").save(tmp_path / "index")
    values = json.loads((folder / "manifest.json").read_bytes())
    del values["sha256"]
    (folder / "manifest.json").write_bytes(_seal({**values, "format": FORMAT + 1}))
    with pytest.raises(ServingError, match=f"newer format; this version reads format {FORMAT}"):
        Index.load(folder)


def test_what_is_no_index_is_refused(tmp_path):
    with pytest.raises(ServingError, match="no such index folder"):
        Index.load(tmp_path / "missing")
    (tmp_path / "photos").mkdir()
    with pytest.raises(ServingError, match=r"photos: not an index, it has no manifest\.json"):
        Index.load(tmp_path / "photos")
    (tmp_path / "photos" / "manifest.json").write_text('{"name": "a web app"}')
    with pytest.raises(ServingError, match="damaged"):
        Index.load(tmp_path / "photos")


def test_vectors_that_contradict_the_manifest_are_refused_and_pickles_are_not_read(
    make, tmp_path, monkeypatch
):
    folder = make("a").save(tmp_path / "index")
    monkeypatch.setattr("serving.index.disk.verify_files", lambda *_: None)
    vectors = files(folder)["vectors.npy"]
    np.save(vectors, np.ones((300, 9), np.float32))
    with pytest.raises(ServingError, match=r"vectors\.npy does not hold what the manifest says"):
        Index.load(folder)
    np.save(vectors, np.array([{"a": 1}] * 300), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        Index.load(folder)


def test_another_model_is_refused_with_both_names_and_the_cure(make, encoder):
    with pytest.raises(ServingError) as caught:
        make("a").require_model(encoder)
    message = str(caught.value)
    for part in (
        "test (digest abababababab)",
        "mean-colour (digest c0c0c0c0c0c0)",
        "build it again",
    ):
        assert part in message


def test_an_index_survives_a_move_with_its_pictures(make, tmp_path):
    (tmp_path / "a" / "pictures").mkdir(parents=True)
    index = make("a", pictures=tmp_path / "a" / "pictures", model_folder=tmp_path / "a")
    index.save(tmp_path / "a" / "index")
    shutil.move(tmp_path / "a", tmp_path / "b")
    opened = Index.load(tmp_path / "b" / "index")
    assert opened.path_of("x/1.png") == tmp_path / "b" / "pictures" / "x" / "1.png"
    assert opened.model_folder == tmp_path / "b"
    shutil.move(tmp_path / "b" / "index", tmp_path / "elsewhere")
    assert Index.load(tmp_path / "elsewhere").pictures == tmp_path / "a" / "pictures"


def test_everything_is_read_back_as_it_was_saved(kind, make, tmp_path):
    skipped = [{"path": "bad.png", "reason": "truncated"}]
    metadata = [{"bytes": row} for row in range(300)]
    index = make("Zürich ✓", kind, metadata=metadata, skipped=skipped)
    opened = Index.load(index.save(tmp_path / "index"))
    assert opened.info() == index.info()
    assert (opened.ids, opened.metadata, opened.skipped) == (index.ids, metadata, skipped)
    np.testing.assert_array_equal(opened.vectors, index.vectors)
    assert isinstance(opened.vectors, np.memmap)
    queries = np.random.default_rng(5).normal(size=(9, 8))
    np.testing.assert_array_equal(opened.search(queries, 20)[0], index.search(queries, 20)[0])


def test_a_folder_with_a_strange_name_works(make, kind, tmp_path):
    folder = tmp_path / 'quote " and \\ and ü and\nline'
    assert Index.load(make("a", kind).save(folder)).search(np.ones((1, 8)), 3)[0].shape == (1, 3)
