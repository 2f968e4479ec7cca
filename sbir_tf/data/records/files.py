"""Opens files of this machine that are files."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path | str) -> BinaryIO:
    """A file to read; a named pipe, whose reader would wait for ever, is refused.

    Args:
        path: Of the file.

    Returns:
        It, opened in binary.

    Raises:
        OSError: If there is none, it may not be read or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return os.fdopen(descriptor, "rb")
