"""The encoder as a SavedModel that stock TensorFlow Serving loads."""

import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.data.decoding import WHITE, decode_on_white
from sbir_tf.data.pipeline import PHOTO, SKETCH
from sbir_tf.files import written_aside
from sbir_tf.warmup import WARMUP, write_warmup

# Of encoder.json, raised when a reader must change.
FORMAT = 1
# How pictures are decoded and framed, raised when embeddings change with it.
READING = "fit square 1"
SIGNATURES = ("serving_default", "sketch", "photo", "pixels", "describe")


class ServableEncoder(tf.Module):
    """An encoder with its preprocessing inside the graph.

    Signatures, each giving {"embedding": (B, D) float32}:

        serving_default   image (B,) encoded pictures, domain (B,) int64
        sketch, photo     image (B,) encoded pictures
        pixels            image (B, H, W, 3) uint8, domain (B,) int64

    and `describe`, of ask (B,) any strings, giving what the model is: {"digest", "name",
    "dimension"}, each (B,).

    PNG, JPEG, BMP and the first frame of a GIF are decoded, transparency is laid on white,
    and the picture is scaled to fit a white square. A JPEG's EXIF orientation is not read. A
    domain that is neither 0 (sketch) nor 1 (photo) is an InvalidArgument error.

    Args:
        encoder: Model of image (B, S, S, 3) with values 0-255 and domain (B, 1), to (B, D).
        name: Of the model.
    """

    def __init__(self, encoder: keras.Model, name: str = "encoder"):
        super().__init__()
        self.told, self.digest = name, digest_of(encoder)
        self.encoder = encoder
        self.size = encoder.inputs[0].shape[1]

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image"),
            tf.TensorSpec([None], tf.int64, name="domain"),
        ]
    )
    def serving_default(self, image, domain):
        return self._embed(self._decode(image), domain)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def sketch(self, image):
        return self._embed(self._decode(image), tf.fill(tf.shape(image), SKETCH))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def photo(self, image):
        return self._embed(self._decode(image), tf.fill(tf.shape(image), PHOTO))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"),
            tf.TensorSpec([None], tf.int64, name="domain"),
        ]
    )
    def pixels(self, image, domain):
        return self._embed(fit_square(tf.cast(image, tf.float32), self.size), domain)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="ask")])
    def describe(self, ask):
        values = {"digest": self.digest, "name": self.told, "dimension": self.dimension}
        return {name: tf.fill(tf.shape(ask), tf.constant(value)) for name, value in values.items()}

    @property
    def dimension(self) -> np.int64:
        return np.int64(self.encoder.outputs[0].shape[-1])

    def _decode(self, encoded):
        return tf.map_fn(
            lambda one: fit_square(decode_on_white(one)[None], self.size)[0],
            encoded,
            fn_output_signature=tf.TensorSpec([self.size, self.size, 3], tf.float32),
        )

    def _embed(self, images, domain):
        bit = tf.cast(tf.reshape(checked_domain(domain), [-1, 1]), tf.float32)
        return {"embedding": self.encoder([images, bit], training=False)}


def digest_of(encoder: keras.Model) -> str:
    """SHA-256 of what an encoder's embeddings depend on: its weights, and how it reads pictures."""
    digest = hashlib.sha256(f"{READING} {encoder.inputs[0].shape[1]}".encode())
    for weight in encoder.get_weights():
        digest.update(f"{weight.shape} {weight.dtype}\n".encode() + weight.tobytes())
    return digest.hexdigest()


def files_digest(folder: Path) -> str:
    """SHA-256 over a SavedModel's graph and every file of its weights, with their names."""
    digest = hashlib.sha256()
    files = sorted(path for path in (folder / "variables").rglob("*") if path.is_file())
    for path in [folder / "saved_model.pb", *files]:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def checked_domain(domain: tf.Tensor) -> tf.Tensor:
    """The domains, if each is a sketch's or a photo's.

    A gate would take any number and answer with an embedding that means nothing.

    Args:
        domain: (B,) integers.

    Raises:
        tf.errors.InvalidArgumentError: When it runs, if one is neither.
    """
    known = (domain == SKETCH) | (domain == PHOTO)
    message = f"`domain` must be {SKETCH} (sketch) or {PHOTO} (photo). Received: domain="
    # The operation alone: the functions of tf.debugging would add the graph's traceback.
    check = tf.raw_ops.Assert(condition=tf.reduce_all(known), data=[message, domain], summarize=16)
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(domain)


def fit_square(pictures: tf.Tensor, size: int) -> tf.Tensor:
    """Pictures scaled to fit a white square, whole and undistorted.

    Args:
        pictures: (B, H, W, 3) float32, values 0-255.
        size: Side of the square.

    Returns:
        (B, size, size, 3) float32.
    """
    sides = tf.cast(tf.shape(pictures)[1:3], tf.float32)
    scaled = tf.cast(tf.round(sides * size / tf.reduce_max(sides)), tf.int32)
    scaled = tf.maximum(scaled, 1)
    ink = WHITE - tf.image.resize(pictures, scaled, antialias=True)
    before = (size - scaled) // 2
    after = size - scaled - before
    sides = tf.stack([before, after], axis=1)
    framed = tf.pad(ink, tf.concat([[[0, 0]], sides, [[0, 0]]], axis=0))
    return tf.ensure_shape(WHITE - framed, [None, size, size, 3])


def export_encoder(encoder: keras.Model, folder: Path, name: str, card: str, **facts) -> Path:
    """Write an encoder as a SavedModel, aside and then in one rename.

    Args:
        encoder: In float32.
        folder: Of one version, such as saved_models/icons_quick/1; must not exist.
        name: Of the model.
        card: The model card, Markdown.
        facts: More for encoder.json, JSON values.

    Returns:
        The folder.

    Raises:
        FileExistsError: If the folder exists: versions are never overwritten.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists already: export to the next version")
    with written_aside(folder) as aside:
        module = ServableEncoder(encoder, name)
        signatures = {method: getattr(module, method) for method in SIGNATURES}
        tf.saved_model.save(module, str(aside), signatures)
        (aside / "README.md").write_text(card)
        extra = aside / "assets.extra"
        extra.mkdir()
        write_warmup(extra / WARMUP, name)
        (extra / "encoder.json").write_text(
            json.dumps(
                {
                    "format": FORMAT,
                    "name": name,
                    "dimension": int(module.dimension),
                    "image_size": module.size,
                    "metric": "squared_euclidean",
                    "digest": module.digest,
                    "files": files_digest(aside),
                }
                | facts,
                indent=2,
            )
            + "\n"
        )
    return folder
