"""Generations, readers, the one writer: what is on the disk when, and who sees it."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_ranking import MODEL, check_answers, random_vectors

from serving.errors import ServingError
from serving.index import check_target, create_index, open_index
from serving.index.stored import writer as writing
from serving.index.stored.layout import GENERATIONS, JOURNAL, read_current


def generations(folder):
    return sorted(entry.name for entry in (folder / GENERATIONS).iterdir())


def searched(index, items, k=10):
    queries = random_vectors("l2", 4, index.dimension, seed=77)
    check_answers(index.search(queries, k), "l2", queries, items, k)


def test_a_save_makes_a_generation_and_removes_the_one_before(fill, tmp_path):
    index, items = fill()
    with closing(index):
        assert generations(tmp_path / "index") == ["00000001"]
        index.save()  # nothing changed
        assert index.info().generation == 1
        index.remove(["a/0.png"])
        del items["a/0.png"]
        index.save()
        assert generations(tmp_path / "index") == ["00000002"]
        assert (index.info().added, index.info().removed, index.info().items) == (0, 0, 299)
        searched(index, items)


def test_what_was_added_needs_no_save(fill, tmp_path):
    index, items = fill(save=False)
    index.close()
    with closing(open_index(tmp_path / "index")) as reader:
        assert reader.info().generation == 0
        searched(reader, items)


def test_a_change_is_flushed_before_it_returns(fill):
    """A kill cannot tell, the loss of power would: SQLite's own setting says so (2 is FULL)."""
    with closing(fill()[0]) as index:
        database = index._state._journal._connection
        assert database.execute("PRAGMA synchronous").fetchone() == (2,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_writer_that_does_not_search_keeps_nothing_in_memory(fill):
    """Bulk loading is flat: the changes are in SQLite alone until somebody searches."""
    index, items = fill(save=False)
    with closing(index):
        assert index._state._view is None
        assert len(index) == 300
        index.remove(["a/1.png"])
        index.save()
        assert len(index) == 299
        assert index._state._view is None
        del items["a/1.png"]
        searched(index, items)


def test_a_reader_sees_every_change_at_its_next_search(fill, tmp_path):
    index, items = fill()
    with closing(index), closing(open_index(tmp_path / "index")) as reader:
        extra = random_vectors("l2", 3, 8, seed=5)
        for row, vector in enumerate(extra):
            index.add([f"new {row}"], vector[None])
            items[f"new {row}"] = vector
            assert reader.search(vector[None], 1)[0] == [[f"new {row}"]]
        index.remove(["new 1", "a/7.png"])
        del items["new 1"], items["a/7.png"]
        searched(reader, items)
        assert reader.get(["new 1", "new 2"]) == [None, {}]
        index.note({"x": 1})
        assert reader.info().facts == {"x": 1}


def wait_for_the_next_generation(reader):
    thread = reader._state._opening
    if thread is not None:
        thread.join()


def test_a_reader_moves_to_the_new_generation_and_then_lets_the_old_one_go(fill, tmp_path):
    folder = tmp_path / "index"
    index, items = fill()
    with closing(index), closing(open_index(folder)) as reader:
        index.add(["new"], np.ones((1, 8)))
        index.save()
        items["new"] = np.ones(8, np.float32)
        assert generations(folder) == ["00000001", "00000002"]  # it is still read
        searched(reader, items)
        wait_for_the_next_generation(reader)
        searched(reader, items)
        assert reader.info().generation == 2
        index.remove(["new"])
        del items["new"]
        index.save()
        assert "00000001" not in generations(folder)
        searched(reader, items)


def test_a_reader_that_slept_through_several_generations_is_right_at_once(fill, tmp_path):
    index, items = fill()
    with closing(index), closing(open_index(tmp_path / "index")) as reader:
        for step in range(3):
            vector = np.full(8, step, np.float32)
            index.add([f"new {step}"], vector[None])
            items[f"new {step}"] = vector
            index.save()
        searched(reader, items, k=303)


def test_a_reader_moves_to_a_generation_without_changes_too(fill, tmp_path):
    """As `sbir index tune` makes it: other settings of the same items."""
    folder = tmp_path / "index"
    index, items = fill()
    with closing(index), closing(open_index(folder)) as reader:
        searched(reader, items)
        index.save({"kind": "hash", "reorder": 300})
        searched(reader, items)
        wait_for_the_next_generation(reader)
        searched(reader, items)
        assert (reader.info().generation, reader.info().searcher) == (2, "hash")


class Turnstile:
    """A lock that says whenever somebody wants it."""

    def __init__(self, lock, wanted):
        self._lock, self._wanted = lock, wanted

    def __enter__(self):
        self._wanted()
        return self._lock.__enter__()

    def __exit__(self, *error):
        return self._lock.__exit__(*error)


def test_a_reader_is_not_closed_under_a_search_that_asks_the_journal(fill, tmp_path, monkeypatch):
    """SQLite would end the process."""
    fill()[0].close()
    reader = open_index(tmp_path / "index")
    state, journal = reader._state, reader._state._journal
    version, close = journal.version, journal.close
    asks, go, asking = threading.Event(), threading.Event(), []

    def slow_version():
        asks.set()
        go.wait(60)
        found = version()
        asks.clear()
        return found

    def seen_close():
        asking.append(asks.is_set())
        close()
        go.set()

    monkeypatch.setattr(journal, "version", slow_version)
    monkeypatch.setattr(journal, "close", seen_close)
    searching = threading.Thread(target=reader.search, args=(np.ones((1, 8)), 1))
    searching.start()
    assert asks.wait(60)
    monkeypatch.setattr(state, "_lock", Turnstile(state._lock, go.set))
    reader.close()
    searching.join()
    assert asking == [False]


@pytest.mark.parametrize("writable", [False, True])
def test_who_comes_too_late_is_told_that_the_index_is_closed(fill, tmp_path, writable):
    fill()[0].close()
    index = open_index(tmp_path / "index", writable)
    state = index._state  # as a thread has it that was about to search
    index.close()
    with pytest.raises(ServingError, match=r"index: this index has been closed\. Open it again"):
        state.view()


def test_a_closed_reader_lets_its_generation_go(fill, tmp_path):
    index, _ = fill()
    with closing(index):
        reader = open_index(tmp_path / "index")
        reader.search(np.ones((1, 8)), 1)
        reader.close()
        for step in range(2):
            index.add([f"new {step}"], np.ones((1, 8)))
            index.save()
        assert generations(tmp_path / "index") == ["00000003"]


class Vanishing:
    """A listing of a folder after which what is in it is removed."""

    def __init__(self, entries):
        self._entries = iter(entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)


def test_an_index_says_what_it_is_while_a_writer_tidies(fill, tmp_path, monkeypatch):
    index, _ = fill()
    with closing(index):
        building = tmp_path / "index" / GENERATIONS / ".building"
        (building / "searcher").mkdir(parents=True)
        (building / "vectors.npy").touch()
        scandir = os.scandir

        def listed(place):
            entries = list(scandir(place))
            if Path(place).name == ".building":
                monkeypatch.setattr(os, "scandir", scandir)
                for name in (".building/searcher", ".building/vectors.npy"):
                    path = tmp_path / "index" / GENERATIONS / name
                    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
                building.rmdir()
            return Vanishing(entries)

        monkeypatch.setattr(os, "scandir", listed)
        assert index.info().bytes > 300 * 8 * 4
        assert not building.exists()


def test_a_scan_goes_on_over_what_it_began_with(fill):
    index, items = fill()
    with closing(index):
        index.add(["late"], np.ones((1, 8)))
        scan = index.scan(batch=50)
        first = next(scan)[0]
        index.remove([*items, "late"])
        index.save()
        index.add(["another"], np.ones((1, 8)))
        rest = [name for ids, _, _ in scan for name in ids]
        assert first + rest == [*items, "late"]


def test_a_second_writer_is_told_who_writes(fill, tmp_path):
    index, _ = fill()
    with closing(index):
        message = rf"process {os.getpid()} on .* is writing this index"
        with pytest.raises(ServingError, match=message):
            open_index(tmp_path / "index", writable=True)
    open_index(tmp_path / "index", writable=True).close()


HOLDS = """
import sys, time
from serving.index import open_index
index = open_index(sys.argv[1], writable=True)
print("held", flush=True)
time.sleep(100)
"""


def test_the_lock_of_a_writer_that_was_killed_is_nobodys(fill, tmp_path):
    index, items = fill()
    index.close()
    folder = tmp_path / "index"
    command = [sys.executable, "-c", HOLDS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ServingError, match=f"process {other.pid} on .* is writing"):
            open_index(folder, writable=True)
        with closing(open_index(folder)) as reader:
            searched(reader, items)
        other.send_signal(signal.SIGKILL)
    with closing(open_index(folder, writable=True)) as again:
        searched(again, items)


def test_what_a_crash_left_is_swept_by_the_next_writer(fill, tmp_path):
    fill()[0].close()
    folder = tmp_path / "index"
    for left in (".building", "00000009"):
        (folder / GENERATIONS / left).mkdir()
        (folder / GENERATIONS / left / "vectors.npy").write_bytes(b"half")
    (folder / ".CURRENT.123.tmp").write_bytes(b"half")
    (tmp_path / ".index.999999999.new").mkdir()
    open_index(folder, writable=True).close()
    assert generations(folder) == ["00000001"]
    assert not (folder / ".CURRENT.123.tmp").exists()
    fill("other")[0].close()
    with pytest.raises(ServingError, match="already"):
        fill("index")


def test_an_attempt_to_create_that_crashed_is_swept_by_the_next(fill, tmp_path):
    (tmp_path / ".index.999999999.new" / "generations").mkdir(parents=True)
    fill()[0].close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["index"]


def test_the_journal_is_emptied_and_shrinks_after_a_save(fill, tmp_path):
    index, _ = fill(count=20_000, save=False)
    index.close()
    assert (tmp_path / "index" / JOURNAL).stat().st_size > 1_000_000
    index = open_index(tmp_path / "index", writable=True)
    index.save()
    index.close()
    assert (tmp_path / "index" / JOURNAL).stat().st_size < 100_000
    assert not (tmp_path / "index" / f"{JOURNAL}-wal").exists()


def test_changes_made_while_a_generation_is_built_are_all_in_it_or_after_it(
    fill, monkeypatch, tmp_path
):
    """The generation is built by another process, while this one searches and changes."""
    monkeypatch.setattr(writing, "_HERE", 10)
    index, items = fill()
    with closing(index):
        searched(index, items)
        index.add(["before"], np.ones((1, 8)))
        items["before"] = np.ones(8, np.float32)
        saving = threading.Thread(target=index.save)
        saving.start()
        step = 0
        while saving.is_alive() or step < 20:
            vector = np.full(8, 100 + step, np.float32)
            index.add([f"during {step}"], vector[None])
            items[f"during {step}"] = vector
            assert index.search(vector[None], 1)[0] == [[f"during {step}"]]
            gone = f"a/{step}.png"
            assert index.remove([gone]) == (gone in items)
            items.pop(gone, None)
            step += 1
        saving.join()
        assert index.info().generation == 2
        searched(index, items)
    with closing(open_index(tmp_path / "index")) as reader:
        searched(reader, items)


def test_a_generation_that_cannot_be_built_elsewhere_is_an_error_here(fill, monkeypatch, tmp_path):
    monkeypatch.setattr(writing, "_HERE", 10)
    index, items = fill()
    with closing(index):
        searched(index, items)
        index.remove(["a/3.png"])
        del items["a/3.png"]
        monkeypatch.setenv("PYTHONHASHSEED", "not a number")  # the other process cannot start
        with pytest.raises(ServingError, match="building ended with code 1"):
            index.save()
        assert generations(tmp_path / "index") == ["00000001"]
        searched(index, items)
        monkeypatch.delenv("PYTHONHASHSEED")
        index.save()
        searched(index, items)


def test_searches_during_changes_never_see_half_of_one(fill):
    """An item that is replaced again and again is found once, in every search."""
    index, _ = fill()
    places = [np.full((1, 8), 50 + step, np.float32) for step in range(60)]
    with closing(index):
        index.add(["moving"], places[0])
        index.search(places[0], 1)
        wrong, stop = [], threading.Event()

        def look():
            while not stop.is_set():
                found = index.search(np.full((1, 8), 80, np.float32), 3)[0][0]
                if found.count("moving") != 1:
                    wrong.append(found)

        looking = threading.Thread(target=look)
        looking.start()
        for place in places:
            index.add(["moving"], place, replace=True)
        stop.set()
        looking.join()
        assert wrong == []


def test_a_folder_with_something_else_is_never_written_to(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_text("precious")
    (tmp_path / "file").write_text("precious")
    (tmp_path / "earlier" / "generation-000001").mkdir(parents=True)
    (tmp_path / "earlier" / "manifest.json").write_text("{}")
    for name, message in (
        ("photos", r"photos: it holds 'holiday\.jpg' and is not an index"),
        ("file", "file: a file is in the way"),
        ("earlier", "earlier: an index of format 1, which this version does not read"),
    ):
        before = sorted(tmp_path.rglob("*"))
        for attempt in (
            lambda name=name: check_target(tmp_path / name),
            lambda name=name: create_index(tmp_path / name, "l2", 8, MODEL),
        ):
            with pytest.raises(ServingError, match=message):
                attempt()
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("where", [".", "../here"])
def test_the_current_folder_is_no_place_for_a_new_index(tmp_path, monkeypatch, where):
    """It would be replaced under the shell that is in it."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for attempt in (check_target, lambda place: create_index(place, "l2", 8, MODEL)):
        with pytest.raises(ServingError, match="cannot take the place of the current folder"):
            attempt(Path(where))
    assert [path.name for path in tmp_path.rglob("*")] == ["here"]
    with closing(create_index(Path("in it"), "l2", 8, MODEL)) as index:
        index.add(["a"], np.ones((1, 8)))
        assert len(index) == 1


def test_a_link_to_an_empty_folder_leads_to_the_index(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    create_index(tmp_path / "link", "l2", 8, MODEL).close()
    assert (tmp_path / "link").is_symlink()
    open_index(tmp_path / "empty").close()


def test_wrong_settings_are_refused_at_once(fill, tmp_path, monkeypatch):
    with pytest.raises(ServingError, match="kind='hahs'"):
        create_index(tmp_path / "new", "l2", 8, MODEL, {"kind": "hahs"})
    assert not (tmp_path / "new").exists()
    with closing(fill()[0]) as index:
        monkeypatch.setattr(writing, "rebuild", lambda *_: pytest.fail("it was tried"))
        with pytest.raises(ServingError, match="kind='hahs'"):
            index.save({"kind": "hahs"})


def test_a_folder_can_be_moved_and_copied(fill, tmp_path):
    index, items = fill()
    index.add(["new"], np.ones((1, 8)))
    items["new"] = np.ones(8, np.float32)
    index.close()
    (tmp_path / "index").rename(tmp_path / "moved")
    with closing(open_index(tmp_path / "moved")) as reader:
        searched(reader, items)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_index_that_nobody_may_write_can_be_read(fill, tmp_path):
    index, items = fill()
    index.close()
    for path in [tmp_path / "index", *(tmp_path / "index").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    with closing(open_index(tmp_path / "index")) as reader:
        searched(reader, items)


NAMES = st.integers(0, 9).map("item {}".format)
STEPS = st.one_of(
    st.tuples(st.just("add"), st.lists(NAMES, min_size=1, max_size=4, unique=True)),
    st.tuples(st.just("remove"), st.lists(NAMES, max_size=4)),
    st.tuples(st.sampled_from(["save", "open again", "search"]), st.none()),
)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(STEPS, max_size=12))
def test_any_sequence_of_changes_leaves_what_a_dict_would_hold(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("any") / "index"
    index, items, number = create_index(folder, "l2", 2, MODEL), {}, 0
    try:
        for step, names in steps:
            if step == "add":
                vectors = np.arange(number, number + 2 * len(names), dtype=np.float32)
                number += 2 * len(names)
                index.add(names, vectors.reshape(-1, 2), replace=True)
                items |= dict(zip(names, vectors.reshape(-1, 2), strict=True))
            elif step == "remove":
                assert index.remove(names) == len(set(names) & items.keys())
                items = {name: items[name] for name in items if name not in names}
            elif step == "save":
                index.save()
            elif step == "open again":
                index.close()
                index = open_index(folder, writable=True)
            else:
                index.search(np.zeros((1, 2), np.float32), 1)
        assert len(index) == len(items)
        found = {}
        for ids, rows, _ in index.scan():
            found |= dict(zip(ids, map(list, rows), strict=True))
        assert found == {name: list(row) for name, row in items.items()}
        queries = np.array([[0, 0], [7, 3]], np.float32)
        check_answers(index.search(queries, 5), "l2", queries, items, 5)
        assert read_current(folder) == index.info().generation
    finally:
        index.close()
