import pytest
from numpy_ranking import MODEL, random_vectors

from serving.index import create_index


@pytest.fixture
def fill(tmp_path):
    """Makes an index in a folder that holds `count` items `<prefix>/<row>.png`."""

    def make(name="index", count=300, prefix="a", dimension=8, save=True):
        index = create_index(tmp_path / name, "l2", dimension, MODEL)
        vectors = random_vectors("l2", count, dimension, len(prefix))
        ids = [f"{prefix}/{row}.png" for row in range(count)]
        index.add(ids, vectors, [{"row": row} for row in range(count)])
        if save:
            index.save()
        return index, dict(zip(ids, vectors, strict=True))

    return make
