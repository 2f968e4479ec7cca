"""`milvus://host:port/NAME`: which engine, which collection."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from serving.errors import ServingError
from serving.index.open import shown

_FORM = "milvus://[USER:PASSWORD@]HOST[:PORT]/NAME"
_PORT = 19530
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


@dataclass(frozen=True)
class Address:
    """Where an index is.

    Args:
        server: the engine's URL, without a password.
        name: of the collection.
        user: of the engine, or "".
        password: of the user; it is in no message.
    """

    server: str
    name: str
    user: str = ""
    password: str = ""

    @property
    def place(self) -> str:
        """As an index is named, without the password."""
        user = f"{self.user}@" if self.user else ""
        return f"milvus://{user}{self.server.removeprefix('http://')}/{self.name}"


def parse_address(url: str) -> Address:
    """Reads an index's URL.

    Raises:
        ServingError: another form, or a name that no collection can have.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError as error:
        # Not `error` itself: it may quote a part of the password.
        raise ServingError(f"an index's address is {_FORM}. Received: {shown(url)}") from error
    name = parts.path.removeprefix("/")
    if not host or parts.query or parts.fragment:
        raise ServingError(f"an index's address is {_FORM}. Received: {shown(url)}")
    if not _NAME.fullmatch(name):
        letters = "1 to 255 letters, digits and underscores, no digit first"
        raise ServingError(f"the NAME of {_FORM} has {letters}. Received: {name!r}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Address(f"http://{host}:{port}", name, user, password)
