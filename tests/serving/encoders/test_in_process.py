"""The in-process encoder on a SavedModel made here: mean colour, then the domain's bit."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pictures import PictureError
from serving.encoders import ModelFolder, load_encoder
from serving.errors import ServingError

RANDOM = np.random.default_rng(0)
PICTURES = [RANDOM.integers(0, 256, (h, w, 3), np.uint8) for h, w in [(5, 7), (64, 3), (1, 1)]]


@pytest.fixture(scope="module")
def opened(exported):
    return load_encoder(exported)


def test_the_description_is_read_and_the_digest_is_the_folders(opened, exported):
    assert (opened.name, opened.dimension) == ("mean-colour", 4)
    assert opened.path == exported / "1"
    assert opened.digest == ModelFolder.open(exported).digest()


@pytest.mark.parametrize(("domain", "bit"), [("sketch", 0), ("photo", 1)])
def test_arrays_of_any_size_are_embedded_exactly(opened, domain, bit):
    embeddings = opened.encode(PICTURES, domain)
    expected = [[*picture.mean((0, 1)) / 255, bit] for picture in PICTURES]
    np.testing.assert_allclose(embeddings, expected, atol=1e-6)
    assert embeddings.dtype == np.float32


def test_bytes_of_a_file_are_embedded_as_its_upright_picture_on_white(opened):
    image = Image.new("RGBA", (6, 6), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 6, 3))
    file = BytesIO()
    image.save(file, "WEBP", lossless=True)  # the graph itself decodes no WebP
    np.testing.assert_allclose(opened.encode([file.getvalue()], "sketch"), [[0.5, 0.5, 0.5, 0]])


def test_no_pictures_give_no_rows(opened):
    assert opened.encode([], "photo").shape == (0, 4)


def test_wrong_domains_and_pictures_are_refused(opened):
    with pytest.raises(ServingError, match=r"one of sketch, photo\. Received: 'drawing'"):
        opened.encode(PICTURES, "drawing")
    with pytest.raises(ServingError, match=r"uint8 of shape \(H, W, 3\).*float64"):
        opened.encode([np.zeros((2, 2, 3))], "photo")
    with pytest.raises(ServingError, match=r"shape=\(2, 2\)"):
        opened.encode([np.zeros((2, 2), np.uint8)], "photo")
    with pytest.raises(PictureError, match="not a PNG"):
        opened.encode([b"%PDF-1.7"], "photo")


def test_a_model_that_answers_nan_is_called_broken(export, tmp_path):
    encoder = load_encoder(export(tmp_path / "1", factor=float("nan")))
    with pytest.raises(ServingError, match="mean-colour returned embeddings that are not finite"):
        encoder.encode(PICTURES, "photo")


def test_a_model_of_another_dimension_than_it_says_is_refused(export, tmp_path):
    description = export(tmp_path / "1") / "assets.extra" / "encoder.json"
    description.write_text(description.read_text().replace('"dimension": 4', '"dimension": 5'))
    with pytest.raises(ServingError, match=r"shape \(3, 5\). Received: shape=\(3, 4\)"):
        load_encoder(tmp_path).encode(PICTURES, "photo")


def test_a_model_without_the_signature_is_refused(export, tmp_path):
    with pytest.raises(ServingError, match="signature 'photo' is missing"):
        load_encoder(export(tmp_path / "1", signatures=["sketch"]))


def test_a_damaged_graph_is_one_line(export, tmp_path):
    (export(tmp_path / "1") / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(ServingError, match="the model cannot be loaded") as caught:
        load_encoder(tmp_path)
    assert "\n" not in str(caught.value)


def test_other_weights_have_another_digest(export, exported, tmp_path):
    other = load_encoder(export(tmp_path / "1", factor=2.0))
    assert other.digest != load_encoder(exported).digest
