"""The log: a line of JSON a request. No picture, no drawing and no token is in it."""

import json
import logging
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.service.metrics import Metrics

LOGGER = logging.getLogger("sbir.serve")
_AGAIN = 10.0  # seconds, before the same reason is logged again


class JsonLines(logging.Formatter):
    """A record as one line of JSON, its `values` beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        values = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        } | getattr(record, "values", {})
        if record.exc_info:
            values["trace"] = self.formatException(record.exc_info)
        return json.dumps(values)


def set_up_log(file: Path | None) -> None:
    """Lets the service and its server write lines of JSON, to a file or to stderr."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonLines())
    for name, level in (("sbir.serve", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


class Logged:
    """Logs and times every request, and gives it a number.

    Args:
        app: what answers.
        metrics: told the times.
        clock: seconds.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.perf_counter
    ):
        self._app, self._metrics, self._clock = app, metrics, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, number = self._clock(), uuid.uuid4().hex[:12]
        status, sent = 499, 0  # the client left, if nothing is sent

        async def noted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", number.encode())]
                message = {**message, "headers": headers}
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            seconds = self._clock() - began
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(route, str(status)).observe(seconds)
            values = {
                "request": number,
                "method": scope["method"],
                "route": route,
                "status": status,
                "milliseconds": round(1000 * seconds, 1),
                "bytes": sent,
            }
            LOGGER.info("request", extra={"values": values})


class Reasons:
    """Logs why requests cannot be answered now, once in a while for each code.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._told: dict[str, float] = {}

    def tell(self, code: str, error: BaseException) -> None:
        """Logs an error with what caused it, which may name machines: outsiders do not see it."""
        now = self._clock()
        if now - self._told.get(code, -_AGAIN) < _AGAIN:
            return
        self._told[code] = now
        because = error.__cause__ or error
        LOGGER.warning("cannot answer", extra={"values": {"code": code, "reason": str(because)}})
