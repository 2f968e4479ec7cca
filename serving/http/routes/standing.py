"""What the service is, and whether it can answer."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter
from starlette.responses import Response

from serving.http.answers import Json
from serving.http.described import PLAIN
from serving.http.routes.search import MOST_SEARCHES
from serving.http.settings import Settings
from serving.service import SearchService


def standing_routes(service: SearchService, settings: Settings) -> APIRouter:
    """`/v1/info`, `/healthz`, `/readyz` and `/metrics`."""
    routes = APIRouter(tags=["service"])

    @routes.get("/v1/info", responses=PLAIN)
    async def info() -> Json:
        """What is served, by which model, within which limits."""
        limits = {
            "k": service.limits.k,
            "body_bytes": settings.body_bytes,
            "pixels": service.limits.pixels,
            "batch": MOST_SEARCHES,
            "points": service.limits.points,
        }
        told = {"name": "sbir", "version": _version(), "limits": limits}
        return Json(told | service.info() | {"reading_token": settings.read_token is not None})

    @routes.get("/healthz", responses=PLAIN)
    async def healthz() -> Json:
        """Whether the process is alive."""
        return Json({"status": "ok"})

    @routes.get("/readyz", responses=PLAIN | {503: {"description": "Not ready, and why."}})
    async def readyz() -> Json:
        """Whether searches are answered."""
        reasons = [{"code": one.code, "message": one.message} for one in service.reasons()]
        return Json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    @routes.get("/metrics")
    async def metrics() -> Response:
        """Counts and times for Prometheus."""
        text = service.metrics_text()
        return Response(text, headers={"Content-Type": service.metrics.media_type})

    return routes


def _version() -> str:
    try:
        return version("sbir-tf")
    except PackageNotFoundError:
        return "unknown"
