"""SHA-256 of a file too large to hold."""

import hashlib
from typing import BinaryIO


def digest_of(file: BinaryIO) -> str:
    """Hexadecimal SHA-256 of what is left to read of a file.

    Args:
        file: Opened for reading in binary.
    """
    digest = hashlib.sha256()
    while piece := file.read(2**20):
        digest.update(piece)
    return digest.hexdigest()
