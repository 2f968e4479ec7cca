"""The application, made of its parts."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from serving.errors import ServingError
from serving.http.answers import Json, answer_of, error_answer
from serving.http.guards import Bounded, Caught, Known, Paced, Secured
from serving.http.leaving import Left
from serving.http.log import Logged, Reasons
from serving.http.routes.page import page_routes
from serving.http.routes.pictures import picture_routes
from serving.http.routes.search import search_routes
from serving.http.routes.standing import standing_routes
from serving.http.settings import Settings
from serving.service import SearchService, ServiceError

_CODES = {404: "not_found", 405: "method_not_allowed"}
_SAID = {404: "there is nothing here: see /openapi.json", 405: "not by this method"}


def create_app(service: SearchService, settings: Settings | None = None) -> FastAPI:
    """The HTTP API over a service, which its caller starts and closes.

    Args:
        service: what answers.
        settings: who may ask.

    Returns:
        An ASGI application.

    Raises:
        ServingError: anybody could write.
    """
    settings = settings or Settings()
    if service.writing and settings.write_token is None:
        raise ServingError("a service that takes pictures needs a token: set write_token")
    app = FastAPI(
        title="sbir",
        summary="Draw a thing, find its pictures.",
        docs_url=None,
        redoc_url=None,
        default_response_class=Json,
    )
    for routes in (
        search_routes(service),
        picture_routes(service),
        standing_routes(service, settings),
        page_routes(),
    ):
        app.include_router(routes)
    _tell_errors(app, Reasons())
    # The last one added sees a request first.
    app.add_middleware(Bounded, settings=settings)
    app.add_middleware(Caught)
    app.add_middleware(Known, settings=settings)
    app.add_middleware(Paced, rate=settings.rate)
    if settings.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Secured, shared=bool(settings.cors))
    app.add_middleware(Logged, metrics=service.metrics)
    return app


def _tell_errors(app: FastAPI, reasons: Reasons) -> None:
    """Every error in the one shape; what caused it stays in the log."""

    @app.exception_handler(ServiceError)
    async def refused(request: Request, error: ServiceError) -> Response:
        if error.status == 503:
            reasons.tell(error.code, error)
        return answer_of(error)

    @app.exception_handler(HTTPException)
    async def by_http(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        code, said = _CODES.get(status, "refused"), _SAID.get(status, str(error.detail))
        return error_answer(status, code, said, headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        return error_answer(422, "invalid", "the request cannot be read")

    @app.exception_handler(Left)
    async def left(request: Request, error: Left) -> Response:
        return Response(status_code=499)  # nobody reads it
