import pytest

from tests.small import small, use_few_icons


@pytest.fixture
def few_icons(monkeypatch, tmp_path_factory):
    return use_few_icons(monkeypatch, tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture
def small_config(few_icons):
    return small
