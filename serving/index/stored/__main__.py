"""Builds a generation for the process that started this one, and says its number.

It ends with that process, however that ends: its input is then at an end.
"""

import errno
import json
import os
import sys
import threading
from pathlib import Path

from serving.errors import ServingError
from serving.index.stored.rebuild import rebuild

_NICE = 10  # who searches comes first


def main() -> None:
    """`python -m serving.index.stored FOLDER LAST-CHANGE SETTINGS`."""
    folder, upto, wanted = sys.argv[1:]
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    os.nice(_NICE)
    try:
        answer = {"number": rebuild(Path(folder), int(upto), json.loads(wanted), apart=False)}
    except ServingError as error:
        answer = {"problem": str(error)}
    except OSError as error:
        answer = {"problem": error.strerror or str(error), "errno": error.errno or errno.EIO}
    print(json.dumps(answer), flush=True)


def _end_with_the_other() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
