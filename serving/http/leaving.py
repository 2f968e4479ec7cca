"""Work for a client that has left is dropped."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from starlette.requests import Request


class Left(Exception):
    """The client is gone: there is nobody to answer."""


async def while_there(request: Request, work: Coroutine[Any, Any, Any]) -> Any:
    """Does work for as long as its client waits for it; the body was read before.

    Raises:
        Left: the client hung up first; the work was cancelled.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Left
    finally:
        for task in (working, leaving):
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
