"""What is deployed says nothing that the programs do not understand."""

from pathlib import Path

import pytest
import yaml
from google.protobuf import text_format

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "serving" / "deploy"


def search_commands():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    yield compose["services"]["search"]["command"]
    manifests = yaml.safe_load_all((DEPLOY / "k8s" / "search.yaml").read_text())
    yield next(manifests)["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("command", search_commands())
def test_the_search_service_has_every_option_it_is_started_with(command):
    import typer

    from sbir_tf.__main__ import app

    known = typer.main.get_command(app).commands["serve"]
    names = {name for one in known.params for name in one.opts}
    assert command[0] == "serve"
    assert {argument.partition("=")[0] for argument in command[1:]} <= names


def test_models_config_is_tensorflow_servings():
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

    text = (DEPLOY / "models.config").read_text()
    config = text_format.Parse(text, ModelServerConfig()).model_config_list.config[0]
    assert (config.name, config.base_path) == ("icons", "/models/icons")


def test_every_mounted_file_is_there_and_every_volume_is_declared():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for service in compose["services"].values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.endswith(".config"):
                assert (DEPLOY / source).is_file()
            elif not source.startswith("."):
                assert source in compose["volumes"]
    assert compose["services"]["search"]["build"]["dockerfile"] == "serving/deploy/Dockerfile"


@pytest.mark.parametrize("name", ["encoder", "search"])
def test_probes_ask_ports_that_are_there_and_mounts_are_volumes(name):
    deployment, service = yaml.safe_load_all((DEPLOY / "k8s" / f"{name}.yaml").read_text())
    spec = deployment["spec"]["template"]["spec"]
    container = spec["containers"][0]
    ports = {port["name"] for port in container["ports"]}
    for probe in ("readinessProbe", "livenessProbe"):
        how = container[probe].get("httpGet") or container[probe]["tcpSocket"]
        assert how["port"] in ports
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]


def test_the_image_copies_folders_that_are_there():
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), line
