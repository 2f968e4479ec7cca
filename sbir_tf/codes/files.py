"""Codes on disk: one .npz of plain arrays, with what they belong to.

kernel, bias    the map, float32
facts           JSON text: format, method, name and weights (the SHA-256 of the weights of the
                encoder whose embeddings are coded)
"""

import json
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np

from sbir_tf.codes.binary_codes import BinaryCodes
from sbir_tf.errors import UserError
from sbir_tf.files import written_aside

FORMAT = 1
# What readers of damaged zip files and arrays raise.
DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, MemoryError, OverflowError),
)


def save_codes(codes: BinaryCodes, path: Path, name: str, weights: str) -> Path:
    """Write codes, aside and then renamed.

    Args:
        codes: What to write.
        path: The file, `.npz`; its folder is made.
        name: Of the model.
        weights: SHA-256 of the encoder's weights.
    """
    facts = {"format": FORMAT, "method": codes.method, "name": name, "weights": weights}
    with written_aside(path) as aside:
        np.savez(aside, kernel=codes.kernel, bias=codes.bias, facts=np.array(json.dumps(facts)))
    return path


def load_codes(path: Path) -> tuple[BinaryCodes, dict[str, str]]:
    """Read codes and their facts (see above); nothing in the file can run code.

    Raises:
        UserError: If the file is missing, damaged, something else, or of a newer format.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file of codes: `sbir codes fit` writes one")
    try:
        arrays = stored_arrays(path.read_bytes())
        facts = json.loads(str(arrays["facts"]))
        newer = int(facts.pop("format")) > FORMAT
        codes = None if newer else BinaryCodes(arrays["kernel"], arrays["bias"], facts["method"])
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:100]
        raise UserError(
            f"{path}: not codes, or damaged ({reason}): `sbir codes fit` writes them"
        ) from error
    if newer:
        raise UserError(f"{path} is of a newer format than {FORMAT}: update sbir")
    return codes, facts


def stored_arrays(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an .npz whose members are stored as they are."""
    with zipfile.ZipFile(BytesIO(data)) as file:
        # `save_codes` compresses nothing: a few bytes must not become gigabytes.
        if any(member.compress_type != zipfile.ZIP_STORED for member in file.infolist()):
            raise ValueError("it is compressed")
    with np.load(BytesIO(data), allow_pickle=False) as file:
        return dict(file.items())
