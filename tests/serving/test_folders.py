import os

import pytest

from serving.errors import ServingError
from serving.folders import list_pictures


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_pictures_are_found_at_any_depth_in_sorted_order(tmp_path):
    touch(tmp_path, "b/2.PNG", "b/10.jpeg", "a.webp", "c/d/e/f.gif", "c/d.bmp", "z.jpg")
    touch(tmp_path, "notes.txt", "b/x.svg", "b/png", ".hidden.png", ".git/x.png", "b/.DS_Store")
    names = [path.relative_to(tmp_path).as_posix() for path in list_pictures(tmp_path)]
    assert names == ["a.webp", "b/10.jpeg", "b/2.PNG", "c/d/e/f.gif", "c/d.bmp", "z.jpg"]


def test_a_loop_of_links_ends_and_linked_pictures_are_found(tmp_path):
    touch(tmp_path, "in/a/1.png", "out/2.png")
    (tmp_path / "in" / "a" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "b").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "self").symlink_to(tmp_path / "in" / "self")
    names = [
        path.relative_to(tmp_path / "in").as_posix() for path in list_pictures(tmp_path / "in")
    ]
    assert names == ["a/1.png", "b/2.png"]


def test_a_missing_an_empty_and_a_wrong_folder_are_named(tmp_path):
    touch(tmp_path, "empty/readme.txt", "file.png")
    for name, problem in {
        "missing": "no such folder",
        "empty": "no picture in this folder",
        "file.png": "not a folder",
    }.items():
        with pytest.raises(ServingError, match=f"{name}: {problem}"):
            list_pictures(tmp_path / name)


def test_pipes_are_listed_so_that_they_are_reported(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert list_pictures(tmp_path) == [tmp_path / "pipe.png"]
