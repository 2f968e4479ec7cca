"""Files that can be read to their end."""

from pathlib import Path

from sbir_tf.errors import UserError


def regular_file(path: Path | str) -> Path:
    """The path of a file, refused if it is none: to read from a pipe may wait for ever.

    Raises:
        UserError: If there is no such file, or it is a folder, a pipe or a device.
    """
    path = Path(path)
    if not path.is_file():
        problem = "is no regular file: name one" if path.exists() else "does not exist"
        raise UserError(f"{path} {problem}")
    return path
