"""What a service counts and times, in Prometheus' form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The numbers of one service: a registry of its own.

    Attributes:
        media_type: of `text`.
    """

    media_type = CONTENT_TYPE_LATEST

    def __init__(self):
        self.registry = CollectorRegistry()
        of = {"registry": self.registry}
        self.stages = Histogram(
            *("sbir_stage_seconds", "Seconds of a search's stages", ("stage",)),
            buckets=_SECONDS,
            **of,
        )
        self.requests = Histogram(
            *("sbir_request_seconds", "Seconds of requests", ("route", "status")),
            buckets=_SECONDS,
            **of,
        )
        self.batches = Histogram(
            *("sbir_batch_pictures", "Pictures encoded at once", ("domain",)),
            buckets=_BATCHES,
            **of,
        )
        self.rejects = Counter("sbir_rejects", "Requests that were refused", ("code",), **of)
        self.admitted = Gauge("sbir_admitted", "Searches that are worked at", **of)
        self.waiting = Gauge("sbir_waiting", "Pictures that wait for the encoder", **of)
        self.generation = Gauge("sbir_index_generation", "The index's generation", **of)
        self.items = Gauge("sbir_index_items", "Pictures that can be found", **of)
        self.skew_left_out = Counter("sbir_skew_left_out", "Queries not logged for skew", **of)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
