"""The encoder as TensorFlow Lite, beside its SavedModel."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from sbir_tf.data.icons import load_icons, render
from sbir_tf.errors import UserError
from sbir_tf.export import ServableEncoder, digest_of
from sbir_tf.files import written_aside

KINDS = ("float32", "float16", "int8")
FOLDER = "assets.extra/tflite"
PROBED = 12  # pictures of each domain that tell whether it agrees with the SavedModel


def add_tflite(version: Path, encoder: keras.Model, kinds: Sequence[str]) -> list[Path]:
    """Write TensorFlow Lite files into an exported version's folder.

    Their inputs are image (B, S, S, 3) float32, framed and of values 0-255, and domain (B, 1)
    float32; the output is (B, D). "int8" keeps kernels in 8 bits and computes with them (dynamic
    range); "float16" keeps them in 16 bits. Beside them lie what the SavedModel makes of some
    pictures, so that whoever runs them can see whether they agree.

    Args:
        version: Such as saved_models/icons/1.
        encoder: That it was exported from, in float32.
        kinds: Of `KINDS`.

    Returns:
        The files.

    Raises:
        UserError: An unknown kind.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise UserError(f"--tflite must be one of {', '.join(KINDS)}. Received: {unknown[0]!r}")
    folder, digest = version / FOLDER, digest_of(encoder)
    folder.mkdir(exist_ok=True)
    for kind in kinds:
        with written_aside(folder / f"{kind}.tflite") as aside:
            aside.write_bytes(converted(encoder, kind))
    with written_aside(folder / "probe.npz") as aside, aside.open("wb") as file:
        np.savez_compressed(file, **probe(encoder))
    files = {file.name: sha256(file) for file in sorted(folder.glob("*.tflite"))}
    with written_aside(folder / "tflite.json") as aside:
        aside.write_text(json.dumps({"digest": digest, "files": files}, indent=2) + "\n")
    return [folder / f"{kind}.tflite" for kind in kinds]


def converted(encoder: keras.Model, kind: str) -> bytes:
    """A TensorFlow Lite file."""
    size = encoder.inputs[0].shape[1]

    @tf.function(
        input_signature=[
            tf.TensorSpec([1, size, size, 3], tf.float32, name="image"),
            tf.TensorSpec([1, 1], tf.float32, name="domain"),
        ]
    )
    def embed(image, domain):
        return {"embedding": encoder([image, domain], training=False)}

    with tempfile.TemporaryDirectory() as folder:
        module = tf.Module()
        module.encoder, module.embed = encoder, embed
        tf.saved_model.save(module, folder, {"serving_default": embed})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if kind != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if kind == "float16":
            converter.target_spec.supported_types = [tf.float16]
        with quiet():
            return converter.convert()


def probe(encoder: keras.Model) -> dict[str, np.ndarray]:
    """Pictures, their domains and the SavedModel's embeddings of them."""
    pictures, domains = [], []
    for bit, domain in enumerate(("sketch", "photo")):
        by_class = {icon.class_name: icon for icon in load_icons() if icon.domain == domain}
        names = sorted(by_class)
        chosen = [names[len(names) * at // PROBED] for at in range(PROBED)]
        pictures += [render(by_class[name], 96) for name in chosen]
        domains += [bit] * PROBED
    stacked, bits = np.stack(pictures), np.array(domains, np.int64)
    servable = ServableEncoder(encoder)  # its functions do not keep it
    embeddings = servable.pixels(tf.constant(stacked), tf.constant(bits))
    return {"pictures": stacked, "domains": bits, "embeddings": embeddings["embedding"].numpy()}


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Lets the converter's C++ say nothing: it warns of each operation that it leaves as it is."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
