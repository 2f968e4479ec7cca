"""A fake encoder, a tiny SavedModel and a small gallery, so that nothing here trains."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


class MeanColour:
    """Embeds a picture as its mean red, green and blue: nearness that one can see."""

    name = "mean-colour"
    digest = "c0" * 32
    dimension = 3
    path = None

    def __init__(self):
        self.batches = []

    def encode(self, pictures, domain):
        self.batches.append((len(pictures), domain))
        return np.array([picture.mean((0, 1)) / 255 for picture in pictures], np.float32)


@pytest.fixture
def encoder():
    return MeanColour()


COLOURS = {"blue": (20, 30, 220), "green": (30, 200, 40), "red": (220, 30, 20)}


def paint(path: Path, colour, size=(24, 18)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, tuple(int(value) for value in colour)).save(path)
    return path


@pytest.fixture
def gallery(tmp_path):
    """Four pictures each of three colours, `<colour>/<number>.png`, each a shade of its own."""
    for name, colour in COLOURS.items():
        for number in range(4):
            paint(tmp_path / "gallery" / name / f"{number}.png", np.add(colour, 5 * number))
    return tmp_path / "gallery"


@pytest.fixture
def painter():
    return paint


def export_mean_colour(path: Path, factor: float = 1.0, signatures=("sketch", "photo")) -> Path:
    """Writes an encoder of the agreed form: mean colour, with the domain as a fourth value."""
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable(factor)

        def _embed(self, image, domain):
            def mean(encoded):
                pixels = tf.io.decode_image(encoded, channels=3, expand_animations=False)
                return tf.reduce_mean(tf.cast(pixels, tf.float32), axis=(0, 1)) / 255

            means = tf.map_fn(mean, image, fn_output_signature=tf.TensorSpec([3], tf.float32))
            bit = tf.fill([tf.shape(image)[0], 1], domain)
            return {"embedding": self.factor * tf.concat([means, bit], axis=1)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
        def sketch(self, image):
            return self._embed(image, 0.0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
        def photo(self, image):
            return self._embed(image, 1.0)

    module = Module()
    tf.saved_model.save(module, str(path), {name: getattr(module, name) for name in signatures})
    values = {
        "format": 1,
        "name": "mean-colour",
        "dimension": 4,
        "image_size": 8,
        "metric": "squared_euclidean",
    }
    (path / "assets.extra").mkdir()
    (path / "assets.extra" / "encoder.json").write_text(json.dumps(values))
    return path


@pytest.fixture
def export():
    return export_mean_colour


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """One exported model for all tests that only read it."""
    folder = tmp_path_factory.mktemp("models") / "mean-colour"
    export_mean_colour(folder / "1")
    return folder


@pytest.fixture(scope="module")
def milvus(request):
    """The address of a real Milvus, which works while it is idle too: stopped after each file.

    Its programs are unpacked once.
    """
    pytest.importorskip("milvus", reason="the package `milvus` (requirements-dev.txt) is missing")
    from benchmarks.milvus_server import QUICK, milvus_server

    unpacked = request.config.cache.mkdir("milvus-2.3.5") / "bin"
    with milvus_server(unpacked, QUICK) as engine:
        yield engine.address
