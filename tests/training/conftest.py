import pytest

from tests.small import small, use_few_icons


@pytest.fixture(scope="module")
def few_icons(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield use_few_icons(patch, tmp_path_factory.getbasetemp() / "cache")


@pytest.fixture(scope="module")
def small_config(few_icons):
    return small
