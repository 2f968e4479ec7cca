"""Writing files so that a crash leaves the old one or the new one, never half."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: a rename is safe only after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, data: bytes) -> None:
    """Writes a new file and waits until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path | str, data: bytes) -> Path:
    """Replaces a file in one step, creating its folder where needed.

    Args:
        path: the file to write.
        data: its whole content.

    Returns:
        The path.

    Raises:
        OSError: the disk is full, or the folder cannot be written; what was there stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
    try:
        write_synced(temporary, data)
        os.replace(temporary, path)  # noqa: PTH105 (the tests kill the process at this very call)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path
