"""How long `make demo` takes after the install, and how much memory.

    python -m benchmarks.demo

Runs the demo in a fresh copy of this checkout (the environment is shared), so that nothing is
trained or rendered before, and prints its seconds and the largest process's peak memory.
"""

import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from training.machine import describe

ROOT = Path(__file__).parents[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        names = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True
        ).stdout.split(b"\0")
        for name in filter(None, names):
            target = copy / name.decode()
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name.decode(), target)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        began = time.monotonic()
        subprocess.run(["sh", "tools/demo.sh"], cwd=copy, check=True)
        seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{describe('tensorflow')}\nmake demo: {seconds:.0f} s, peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
