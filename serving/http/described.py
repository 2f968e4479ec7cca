"""The API in OpenAPI's words: bodies and answers, with examples that the tests send."""

from typing import Any

STROKES = {
    "width": 400,
    "height": 400,
    "lines": [{"points": [[80, 300], [200, 90], [320, 300], [80, 300]], "width": 4}],
}
EXAMPLE = {"strokes": STROKES, "k": 3}
_SEARCH_VALUES = {
    "strokes": {
        "type": "object",
        "required": ["width", "height", "lines"],
        "properties": {
            "width": {"type": "number"},
            "height": {"type": "number"},
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["points", "width"],
                    "properties": {
                        "points": {
                            "type": "array",
                            "items": {
                                "type": "array",
                                "items": {"type": "number"},
                                "minItems": 2,
                                "maxItems": 2,
                            },
                        },
                        "width": {"type": "number"},
                    },
                },
            },
        },
        "description": "A drawing as it was drawn, in any unit; instead of `drawing`.",
    },
    "drawing": {"type": "string", "format": "byte", "description": "A picture's file, base64."},
    "photo": {"type": "string", "format": "byte", "description": "A picture's file, base64."},
    "like": {"type": "string", "description": "The id of an indexed picture, as `photo`."},
    "weight": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
    "k": {"type": "integer", "minimum": 1, "default": 10},
    "filter": {"type": "object", "example": {"class": "cat"}},
    "fields": {"type": "array", "items": {"type": "string"}},
}
_FILE = {"type": "string", "format": "binary"}
_TEXT = {"type": "string"}


def _body(content: dict[str, Any], required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": content}}


def _json(values: dict[str, Any], example: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": values, "additionalProperties": False}
    return {"application/json": {"schema": schema, "example": example}}


def _asked(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "required": False, "schema": _TEXT} for name in names]


_FORM = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"drawing": _FILE, "photo": _FILE, "picture": _FILE}
            | dict.fromkeys(("like", "weight", "k", "filter", "fields"), _TEXT),
        }
    }
}
SEARCH = _body(_json(_SEARCH_VALUES, EXAMPLE) | _FORM | {"image/*": {"schema": _FILE}})
SEARCH |= {"parameters": _asked("domain", "weight", "k", "filter", "fields", "like")}
BATCH = _body(
    _json(
        {"searches": {"type": "array", "maxItems": 32, "items": {"type": "object"}}},
        {"searches": [EXAMPLE, EXAMPLE]},
    )
)
_LESS = {name: _SEARCH_VALUES[name] for name in ("k", "filter", "fields")}
SIMILAR_BODY = _body(_json(_LESS, {"k": 3}), required=False)
ADD = _body(
    {
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"picture": _FILE, "metadata": _TEXT}}
        },
        "image/*": {"schema": _FILE},
    }
) | {"parameters": _asked("id", "metadata")}
ADDED = {201: {"description": "Added.", "content": {"application/json": {}}}}
PLAIN = {200: {"description": "Plain values.", "content": {"application/json": {}}}}

_HIT = {
    "type": "object",
    "properties": {
        "rank": {"type": "integer"},
        "id": _TEXT,
        "distance": {"type": "number"},
        "score": {"type": "number"},
        "class": {"type": "string", "nullable": True},
        "metadata": {"type": "object"},
        "picture": _TEXT,
        "thumb": _TEXT,
    },
}
_FOUND = {
    "type": "object",
    "properties": {
        "hits": {"type": "array", "items": _HIT},
        "generation": {"type": "integer"},
        "milliseconds": {"type": "object"},
    },
}
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": _TEXT,
                "message": _TEXT,
                "field": {"type": "string", "nullable": True},
            },
        }
    },
}


def found(several: bool = False) -> dict[int, Any]:
    """The answer of a search, or of several."""
    answers = {"type": "object", "properties": {"answers": {"type": "array", "items": _FOUND}}}
    schema = answers if several else _FOUND
    content = {"application/json": {"schema": schema}}
    return {200: {"description": "The nearest pictures first.", "content": content}}


def shown() -> dict[int, Any]:
    """The answer that is a picture."""
    return {200: {"description": "The picture.", "content": {"image/*": {"schema": _FILE}}}}


def refusals() -> dict[str, Any]:
    """Every error has one shape."""
    content = {"application/json": {"schema": _ERROR}}
    return {"4XX": {"description": "Refused.", "content": content}} | {
        503: {"description": "Not now: see Retry-After.", "content": content}
    }
