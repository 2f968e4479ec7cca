"""How a service is reached, and by whom."""

import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from serving.errors import ServingError

_SHORTEST = 16  # characters of a token: what is shorter can be guessed


@dataclass(frozen=True)
class Settings:
    """The doors of a service.

    Args:
        write_token: whoever has it may add and remove pictures; `None`: nobody.
        read_token: whoever has it may search; `None`: everybody.
        cors: origins whose pages may search; none by default.
        rate: requests a second of one client, 0 for any; twice as many at once.
        body_bytes: of a request.
        body_seconds: that a request may take to arrive.
        header_seconds: that its first lines may take.
    """

    write_token: str | None = None
    read_token: str | None = None
    cors: tuple[str, ...] = ()
    rate: float = 100.0
    body_bytes: int = 16 * 2**20
    body_seconds: float = 15.0
    header_seconds: float = 10.0

    def may_write(self, token: str) -> bool:
        """Whether a token is the one for writing."""
        return self.write_token is not None and _same(token, self.write_token)

    def may_read(self, token: str) -> bool:
        """Whether a token is one for reading; all are where none is needed."""
        if self.read_token is None:
            return True
        return _same(token, self.read_token) or self.may_write(token)


def _same(one: str, other: str) -> bool:
    """Takes as long for a wrong token as for the right one."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def token_of(file: Path | None, variable: str) -> str | None:
    """The token of a file, or else of an environment variable; `None` without either.

    Raises:
        ServingError: it cannot be read, or is too short to be one.
    """
    if file is None:
        token, where = os.environ.get(variable, ""), variable
        if not token:
            return None
    else:
        try:
            token, where = file.read_text(encoding="utf-8").strip(), str(file)
        except (OSError, ValueError) as error:
            raise ServingError(f"{file}: the token cannot be read ({error})") from error
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable():
        wanted = f"a token has {_SHORTEST} printable ASCII characters or more"
        raise ServingError(f"{where}: {wanted}. Received: {len(token)} characters")
    return token


def check_origin(origin: str) -> str:
    """Returns an origin such as `https://example.org`, or refuses.

    Raises:
        ServingError: it has a path, or no scheme; `*` would open the service to every page.
    """
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        wanted = "--cors takes an origin such as https://example.org"
        raise ServingError(f"{wanted}. Received: {origin!r}")
    return origin
