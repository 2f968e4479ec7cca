from pathlib import PurePosixPath

import pytest

from serving.index import Parameters, choose_parameters
from serving.index.classes import class_of, largest_class


@pytest.mark.parametrize(
    ("count", "largest", "expected"),
    [
        (1, 0, Parameters("exact")),
        (19_999, 9_000, Parameters("exact")),
        (20_000, 0, Parameters("hash", 500)),
        (299_999, 0, Parameters("hash", 1499)),
        (100_000, 400, Parameters("hash", 800)),  # twice the largest class
        (100_000, 50_000, Parameters("hash", 5000)),  # and no deeper than this
        (1_000_000, 0, Parameters("tree", 5000, 2000, 400)),
    ],
)
def test_the_searcher_follows_the_measurements(count, largest, expected):
    assert choose_parameters(count, largest) == expected
    expected.check(count)


def test_a_class_is_the_parent_folder():
    ids = ["cat/1.png", "cat/2.png", "pets/dog/1.png", "loose.png"]
    assert [class_of(name) for name in ids] == ["cat", "cat", "dog", None]
    assert [class_of(name) for name in ids[:3]] == [PurePosixPath(x).parts[-2] for x in ids[:3]]
    assert largest_class(ids) == 2


def test_one_folder_is_no_class():
    assert largest_class(["all/1.png", "all/2.png"]) == 0
    assert largest_class(["1.png", "2.png"]) == 0
