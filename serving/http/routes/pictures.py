"""Indexed pictures: shown, added, removed."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from serving.http.answers import Json
from serving.http.bodies import (
    RAW,
    WrongType,
    asked_by_name,
    kind_of,
    metadata_of,
    parts_of,
)
from serving.http.described import ADD, ADDED, refusals, shown
from serving.service import Picture, SearchService
from serving.service.errors import Invalid

_PARTS = ("picture", "metadata")
_NAMES = ("id", "metadata")


def picture_routes(service: SearchService) -> APIRouter:
    """`/v1/pictures/...`."""
    routes = APIRouter(tags=["pictures"])

    @routes.get("/v1/pictures/{id:path}/thumb", responses=shown() | refusals())
    async def thumb(request: Request, id: str) -> Response:
        """A small picture of an indexed one."""
        return _file(request, await service.thumb(id))

    @routes.get("/v1/pictures/{id:path}", responses=shown() | refusals())
    async def picture(request: Request, id: str) -> Response:
        """An indexed picture's file."""
        return _file(request, await service.picture(id))

    @routes.post("/v1/pictures", responses=ADDED | refusals(), openapi_extra=ADD, status_code=201)
    async def add(request: Request) -> Json:
        """Add a picture: on the disk when the answer comes, found by the next search."""
        values = asked_by_name(request, _NAMES)
        kind = kind_of(request)
        if kind == "multipart/form-data":
            values |= await parts_of(request, _PARTS)
            data = values.get("picture")
        elif kind.startswith(RAW):
            data = await request.body()
        else:
            wanted = "send multipart/form-data or a picture (image/png, ...)"
            raise WrongType(f"{wanted}. Received: {kind or 'no Content-Type'!r:.80}")
        if not isinstance(data, bytes):
            raise Invalid("picture must be a file", "picture")
        name = await service.add(values.get("id"), data, metadata_of(values.get("metadata")))
        return Json({"id": name}, 201)

    @routes.delete("/v1/pictures/{id:path}", responses=refusals(), status_code=204)
    async def remove(id: str) -> Response:
        """Remove a picture from the index; a file is deleted only if it was added here."""
        await service.remove(id)
        return Response(status_code=204)

    return routes


def _file(request: Request, picture: Picture) -> Response:
    etag = f'"{picture.etag}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=60"}
    known = [tag.strip().removeprefix("W/") for tag in _tags(request)]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(picture.data, media_type=picture.media_type, headers=headers)


def _tags(request: Request) -> list[str]:
    return request.headers.get("if-none-match", "").split(",")
