"""A small data set with every odd picture in it, and its records."""

import pytest

from sbir_tf.data.records import build_records, open_records
from tests import trees
from tests.data.records.odd_tree import PLAIN, items_of, odd_tree


@pytest.fixture(scope="session")
def odd_root(tmp_path_factory):
    return odd_tree(tmp_path_factory.mktemp("odd") / "pets")


@pytest.fixture(scope="session")
def odd_folder(odd_root, tmp_path_factory):
    to = tmp_path_factory.mktemp("records") / "odd"
    build_records(odd_root, items_of(odd_root), to, size=32, layout=PLAIN, shard_size=9)
    return to


@pytest.fixture(scope="session")
def odd(odd_folder):
    return open_records(odd_folder)


@pytest.fixture
def build(tmp_path):
    """Build a tree's records in this test's own folder."""

    def call(root, to=None, **options):
        options = {"size": 32, "layout": PLAIN, "shard_size": 4, **options}
        return build_records(root, items_of(root), to or tmp_path / "records", **options)

    return call


@pytest.fixture
def root(tmp_path):
    return trees.plain(tmp_path / "pets")
