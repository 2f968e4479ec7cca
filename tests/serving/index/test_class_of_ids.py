"""The class that an id's folder names."""

from pathlib import PurePosixPath

from hypothesis import example, given
from hypothesis import strategies as some

from serving.index.classes import class_of


@given(some.lists(some.sampled_from(["a", "b c", ".", "..", "", "ü.png", "..."])).map("/".join))
@example("cat/1.png")
@example("1.png")
@example("/1.png")
def test_it_is_the_name_of_the_folder_that_the_file_is_in(name):
    assert class_of(name) == (PurePosixPath(name).parent.name or None)
