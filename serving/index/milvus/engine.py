"""The connection to Milvus: what goes wrong becomes one line."""

import logging
import logging.config
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serving.errors import ServingError
from serving.index.milvus.address import Address

_TO_CONNECT, _TO_ANSWER = 10, 30  # seconds; whole numbers, or the client retries for minutes


class Engine:
    """A connection to a collection: the calls of pymilvus, bound to it.

    Args:
        address: of the collection, there or not.

    Raises:
        ServingError: nobody answers, or not to this user.
    """

    def __init__(self, address: Address):
        client = milvus_client()
        for name in ("pymilvus", "pymilvus.milvus_client"):  # it logs what it raises
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.address = address
        with told(address):
            # Connections are shared by name, and closed for all: this one has a name of its own.
            self._client = client(
                address.server,
                address.user,
                address.password,
                timeout=_TO_CONNECT,
                alias=uuid.uuid4().hex,
            )

    def call(self, method: str, *args: Any, timeout: int | None = None, **kwargs: Any) -> Any:
        """Calls a method of `pymilvus.MilvusClient` on the collection.

        Args:
            method: its name.
            *args: after the collection's name.
            timeout: seconds that the engine has, the client's repetitions included.
            **kwargs: by name.

        Raises:
            ServingError: what the engine says, or that it is silent.
        """
        with told(self.address):
            function = getattr(self._client, method)
            return function(self.address.name, *args, timeout=timeout or _TO_ANSWER, **kwargs)

    @property
    def version(self) -> str:
        """Of the engine."""
        with told(self.address):
            return self._client.get_server_version(timeout=_TO_ANSWER)

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.close()


def milvus_client() -> Any:
    """The client's class; imported so that the logging of the whole process stays as it is.

    pymilvus configures logging when it is imported, and that closes every handler there is.
    """
    configure = logging.config.dictConfig
    logging.config.dictConfig = lambda config: None
    try:
        from pymilvus import MilvusClient
    finally:
        logging.config.dictConfig = configure
    return MilvusClient


@contextmanager
def told(address: Address) -> Iterator[None]:
    """Turns the client's errors into one line that names the index."""
    import grpc
    from pymilvus import MilvusException

    try:
        yield
    except grpc.RpcError as error:
        raise _silent(address, f"{error.code().name}, {error.details()}") from error
    except MilvusException as error:
        # Where it gave up repeating, the client leaves gRPC's own method in the code's place.
        if callable(error.code) or "illegal connection" in error.message:
            raise _silent(address, _first_line(error.message)) from error
        raise ServingError(f"{address.place}: Milvus says: {_first_line(error.message)}") from error


def _silent(address: Address, reason: str) -> ServingError:
    where = address.server.removeprefix("http://")
    cure = "Start it, or check the address and the network"
    return ServingError(f"{address.place}: no Milvus answers at {where} ({reason}). {cure}")


def _first_line(message: str) -> str:
    lines = message.strip().splitlines() or [""]
    return lines[0][:300]
