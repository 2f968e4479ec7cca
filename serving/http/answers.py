"""Answers as JSON, and the one shape of every error."""

import json
import math
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from serving.service import Found, ServiceError


class Json(Response):
    """Plain values as JSON in ASCII: a lone surrogate of a name cannot break it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def error_values(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """`{"error": {"code", "message", "field"}}`."""
    return {"error": {"code": code, "message": message, "field": field}}


def error_answer(
    status: int,
    code: str,
    message: str,
    field: str | None = None,
    retry_after: float | None = None,
    headers: dict[str, str] | None = None,
) -> Json:
    """An error as an answer."""
    later = {} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))}
    return Json(error_values(code, message, field), status, later | (headers or {}))


def answer_of(error: ServiceError) -> Json:
    """A refusal of the service as an answer."""
    return error_answer(error.status, error.code, error.message, error.field, error.retry_after)


def found_values(found: Found, seconds: float) -> dict[str, Any]:
    """A search's answer."""
    hits = []
    for hit in found.hits:
        place = f"/v1/pictures/{quote(hit.id, errors='replace')}"
        hits.append(
            {
                "rank": hit.rank,
                "id": hit.id,
                "distance": hit.distance,
                "score": round(hit.score, 6),
                "class": hit.class_name,
                "metadata": hit.metadata,
                "picture": place,
                "thumb": f"{place}/thumb",
            }
        )
    stages = {stage: round(1000 * took, 3) for stage, took in found.seconds.items()}
    return {
        "hits": hits,
        "generation": found.generation,
        "milliseconds": stages | {"total": round(1000 * seconds, 3)},
    }
