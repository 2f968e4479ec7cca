"""A request's body, of whichever kind, as what it asks for."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from serving.http.asked import Malformed, object_of, parsed, query_of
from serving.service import Query
from serving.service.errors import Invalid, ServiceError

RAW = ("image/", "application/octet-stream")
_PARTS = ("drawing", "photo", "picture", "like", "weight", "k", "filter", "fields")
_ASKED_BY_NAME = ("domain", "weight", "k", "filter", "fields", "like")


class WrongType(ServiceError):
    """No kind of body that this route reads."""

    code, status = "unsupported_media_type", 415


def kind_of(request: Request) -> str:
    """The body's type, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def search_of(request: Request) -> Query:
    """The search that a request asks for.

    Raises:
        ServiceError: names the field.
    """
    kind = kind_of(request)
    if kind == "application/json":
        return query_of(parsed(await request.body()))
    if kind == "multipart/form-data":
        parts = await parts_of(request, _PARTS)
        if "drawing" in parts and "picture" in parts:
            raise Invalid("picture is another name of drawing: send one of them", "picture")
        drawing = parts.get("drawing", parts.get("picture"))
        return _by_name(
            parts, drawing=_file(drawing, "drawing"), photo=_file(parts.get("photo"), "photo")
        )
    if kind.startswith(RAW):
        values = asked_by_name(request, _ASKED_BY_NAME)
        domain = values.get("domain", "sketch")
        if domain not in ("sketch", "photo"):
            raise Invalid(f"domain must be sketch or photo. Received: {domain!r:.40}", "domain")
        name = "photo" if domain == "photo" else "drawing"
        return _by_name(values, **{name: await request.body()})
    wanted = "send application/json, multipart/form-data or a picture (image/png, ...)"
    raise WrongType(f"{wanted}. Received: {kind or 'no Content-Type'!r:.80}")


def _file(value: Any, field: str) -> bytes | None:
    if isinstance(value, str):
        raise Invalid(f"{field} must be a file", field)
    return value


def _by_name(values: Mapping[str, Any], **pictures: bytes | None) -> Query:
    """A search whose numbers and filter came as text."""
    fields = values.get("fields")
    return Query(
        **pictures,
        like=values.get("like"),
        weight=number(values["weight"], "weight") if "weight" in values else 0.5,
        k=whole(values["k"], "k") if "k" in values else 10,
        where=parsed(values["filter"].encode("utf-8", "replace")) if "filter" in values else None,
        fields=None if fields is None else tuple(name for name in fields.split(",") if name),
    )


def asked_by_name(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The parameters of a request's address: each once, none unknown."""
    pairs = request.query_params.multi_items()
    values = object_of(dict(pairs), known)
    if len(values) < len(pairs):
        raise Malformed("a parameter is there twice")
    return dict(values)


async def parts_of(request: Request, known: tuple[str, ...]) -> dict[str, Any]:
    """The parts of a form: text, and files as bytes."""
    try:
        async with request.form(max_files=4, max_fields=16, max_part_size=2**20) as form:
            pairs = [
                (name, await value.read() if isinstance(value, UploadFile) else value)
                for name, value in form.multi_items()
            ]
    except ServiceError:
        raise
    except (HTTPException, ValueError, KeyError, AssertionError) as error:
        said = getattr(error, "detail", None) or str(error)
        raise Malformed(f"the form cannot be read ({said!s:.120})") from error
    values = object_of(dict(pairs), known)
    if len(values) < len(pairs):
        raise Malformed("a part of the form is there twice")
    for name, value in values.items():
        if isinstance(value, bytes) and name not in ("drawing", "photo", "picture"):
            raise Invalid(f"{name} must be text, not a file", name)
    return dict(values)


async def object_or_nothing(request: Request, known: tuple[str, ...]) -> Mapping[str, Any]:
    """A JSON object; an empty body is an empty one."""
    body = await request.body()
    if not body:
        return {}
    if kind_of(request) != "application/json":
        raise WrongType("send application/json")
    return object_of(parsed(body), known)


def whole(text: str, field: str) -> int:
    """A whole number's text."""
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Invalid(f"{field} must be a whole number. Received: {text!r:.40}", field)
    return int(text)


def number(text: str, field: str) -> float:
    """A number's text."""
    try:
        return float(text)
    except ValueError as error:
        raise Invalid(f"{field} must be a number. Received: {text!r:.40}", field) from error


def metadata_of(text: str | None) -> dict[str, Any]:
    """The metadata of a new picture."""
    values = {} if text is None else parsed(text.encode("utf-8", "replace"))
    if not isinstance(values, dict):
        shown = json.dumps(values)[:80]
        raise Invalid(f"metadata must be an object. Received: {shown}", "metadata")
    return values
