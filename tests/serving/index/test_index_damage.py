"""Every file of an index, altered, cut short or gone, is noticed and named."""

import errno
import json
import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy_ranking import MODEL, check_answers, random_vectors

from serving.errors import ServingError
from serving.index import create_index, open_index
from serving.index.stored import check_stored, verify
from serving.index.stored.layout import ACKNOWLEDGED, CURRENT, JOURNAL
from serving.index.stored.manifest import FORMAT, _seal

GENERATION = "generations/00000001"
OF_GENERATION = ["vectors.npy", "ids.utf8", "ids.npy", "items.sqlite", "manifest.json"]
FILES = [CURRENT, ACKNOWLEDGED, JOURNAL, *(f"{GENERATION}/{name}" for name in OF_GENERATION)]


@pytest.fixture
def index(fill, tmp_path):
    """A generation of 300 items and, in the journal, 40 more and 10 removals; and what it holds."""
    index, items = fill()
    with closing(index):
        extra = random_vectors("l2", 40, 8, seed=5)
        index.add([f"new {row}" for row in range(40)], extra, [{"row": row} for row in range(40)])
        index.remove([f"a/{row}.png" for row in range(10)])
    items |= {f"new {row}": vector for row, vector in enumerate(extra)}
    return tmp_path / "index", dict(list(items.items())[10:])


def read_all(folder, items):
    """Opens and uses an index, and checks that it is as it was."""
    with closing(open_index(folder)) as reader:
        queries = random_vectors("l2", 4, 8, seed=77)
        check_answers(reader.search(queries, 400), "l2", queries, items, 400)
        ids, vectors, metadata = map(list, zip(*reader.scan(), strict=True))
        assert [name for some in ids for name in some] == list(items)
        np.testing.assert_array_equal(np.concatenate(vectors), list(items.values()))
        rows = [values["row"] for some in metadata for values in some]
        assert rows == [*range(10, 300), *range(40)]


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_noticed_and_the_file_named(index, name):
    folder, items = index
    path = folder / name
    data = path.read_bytes()
    random = np.random.default_rng(len(name))
    places = {*range(0, len(data), max(1, len(data) // 12)), len(data) - 1}
    found = 0
    for place in sorted(places):
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(random.integers(8))
        path.write_bytes(flipped)
        try:
            read_all(folder, items)
        except ServingError as error:
            assert Path(name).name in str(error)
            found += 1
        path.write_bytes(data)
        for left in folder.glob(f"{JOURNAL}-*"):
            left.unlink()
    # Pages of the journal hold bytes that mean nothing; all else is covered.
    assert found == len(places) or (found > 0 and name == JOURNAL)
    read_all(folder, items)


def test_every_kind_of_damage_to_the_journal_is_noticed(index):
    """What SQLite itself does not see: rows altered, rows lost, the last ones lost."""
    folder, items = index
    path = folder / JOURNAL
    data = path.read_bytes()
    for statement in (
        "UPDATE changes SET vector = zeroblob(32) WHERE seq = 305",
        "UPDATE changes SET metadata = '{}' WHERE seq = 305",
        "UPDATE changes SET id = 'x' WHERE seq = 305",
        "DELETE FROM changes WHERE seq = 305",
        "DELETE FROM changes WHERE seq > 345",
        "DELETE FROM changes",
        "UPDATE state SET value = '5' WHERE name = 'trimmed'",
        "DELETE FROM state",
        "DROP TABLE changes",
    ):
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
        with pytest.raises(ServingError, match=rf"{JOURNAL} is damaged \(.*Build the index again"):
            read_all(folder, items)
        path.write_bytes(data)
    read_all(folder, items)


def killed_writers_files(folder, items, copy):
    """A copy as a kill -9 would leave it: the last changes in SQLite's write-ahead log alone."""
    with closing(open_index(folder, writable=True)) as index:
        index.search(np.zeros((1, 8)), 1)
        index.add(["last"], np.ones((1, 8)), [{"row": 40}])
        shutil.copytree(folder, copy)
    return items | {"last": np.ones(8, np.float32)}


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_write_ahead_log_loses_no_acknowledged_change_unnoticed(index, tmp_path, harm):
    """SQLite takes a log whose checksums end early for one that was cut by a crash."""
    folder, items = index
    copy = tmp_path / "killed"
    items = killed_writers_files(folder, items, copy)
    log = copy / f"{JOURNAL}-wal"
    data = log.read_bytes()
    assert data
    for left in copy.glob(f"{JOURNAL}-shm"):
        left.unlink()
    if harm == "flip":
        log.write_bytes(data[:3000] + bytes([data[3000] ^ 4]) + data[3001:])
    elif harm == "cut":
        log.write_bytes(data[: len(data) // 2])
    else:
        log.unlink()
    for writable in (False, True):
        with pytest.raises(ServingError, match="1 of its last changes are lost"):
            open_index(copy, writable).close()


def test_what_a_killed_writer_left_is_whole(index, tmp_path):
    folder, items = index
    items = killed_writers_files(folder, items, tmp_path / "killed")
    with closing(open_index(tmp_path / "killed")) as reader:
        queries = random_vectors("l2", 4, 8, seed=77)
        check_answers(reader.search(queries, 5), "l2", queries, items, 5)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0, 0.5, -1, None])
def test_a_truncated_or_missing_file_is_noticed_and_named(index, name, left):
    folder, items = index
    path = folder / name
    data = path.read_bytes()
    if left is None:
        path.unlink()
    else:
        last = 4096 if name == JOURNAL else 1  # SQLite needs no end of a page
        path.write_bytes(data[: int(len(data) * left)] if left >= 0 else data[:-last])
    with pytest.raises(ServingError, match=f"{Path(name).name}") as told:
        read_all(folder, items)
    assert "\n" not in str(told.value)


def test_the_largest_files_are_verified_beside_and_the_next_call_says_so(index, monkeypatch):
    folder, items = index
    monkeypatch.setattr(verify, "AT_ONCE", 0)
    read_all(folder, items)
    path = folder / GENERATION / "vectors.npy"
    data = path.read_bytes()
    path.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    with closing(open_index(folder)) as reader:
        reader._state.view().generation.verification._thread.join()
        for call in (lambda: reader.search(np.zeros((1, 8)), 1), lambda: next(reader.scan())):
            with pytest.raises(ServingError, match=r"vectors\.npy is altered"):
                call()
    with closing(open_index(folder, writable=True)) as writer:
        with pytest.raises(ServingError, match=r"vectors\.npy is altered"):
            writer.save()  # or the damage would get a checksum of its own
        writer.add(["x"], np.zeros((1, 8)))  # changes are safe


def test_damage_is_named_while_the_table_is_still_being_verified(fill, tmp_path, monkeypatch):
    fill()[0].close()
    path = tmp_path / "index" / GENERATION / "items.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))  # whole pages; SQLite has no sums
    compare = verify.verify_contents
    monkeypatch.setattr(verify, "AT_ONCE", 0)

    def slow(generation, files, names):
        return None if "items.sqlite" in names else compare(generation, files, names)

    monkeypatch.setattr(verify, "verify_contents", slow)
    with closing(open_index(tmp_path / "index")) as reader:
        for call in (
            lambda: reader.search(np.zeros((1, 8)), 1, {"row": 3}),
            lambda: reader.get(["a/3.png"]),
        ):
            with pytest.raises(ServingError, match=rf"{GENERATION}/items\.sqlite is damaged"):
                call()
    with closing(open_index(tmp_path / "index", writable=True)) as writer:
        for call in (
            lambda: writer.remove(["a/3.png"]),
            lambda: writer.add(["x"], np.ones((1, 8))),
        ):
            with pytest.raises(ServingError, match=rf"{GENERATION}/items\.sqlite is damaged"):
                call()


def trees_index(folder):
    with closing(create_index(folder, "l2", 8, MODEL, {"kind": "hash"})) as index:
        index.add([f"{row}" for row in range(400)], random_vectors("l2", 400, 8))
        index.save()
    return folder


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/there"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found"),
    ],
)
def test_trouble_with_the_temporary_folder_is_no_damage(tmp_path, monkeypatch, error):
    folder = trees_index(tmp_path / "index")

    def refuse(*_, **__):
        raise error

    with closing(open_index(folder)) as reader:
        with monkeypatch.context() as patch:
            patch.setattr("tempfile.mkdtemp", refuse)
            with pytest.raises(OSError, match=error.strerror) as told:
                reader.search(np.zeros((1, 8)), 1)
        assert told.value is error
        assert len(reader.search(np.zeros((1, 8)), 1)[0][0]) == 1


def test_too_many_open_files_are_no_damage(tmp_path):
    """The kernel's own limit: at whichever file it is met, the index is not at fault."""
    folder, met = trees_index(tmp_path / "index"), set()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(list(Path("/proc/self/fd").iterdir()))
    try:
        for spare in range(30):
            resource.setrlimit(resource.RLIMIT_NOFILE, (opened + spare, hard))
            try:
                with closing(open_index(folder)) as reader:
                    reader.search(np.zeros((1, 8)), 1)
            except OSError as error:
                assert error.errno == errno.EMFILE
                met.add(error.filename)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(met) >= 3


def test_a_generation_of_a_newer_format_is_refused(index):
    folder, _ = index
    path = folder / GENERATION / "manifest.json"
    values = json.loads(path.read_bytes())
    del values["crc32"]
    values |= {"format": FORMAT + 1, "something": "new"}
    path.write_bytes(_seal(values))
    with pytest.raises(ServingError, match=f"of the newer format {FORMAT + 1}; .*Update sbir"):
        open_index(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b"\xff", b'{"format": "2"}'])
def test_a_manifest_of_nonsense_is_damaged(index, content):
    folder, _ = index
    (folder / GENERATION / "manifest.json").write_bytes(content)
    with pytest.raises(ServingError, match=r"manifest\.json is damaged"):
        open_index(folder)


@pytest.mark.parametrize("writable", [False, True])
def test_what_is_no_index_is_named(tmp_path, writable):
    (tmp_path / "photos").mkdir()
    (tmp_path / "file").write_text("x")
    for name, message in (
        ("nowhere", "nowhere: no such index folder. `sbir index build` makes one"),
        ("photos", "photos: not an index, it has no CURRENT"),
        ("file", "file: a file, not an index"),
    ):
        with pytest.raises(ServingError, match=message):
            open_index(tmp_path / name, writable)
    assert list((tmp_path / "photos").iterdir()) == []
    with pytest.raises(ServingError, match="milvus://HOST:PORT/NAME"):
        open_index("redis://x", writable)


def test_no_pickle_is_ever_read(index):
    folder, items = index
    path = folder / GENERATION / "vectors.npy"
    with path.open("wb") as file:
        np.save(file, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ServingError, match=r"vectors\.npy"):
        read_all(folder, items)


def test_a_check_reads_everything(index):
    folder, _ = index
    report = check_stored(folder)
    assert (report.items, report.generation) == (330, 1)
    assert report.bytes == sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    for name in FILES:
        path = folder / name
        data = path.read_bytes()
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 32]) + data[middle + 1 :])
        if name != JOURNAL:  # some of its bytes mean nothing
            with pytest.raises(ServingError, match=Path(name).name):
                check_stored(folder)
        path.write_bytes(data)


@pytest.mark.parametrize("kind", ["hash", "tree"])
def test_what_scann_learnt_is_verified_before_scann_reads_it(tmp_path, kind):
    """ScaNN loads a truncated or bit-flipped file silently, or aborts the process."""
    folder, vectors = tmp_path / "index", random_vectors("l2", 400, 8)
    asked = {"kind": kind} | ({"leaves": 10, "leaves_to_search": 10} if kind == "tree" else {})
    with closing(create_index(folder, "l2", 8, MODEL, asked)) as index:
        index.add([f"{row}" for row in range(400)], vectors)
        index.save()
    files = [path for path in (folder / GENERATION / "searcher").rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        data = path.read_bytes()
        middle = len(data) // 2
        for altered in (data[:middle] + bytes([data[middle] ^ 8]) + data[middle + 1 :], data[:-1]):
            path.write_bytes(altered)
            with pytest.raises(ServingError, match=f"searcher/{path.name} is .*altered"):
                open_index(folder)
        path.write_bytes(data)
    assert not any(path.suffix in (".pkl", ".pickle") for path in files)
    with closing(open_index(folder)) as reader:
        assert reader.search(vectors[:1], 1)[0] == [["0"]]
