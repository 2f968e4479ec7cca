"""The application over a real index of twelve pictures, in process."""

import pytest
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.http.settings import Settings
from serving.index import open_index
from serving.service import Limits, SearchService
from tests.serving.http.small import build_index


@pytest.fixture
def place(encoder, gallery, tmp_path):
    return build_index(tmp_path / "index", encoder, gallery)


@pytest.fixture
def client_of(encoder, place, gallery):
    """Makes clients: `client_of(settings, writable=..., limits=...)`."""
    opened = []

    def make(settings=None, writable=False, limits=None):
        service = SearchService(
            encoder,
            open_index(place, writable),
            limits=limits or Limits(),
            pictures=gallery,
            uploads=place.parent / "uploads" if writable else None,
        )
        client = TestClient(create_app(service, settings or Settings(rate=0)))
        client.__enter__()
        client.portal.call(service.start)
        opened.append((client, service))
        client.service = service
        return client

    yield make
    for client, service in opened:
        client.portal.call(service.close)
        client.__exit__(None, None, None)


@pytest.fixture
def client(client_of):
    return client_of()
