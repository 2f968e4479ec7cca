"""What every table of figures says of the machine that made it."""

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path


def describe(*packages: str) -> str:
    """One line: processor, cores, Python, versions of the packages, date."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return (
        f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}, "
        f"{datetime.date.today().isoformat()}"
    )


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
