"""The search service, whatever protocol speaks to it: see `search_service`."""

from serving.service.asking import Found, FoundHit, Line, Picture, Query, Reason, Strokes
from serving.service.errors import ServiceError
from serving.service.limits import Limits
from serving.service.search_service import SearchService
from serving.service.skew import SkewLog

__all__ = [
    "Found",
    "FoundHit",
    "Limits",
    "Line",
    "Picture",
    "Query",
    "Reason",
    "SearchService",
    "ServiceError",
    "SkewLog",
    "Strokes",
]
