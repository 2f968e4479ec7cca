"""Tuning: the fastest settings that reach a recall, by queries that will be asked."""

import json
from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

from serving.commands.index import index_app
from serving.errors import ServingError
from serving.index import Model, create_index, open_index
from serving.index.searchers.exact import ExactSearcher
from serving.index.searchers.settings import Settings
from serving.index.searchers.trials import Asked, recall_of, structures, try_settings
from serving.index.stored.layout import GENERATIONS, read_current
from serving.index.tune import tune_index

COUNT, DIMENSION = 3000, 16


def clustered(seed=0):
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(20, DIMENSION))
    labels = random.integers(0, 20, COUNT)
    vectors = centres[labels] + 0.1 * random.normal(size=(COUNT, DIMENSION))
    return vectors.astype(np.float32), labels


def make(folder, metric="l2", count=COUNT):
    vectors, labels = clustered()
    ids = [f"class {label}/{row}.png" for row, label in enumerate(labels[:count])]
    index = create_index(folder, metric, DIMENSION, Model("test", "ab" * 32))
    index.add(ids, vectors[:count])
    index.close()
    return folder


@pytest.fixture(scope="module")
def queries():
    return (clustered(1)[0][:60] + 0.1).astype(np.float32)


def quickly(patch):
    """Times are not what is tested: one of each will do."""
    patch.setattr("serving.index.searchers.trials._ALONE", 1)
    patch.setattr("serving.index.searchers.trials._ROUNDS", 1)


@pytest.fixture(scope="module", params=["l2", "cosine"])
def tuned(request, queries, tmp_path_factory):
    folder = make(tmp_path_factory.mktemp("tuned") / "index", request.param)
    with pytest.MonkeyPatch.context() as patch:
        quickly(patch)
        return folder, tune_index(folder, 0.9, 10, queries)


def test_every_trial_reaches_the_recall_and_exact_search_is_one(tuned):
    trials = tuned[1].trials
    assert all(trial.recall >= 0.9 for trial in trials)
    kinds = [(trial.settings.kind, trial.settings.soar) for trial in trials]
    assert {("exact", False), ("hash", False), ("tree", False), ("tree", True)} <= set(kinds)
    assert [trial.single for trial in trials] == sorted(trial.single for trial in trials)


def test_what_was_chosen_and_why_is_written_into_the_index(tuned):
    folder, found = tuned
    with closing(open_index(folder)) as index:
        info = index.info()
    assert info.settings == found.trials[0].settings.to_json()
    assert info.why == found.why
    assert "recall@10 of 0.9 on 60 queries that were given" in info.why


def test_what_was_chosen_stays_when_items_are_added(tuned, tmp_path):
    folder, found = tuned
    with closing(open_index(folder, writable=True)) as index:
        index.add(["new"], np.ones((1, DIMENSION), np.float32))
        index.save()
        assert index.info().settings == found.trials[0].settings.to_json()
        assert index.info().why == found.why
        index.remove(["new"])


def test_recall_inside_classes_and_the_classes_themselves_are_both_reported(tuned):
    found = tuned[1]
    assert found.recall >= 0.85  # on the half that did not choose
    assert found.classes == 1
    assert 0 < found.recall_far <= 1


def test_without_queries_the_index_is_asked_between_its_own_vectors(tmp_path, monkeypatch):
    quickly(monkeypatch)
    found = tune_index(make(tmp_path / "index"), 0.9)
    assert "500 queries between the index's own vectors" in found.why


def test_with_queries_no_vector_of_the_gallery_asks(tmp_path, monkeypatch, queries):
    def stop(metric, vectors, asked, *_):
        np.testing.assert_array_equal(asked.queries, queries[::2])
        raise InterruptedError

    monkeypatch.setattr("serving.index.tune.try_settings", stop)
    with pytest.raises(InterruptedError):
        tune_index(make(tmp_path / "index"), 0.9, 10, queries)


def test_classes_that_are_no_plain_values_are_the_folders(tmp_path, monkeypatch, queries):
    quickly(monkeypatch)
    folder = make(tmp_path / "index", count=500)
    with closing(open_index(folder, writable=True)) as index:
        ((ids, vectors, _),) = index.scan()
        kinds = [["a"], {"b": 1}, None, "cat"]
        index.add(ids, vectors, [{"class": kinds[row % 4]} for row in range(500)], replace=True)
    assert tune_index(folder, 0.9, 10, queries).classes is not None
    assert read_current(folder) == 2
    assert [path.name for path in (folder / GENERATIONS).iterdir()] == ["00000002"]


def test_recall_counts_equally_distant_neighbours_as_each_other():
    """Four vectors at distance 1 of the query; which two are found does not matter."""
    vectors = np.concatenate([np.eye(2), -np.eye(2), 2 * np.eye(2)]).astype(np.float32)
    asked = Asked(np.zeros((1, 2), np.float32), np.ones(1, np.float32), 2)
    assert recall_of(ExactSearcher("l2", vectors), asked) == 1
    assert recall_of(ExactSearcher("l2", vectors[4:]), asked) == 0


def test_sets_too_small_for_codebooks_are_tried_exactly_alone(monkeypatch):
    quickly(monkeypatch)
    vectors = clustered()[0][:100]
    asked = Asked(vectors[:10] + 0.01, np.full(10, 9, np.float32), 5)
    assert structures(100) == []
    trials = try_settings("l2", vectors, asked, 0.9, lambda one, *_: one)
    assert [trial.settings for trial, _ in trials] == [Settings("exact")]


@pytest.mark.parametrize(
    ("metric", "count", "arguments", "message"),
    [
        ("l2", 300, {"recall": 0}, "recall must be above 0 and at most 1. Received: recall=0"),
        ("l2", 300, {"recall": 1.5}, "recall=1.5"),
        ("l2", 300, {"k": 0}, "k must be a whole number from 1"),
        ("l2", 300, {"queries": np.ones((7, DIMENSION))}, "8 queries at least. Received: 7"),
        ("l2", 300, {"queries": np.ones((9, 3))}, r"dimension 16. Received: shape=\(9, 3\)"),
        ("l2", 300, {"queries": np.full((9, DIMENSION), np.nan)}, "queries must be finite"),
        ("l2", 10, {}, "10 items are too few to tune for the 10 nearest"),
    ],
)
def test_what_cannot_be_tuned_is_refused(metric, count, arguments, message, tmp_path):
    folder = make(tmp_path / "index", metric, count)
    with pytest.raises(ServingError, match=message):
        tune_index(folder, **arguments)


def test_bits_need_no_tuning(tmp_path):
    create_index(tmp_path / "index", "hamming", 64, Model("test", "ab" * 32)).close()
    with pytest.raises(ServingError, match="bits are always compared exactly: nothing to tune"):
        tune_index(tmp_path / "index")


def test_the_command_takes_embeddings_and_says_what_it_chose(tmp_path, monkeypatch, queries):
    quickly(monkeypatch)
    folder = make(tmp_path / "index")
    np.save(tmp_path / "asked.npy", queries)
    command = ["tune", str(folder), "--recall", "0.9", "--queries", str(tmp_path / "asked.npy")]
    done = CliRunner().invoke(index_app, command)
    assert done.exit_code == 0, done.output
    assert "60 queries that were given" in done.output
    assert "classes as of the true hits 1.0000" in done.output


@pytest.mark.parametrize("content", [b"no array", None])
def test_queries_that_are_neither_an_array_nor_a_folder_are_refused(content, tmp_path):
    source = tmp_path / "asked.npy"
    if content is None:
        np.save(source, np.array([{"a": 1}]), allow_pickle=True)
    else:
        source.write_bytes(content)
    command = ["tune", str(make(tmp_path / "index")), "--queries", str(source)]
    failed = CliRunner().invoke(index_app, command)
    assert isinstance(failed.exception, ServingError)
    assert "a .npy file of embeddings or a folder of sketches" in str(failed.exception)
    assert json.dumps(str(source))[1:-1] in str(failed.exception)
