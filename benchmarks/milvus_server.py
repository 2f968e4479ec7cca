"""A real Milvus on this machine, out of the `milvus` package: for tests and benchmarks.

It is the engine itself, all of its parts in one process, with its data in a folder and its ports
its own. Its programs (250 MB) are unpacked once.
"""

import ctypes
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

_PROGRAMS = "bin"
_STARTS = 3
_START_MILLISECONDS = 90_000
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

    # However this process ends, the engine ends with it.
    mortal = partial(subprocess.Popen, preexec_fn=_end_with_parent)
    milvus.subprocess = SimpleNamespace(Popen=mortal, TimeoutExpired=subprocess.TimeoutExpired)
    for start in range(1, _STARTS + 1):
        with ExitStack() as stack:
            data = Path(stack.enter_context(TemporaryDirectory(prefix="sbir-milvus-")))
            server = _prepare(unpacked, data, settings or {})
            stack.callback(server.stop)
            server.start()
            try:
                server.wait_started(_START_MILLISECONDS)
            except (TimeoutError, RuntimeError) as error:
                # A port that was free may be another's by the time that the engine asks for it,
                # and an engine without one of its ports waits for ever.
                if start < _STARTS:
                    continue
                said = (data / "logs" / "milvus-stdout.log").read_text(errors="replace")
                raise RuntimeError(f"Milvus did not start; it said:\n{said[-2000:]}") from error
            yield Running(f"127.0.0.1:{server.listen_port}", server.server_proc.pid, data)
            return


def _prepare(unpacked: Path, data: Path, settings: Mapping[str, int]):
    """An engine in the folder `data` that has ports of its own, to be started."""
    from milvus import MilvusServer, MilvusServerConfig

    _unpack(unpacked, data)
    (data / _PROGRAMS).symlink_to(unpacked.absolute())
    config = MilvusServerConfig(data_dir=str(data))
    names = [name for name in config.configurable_items if name.endswith("_port")]
    etcd, web, *ports = _free_ports(2 + len(names))
    config.update(**dict(zip(names, ports, strict=True)))
    for name, value in settings.items():
        config.set(name, value)
    _place_etcd(config, data, config.configs["etcd_port"], etcd)
    server = MilvusServer(config, wait_for_started=False)
    server.webservice_port = web
    return server


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def _place_etcd(config, data: Path, port: int, peer_port: int) -> None:
    """Its store of facts would always take the ports 2379 and 2380: here it is told its own."""
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
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


def _free_ports(count: int) -> list[int]:
    """Ports that nobody has, below those that the system hands out to connections by itself."""
    ports = []
    for port in random.SystemRandom().sample(range(12_000, 32_000), 20 * count):
        with closing(socket.socket()) as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            break
    return ports


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
