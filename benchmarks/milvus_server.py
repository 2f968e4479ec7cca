"""A real Milvus on this machine, out of the `milvus` package: for tests and benchmarks.

It is the engine itself, all of its parts in one process, with its data in a folder and its ports
its own. Its programs (250 MB) are unpacked once.
"""

import ctypes
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

_PROGRAMS = "bin"
_SET_DEATH_SIGNAL = 1  # Linux's PR_SET_PDEATHSIG
# Milliseconds: it looks after its collections and its clock ten times as often as by default.
QUICK = {
    "proxy.timeTickInterval": 20,
    "queryCoord.checkInterval": 100,
    "queryCoord.distPullInterval": 50,
    "queryCoord.checkHandoffInterval": 500,
}


@dataclass(frozen=True)
class Running:
    """An engine.

    Args:
        address: `host:port`.
        process: its number.
        folder: of its data.
    """

    address: str
    process: int
    folder: Path


@contextmanager
def milvus_server(unpacked: Path, settings: Mapping[str, int] | None = None) -> Iterator["Running"]:
    """Starts the engine and stops it.

    Args:
        unpacked: where its programs are, or will be.
        settings: of its `milvus.yaml`, such as `QUICK`.

    Yields:
        What runs.

    Raises:
        ImportError: the package is not installed.
    """
    import milvus
    from milvus import MilvusServer, MilvusServerConfig

    # However this process ends, the engine ends with it.
    mortal = partial(subprocess.Popen, preexec_fn=_end_with_parent)
    milvus.subprocess = SimpleNamespace(Popen=mortal, TimeoutExpired=subprocess.TimeoutExpired)
    with TemporaryDirectory(prefix="sbir-milvus-") as data:
        _unpack(unpacked, Path(data))
        (Path(data) / _PROGRAMS).symlink_to(unpacked)
        config = MilvusServerConfig(data_dir=data)
        ports = dict(zip(_all_ports(config), _free_ports(), strict=False))
        config.update(**ports)
        for name, value in (settings or {}).items():
            config.set(name, value)
        _place_etcd(config, Path(data), config.configs["etcd_port"])
        server = MilvusServer(config)
        server.webservice_port = next(iter(_free_ports()))
        try:
            server.start()
            yield Running(f"127.0.0.1:{server.listen_port}", server.server_proc.pid, Path(data))
        finally:
            server.stop()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def _all_ports(config) -> list[str]:
    return [key for key in config.configurable_items if key.endswith("_port")]


def _place_etcd(config, data: Path, port: int) -> None:
    """Its store of facts would always take the ports 2379 and 2380: here it is told its own."""
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{_free_ports()[0]}"
    told = {
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
    }
    path = data / "etcd.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in told.items()))
    section = f"\netcd:\n  config:\n    path: {path}\n"
    config.template_text = config.template_text.replace("\netcd:\n", section, 1)


def _free_ports(count: int = 16) -> list[int]:
    """Ports that nobody has: two engines that start at a time must not choose the same."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _unpack(unpacked: Path, data: Path) -> None:
    if unpacked.is_dir():
        return
    import milvus

    milvus._initialize_data_files(data)
    unpacked.parent.mkdir(parents=True, exist_ok=True)
    try:
        (data / _PROGRAMS).rename(unpacked)
    except OSError:  # another has been quicker, or the disk is another
        if not unpacked.is_dir():
            shutil.move(data / _PROGRAMS, unpacked)
        shutil.rmtree(data / _PROGRAMS, ignore_errors=True)
