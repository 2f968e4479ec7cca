import numpy as np
import pytest

from serving.index import Index, Model, Parameters

KINDS = {
    "exact": Parameters("exact"),
    "hash": Parameters("hash", 100),
    "tree": Parameters("tree", 100, 12, 6),
}


def make_index(prefix, parameters=None, count=300, **options):
    """A small index whose ids begin with a prefix, so that old and new can be told apart."""
    vectors = np.random.default_rng(len(prefix)).normal(size=(count, 8)).astype(np.float32)
    ids = [f"{prefix}/{row}.png" for row in range(count)]
    model = Model("test", "ab" * 32)
    return Index.build(ids, vectors, model, parameters=parameters, **options)


@pytest.fixture
def make():
    return make_index


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]
