import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.export import (
    decode_on_white,
    digest_of,
    export_encoder,
    files_digest,
    fit_square,
)
from sbir_tf.models import build_encoder, se_resnet

SIZE = 32
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    return build_encoder(se_resnet(SIZE, (16, 32), (1, 1), reduction=8), 8)


@pytest.fixture(scope="module")
def exported(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny" / "1"
    return export_encoder(encoder, folder, "tiny", "# tiny\n", weights="abc")


@pytest.fixture(scope="module")
def signatures(exported):
    return tf.saved_model.load(str(exported)).signatures


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


def picture(height=SIZE, width=SIZE, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("bit", [0, 1])
def test_the_exported_embedding_is_the_keras_models(encoder, signatures, bit):
    pictures = np.stack([picture() for _ in range(3)])
    expected = encoder([pictures.astype(np.float32), np.full((3, 1), bit, np.float32)]).numpy()
    domain = tf.constant([bit] * 3, tf.int64)
    files = tf.constant([encoded(one) for one in pictures])
    alone = signatures["sketch" if bit == 0 else "photo"]
    for received in (
        signatures["serving_default"](image=files, domain=domain),
        signatures["pixels"](image=tf.constant(pictures), domain=domain),
        alone(image=files),
    ):
        np.testing.assert_allclose(received["embedding"], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["serving_default", "pixels"])
def test_a_domain_that_is_neither_sketch_nor_photo_is_refused_by_name(signatures, name):
    pictures = np.stack([picture() for _ in range(3)])
    image = pictures if name == "pixels" else [encoded(one) for one in pictures]
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"`domain` must be 0 \(sketch\) or 1 \(photo\)\. Received: domain=.*\[0 2 1\]",
    ):
        signatures[name](image=tf.constant(image), domain=tf.constant([0, 2, 1], tf.int64))


def test_the_signatures_are_the_contract(signatures):
    assert set(signatures) == {"serving_default", "sketch", "photo", "pixels", "describe"}
    inputs = signatures["serving_default"].structured_input_signature[1]
    assert inputs["image"].dtype == tf.string
    assert inputs["domain"].dtype == tf.int64
    outputs = signatures["sketch"].structured_outputs["embedding"]
    assert outputs.dtype == tf.float32
    assert outputs.shape.as_list() == [None, 8]


def test_every_operation_is_tensorflows_own(exported):
    """Stock TensorFlow Serving registers no others."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((exported / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    nodes = list(graph.node) + [n for f in graph.library.function for n in f.node_def]
    own = set(tf.raw_ops.__dict__)
    foreign = {node.op for node in nodes} - own
    # Functions and captured arguments have no raw op.
    assert foreign <= {"PartitionedCall", "StatefulPartitionedCall", "Placeholder"}


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("BMP", {}), ("GIF", {}), ("JPEG", {"quality": 100, "subsampling": 0})],
)
def test_each_format_decodes_as_pillow_decodes_it(kind, options):
    smooth = np.asarray(Image.fromarray(picture(4, 4)).resize((20, 12), Image.BICUBIC))
    data = encoded(smooth, kind, **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32)
    atol = 3 if kind == "JPEG" else 0  # two JPEG decoders round apart
    np.testing.assert_allclose(decode_on_white(tf.constant(data)), expected, atol=atol)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P"])
def test_transparency_lies_on_white_and_grey_becomes_colour(mode):
    source = Image.fromarray(picture(9, 7, 4)).convert(mode)
    buffer = io.BytesIO()
    source.save(buffer, "PNG")
    rgba = np.asarray(source.convert("RGBA"), np.float64)
    alpha = rgba[..., 3:] / 255
    expected = rgba[..., :3] * alpha + 255 * (1 - alpha)
    np.testing.assert_allclose(decode_on_white(tf.constant(buffer.getvalue())), expected, atol=1e-3)


def test_a_gif_gives_its_first_frame():
    frames = [Image.new("RGB", (6, 6), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    first = decode_on_white(tf.constant(buffer.getvalue())).numpy()
    np.testing.assert_array_equal(first[0, 0], [255, 0, 0])


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 32), (10, 100), (1, 500), (500, 1)])
def test_a_picture_fits_the_square_whole_and_undistorted(height, width):
    black = tf.zeros((1, height, width, 3))
    square = fit_square(black, SIZE).numpy()
    assert square.shape == (1, SIZE, SIZE, 3)
    ink = (255 - square[0, ..., 0]) / 255
    longest = max(height, width)
    expected = [max(1, round(side * SIZE / longest)) for side in (height, width)]
    np.testing.assert_allclose(
        [(ink.max(axis=1) > 0.5).sum(), (ink.max(axis=0) > 0.5).sum()], expected
    )
    rows, columns = np.nonzero(ink > 0.5)
    # Centred, to half a pixel.
    assert abs(rows.mean() - (SIZE - 1) / 2) <= 0.5
    assert abs(columns.mean() - (SIZE - 1) / 2) <= 0.5


def test_any_size_and_any_mixture_of_sizes_embeds(signatures):
    files = [encoded(picture(h, w)) for h, w in ((1, 1), (7, 300), (200, 90))]
    received = signatures["photo"](image=tf.constant(files))["embedding"].numpy()
    assert received.shape == (3, 8)
    assert np.isfinite(received).all()
    alone = signatures["photo"](image=tf.constant(files[1:2]))["embedding"].numpy()
    np.testing.assert_allclose(received[1], alone[0], atol=1e-5)


def test_the_description_beside_the_model_is_complete(encoder, exported):
    told = json.loads((exported / "assets.extra" / "encoder.json").read_text())
    assert told.pop("files") == files_digest(exported)
    assert told.pop("digest") == digest_of(encoder)
    assert told == {
        "format": 1,
        "name": "tiny",
        "dimension": 8,
        "image_size": SIZE,
        "metric": "squared_euclidean",
        "weights": "abc",
    }
    assert (exported / "README.md").read_text() == "# tiny\n"


def test_a_version_is_never_overwritten_and_a_failure_leaves_nothing(
    encoder, tmp_path, monkeypatch
):
    folder = tmp_path / "model" / "1"
    folder.mkdir(parents=True)
    with pytest.raises(FileExistsError, match="next version"):
        export_encoder(encoder, folder, "tiny", "")
    assert list(folder.iterdir()) == []

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    with pytest.raises(OSError, match="No space left"):
        export_encoder(encoder, folder.with_name("2"), "tiny", "")
    assert [f.name for f in folder.parent.iterdir()] == ["1"]
