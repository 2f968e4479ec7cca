"""The cluster's compose file: no Docker runs here, so it is held against the engine's own files."""

import re
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="the package `PyYAML` is missing")
FOLDER = Path(__file__).parents[3] / "serving" / "deploy" / "milvus"


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def overrides():
    return yaml.safe_load((FOLDER / "milvus.yaml").read_text())


def test_every_part_of_the_engine_is_a_service_and_waits_for_others_that_exist(compose):
    services = compose["services"]
    ours = {name for name, service in services.items() if service["image"].startswith("milvusdb")}
    assert ours == {"rootcoord", "datacoord", "querycoord", "datanode", "indexnode", "querynode",
                    "proxy"}  # fmt: skip
    for name, service in services.items():
        assert set(service.get("depends_on", ())) < set(services)
        assert ":" in service["image"].rpartition("/")[2], "an image of a fixed version"
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (FOLDER / source).is_file()
        if name in ours:
            assert service["command"] == ["milvus", "run", name]


def test_the_version_is_the_one_that_the_tests_run_against(compose):
    milvus = pytest.importorskip("milvus")
    assert compose["services"]["proxy"]["image"].endswith(f":v{milvus.__version__}")


def test_what_is_overridden_are_settings_of_the_engine(overrides):
    milvus = pytest.importorskip("milvus")
    template = (Path(milvus.__file__).parent / "data" / "config.yaml.template").read_text()
    known = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "here", template))

    def names(values, above=()):
        for name, value in values.items():
            if isinstance(value, dict):
                yield from names(value, (*above, name))
            else:
                yield (*above, name)

    assert set(names(overrides)) <= set(names(known))


def test_addresses_and_secrets_agree_with_the_services(compose, overrides):
    store = compose["services"]["minio"]["environment"]
    assert overrides["minio"]["accessKeyID"] == store["MINIO_ROOT_USER"]
    assert overrides["minio"]["secretAccessKey"] == store["MINIO_ROOT_PASSWORD"]
    for host in (overrides["minio"]["address"], overrides["pulsar"]["address"], "etcd"):
        assert host in compose["services"]
    assert overrides["etcd"]["endpoints"] == "etcd:2379"
