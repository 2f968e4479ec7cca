"""Searches: one, several, and by a picture that is indexed."""

import time
from typing import Any

from fastapi import APIRouter, Request

from serving.http.answers import Json, error_values, found_values
from serving.http.asked import SIMILAR, limits_of, object_of, parsed, query_of
from serving.http.bodies import WrongType, kind_of, object_or_nothing, search_of
from serving.http.described import BATCH, SEARCH, SIMILAR_BODY, found, refusals
from serving.http.leaving import while_there
from serving.service import Found, Query, SearchService, ServiceError
from serving.service.errors import Invalid

MOST_SEARCHES = 32


def search_routes(service: SearchService) -> APIRouter:
    """`/v1/search`, `/v1/search:batch` and `/v1/similar/{id}`."""
    routes = APIRouter(tags=["search"])

    @routes.post("/v1/search", responses=found() | refusals(), openapi_extra=SEARCH)
    async def search(request: Request) -> Json:
        """Find the pictures that a drawing shows, that are like a picture, or both."""
        return await _answered(request, await search_of(request))

    @routes.post("/v1/search:batch", responses=found(True) | refusals(), openapi_extra=BATCH)
    async def search_batch(request: Request) -> Json:
        """Several searches at once; an error stands where its answer would."""
        began = time.perf_counter()
        if kind_of(request) != "application/json":
            raise WrongType("send application/json")
        asked = object_of(parsed(await request.body()), ["searches"]).get("searches")
        if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_SEARCHES:
            raise Invalid(f"searches must be a list of 1 to {MOST_SEARCHES}", "searches")
        queries = [_query_or_error(values) for values in asked]
        whole = [query for query in queries if isinstance(query, Query)]
        answers = iter(await while_there(request, service.search_many(whole)) if whole else [])
        told = [next(answers) if isinstance(query, Query) else query for query in queries]
        seconds = time.perf_counter() - began
        return Json({"answers": [_values(one, seconds) for one in told]})

    @routes.post(
        "/v1/similar/{id:path}", responses=found() | refusals(), openapi_extra=SIMILAR_BODY
    )
    async def similar(request: Request, id: str) -> Json:
        """Find the pictures most like an indexed one."""
        asked = limits_of(await object_or_nothing(request, SIMILAR))
        return await _answered(request, Query(like=id, **asked))

    async def _answered(request: Request, query: Query) -> Json:
        began = time.perf_counter()
        found = await while_there(request, service.search(query))
        return Json(found_values(found, time.perf_counter() - began))

    return routes


def _query_or_error(values: Any) -> Query | ServiceError:
    try:
        return query_of(values)
    except ServiceError as error:
        return error


def _values(answer: Found | ServiceError, seconds: float) -> dict:
    if isinstance(answer, ServiceError):
        return error_values(answer.code, answer.message, answer.field)
    return found_values(answer, seconds)
