"""Runs the service: opens its parts, listens, answers, drains."""

import asyncio
import errno
import socket
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from serving.encoders import load_encoder
from serving.errors import ServingError
from serving.http.app import create_app
from serving.http.log import set_up_log
from serving.http.server import Server, protocol_with
from serving.http.settings import Settings
from serving.index import open_index
from serving.index.places import PICTURES, find_folder
from serving.service import Limits, SearchService, SkewLog


@dataclass(frozen=True)
class Served:
    """What is served, and where.

    Args:
        model: a folder or an address; see `load_encoder`.
        index: a folder or an address.
        host, port: to listen at; port 0 takes a free one.
        pictures: where the indexed pictures are; by default where the index was built from.
        uploads: where added pictures are kept; `None` adds none.
        skew_log: logs what is asked, see `SkewLog`.
        log_file: instead of stderr.
        limits, settings: how much one may ask, and who.
    """

    model: str
    index: str
    host: str = "127.0.0.1"
    port: int = 8000
    pictures: Path | None = None
    uploads: Path | None = None
    skew_log: Path | None = None
    log_file: Path | None = None
    limits: Limits = field(default_factory=Limits)
    settings: Settings = field(default_factory=Settings)


def serve(served: Served, told=print) -> None:
    """Serves until it is told to end (SIGTERM, Ctrl-C).

    Args:
        served: what, and where.
        told: prints the line that says where it listens.

    Raises:
        ServingError: the port is taken, the index or the model is missing, damaged or of another.
    """
    if served.uploads is not None and served.settings.write_token is None:
        cure = "Set SBIR_WRITE_TOKEN or pass --write-token-file"
        raise ServingError(f"--uploads {served.uploads} needs a token for writing. {cure}")
    with closing(listening(served.host, served.port)) as listener:
        set_up_log(served.log_file)
        asyncio.run(_serve(served, listener, told))


async def _serve(served: Served, listener: socket.socket, told) -> None:
    service = opened(served)
    try:
        await service.start()
        config = uvicorn.Config(
            create_app(service, served.settings),
            http=protocol_with(served.settings.header_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=int(served.limits.seconds) + 5,
            limit_concurrency=1000,
        )
        await Server(config, lambda: told(_address(listener, service))).serve([listener])
    finally:
        await service.close()


def opened(served: Served) -> SearchService:
    """The service, its index open."""
    index = open_index(served.index, writable=served.uploads is not None)
    try:
        return SearchService(
            lambda: load_encoder(served.model),
            index,
            limits=served.limits,
            pictures=served.pictures or find_folder(index, PICTURES),
            uploads=served.uploads,
            skew=None if served.skew_log is None else SkewLog(served.skew_log),
        )
    except BaseException:
        index.close()
        raise


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ServingError: the port is taken, or the host is not this machine.
    """
    try:
        tcp = {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_TCP}
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, flags=socket.AI_PASSIVE, **tcp
        )[0]
        # Of no named protocol, asyncio would not set TCP_NODELAY: every answer 40 ms later.
        listener = socket.socket(family, kind, proto)
    except (OSError, OverflowError, UnicodeError) as error:
        raise ServingError(f"--host {host} --port {port}: no such address ({error})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        cure = ""
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            cure = ". Name another with --port, or end what listens there"
        raise ServingError(f"cannot listen at {host}:{port} ({error}){cure}") from error
    return listener


def _address(listener: socket.socket, service: SearchService) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    waits = "".join(f"; {reason.message}" for reason in service.reasons())
    return f"serving at http://{shown}:{port}{waits}"
