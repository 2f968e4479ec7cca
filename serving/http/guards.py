"""What every request passes first: its size, its pace, who sends it. Written as plain ASGI."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.answers import answer_of, error_answer
from serving.http.log import LOGGER
from serving.http.settings import Settings
from serving.service.errors import NotNow, ServiceError, TooLarge

_CLIENTS = 10_000  # whose pace is remembered
SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]


class SlowBody(NotNow):
    """The body did not arrive in time."""

    code, status = "slow_body", 408


class Secured:
    """Security headers on every answer; HEAD is GET without the body.

    Args:
        app: what answers.
        shared: pages of other origins may read the answers (`--cors`).
    """

    def __init__(self, app: ASGIApp, shared: bool):
        self._app = app
        self._headers = [
            pair for pair in SECURITY if not (shared and pair[0] == b"cross-origin-resource-policy")
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if head else scope, receive, secured)


class Caught:
    """Whatever a request breaks, its answer has the one shape, and the log has the trace.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = False

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            LOGGER.error("internal error", exc_info=error)
            if not began:
                told = "the service failed: its log says where"
                await error_answer(500, "internal", told)(scope, receive, send)


class Paced:
    """A bucket of requests for each client, refilled at a steady rate.

    Args:
        app: what answers.
        rate: requests a second; 0 for any.
        clock: seconds.
    """

    def __init__(self, app: ASGIApp, rate: float, clock: Callable[[], float] = time.monotonic):
        self._app, self._rate, self._clock = app, rate, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._rate and not self._taken(scope):
            told = f"more than {self._rate:g} requests a second: slow down"
            await error_answer(429, "too_many", told, retry_after=1)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _taken(self, scope: Scope) -> bool:
        client = (scope.get("client") or ("",))[0]
        now, most = self._clock(), 2 * self._rate
        left, since = self._buckets.pop(client, (most, now))
        left = min(most, left + (now - since) * self._rate)
        self._buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return left >= 1


class Bounded:
    """Bodies that are too large, or come too slowly, are refused before they are read whole.

    Args:
        app: what answers.
        settings: the bounds.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdecimal() and int(told[:20]) > self._settings.body_bytes:
            refused = answer_of(self._too_large())
            refused.headers["Connection"] = "close"
            await refused(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

    def _bounded(self, receive: Receive) -> Callable[[], Awaitable[Message]]:
        seen, whole = 0, False
        until = time.monotonic() + self._settings.body_seconds

        async def bounded() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()  # waits for the client to leave
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    message = await receive()
            except TimeoutError as error:
                raise SlowBody("the body did not arrive in time") from error
            seen += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if seen > self._settings.body_bytes:
                raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> ServiceError:
        limit = self._settings.body_bytes
        return TooLarge(f"a request has {limit} bytes at most")


class Known:
    """Tokens: for changes always, for the rest where the service wants one.

    Args:
        app: what answers.
        settings: the tokens.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._may(scope):
            refused = error_answer(
                *(401, "unauthorized", "this needs a token: Authorization: Bearer TOKEN"),
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may(self, scope: Scope) -> bool:
        kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else ""
        path, method = scope["path"], scope["method"]
        if path.startswith("/v1/pictures") and method in ("POST", "DELETE", "PUT", "PATCH"):
            # Without a token to compare with the service itself refuses: it changes nothing.
            return self._settings.write_token is None or self._settings.may_write(token)
        if path.startswith("/v1/") or path in ("/metrics", "/openapi.json"):
            return method == "OPTIONS" or self._settings.may_read(token)
        return True
