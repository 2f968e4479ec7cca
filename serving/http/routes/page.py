"""The page: files of the package, and nothing else."""

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
}


def page_routes() -> APIRouter:
    """`/` and `/page/{file}`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def page(request: Request) -> Response:
        return _answer(request, "index.html")

    @routes.get("/page/{name}")
    async def part(request: Request, name: str) -> Response:
        return _answer(request, name)

    return routes


def _answer(request: Request, name: str) -> Response:
    known = parts()
    if name not in known:
        raise HTTPException(404)
    data, kind, etag = known[name]
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers | {"Content-Type": kind})


@cache
def parts() -> dict[str, tuple[bytes, str, str]]:
    """The page's files by name: their bytes, type and ETag."""
    found = {}
    for file in files("serving").joinpath("page").iterdir():
        kind = _KINDS.get(file.name.rpartition(".")[2])
        if kind is not None and file.is_file():
            data = file.read_bytes()
            found[file.name] = data, kind, f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    return found
