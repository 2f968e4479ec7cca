"""`sbir weights import`, and `network.weights` in a configuration."""

import hashlib
import json

import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.models import se_resnet18
from sbir_tf.models.weights import load_imagenet, read_tensors
from sbir_tf.models.weights.network import weights_of
from tests.models.weights.made_up import write
from tests.models.weights.random_tensors import random_tensors
from tests.small import small
from training.networks import encoder_of
from training.weights import import_file

NETWORK = ("--network", "se_resnet18", "--image-size", "32")


def state_dict():
    """A plain SE-ResNet-18 in cadene's names, described by our own network's shapes."""
    parts = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean"}
    parts |= {"moving_variance": "running_var", "kernel": "weight"}
    parts |= {"squeeze_kernel": "fc1.weight", "squeeze_bias": "fc1.bias"}
    parts |= {"excite_kernel": "fc2.weight", "excite_bias": "fc2.bias"}
    shapes = {}
    for weight in weights_of(se_resnet18(image_size=32, gate="se")):
        module = weight.layer.replace("_se", "_se&module").replace("_", ".").replace("&", "_")
        shape = (
            weight.shape if len(weight.shape) != 4 else tuple(np.take(weight.shape, (3, 2, 0, 1)))
        )
        shapes[f"{module}.{parts[weight.name]}"] = shape[::-1] if len(shape) == 2 else shape
    return random_tensors(shapes | {"last_linear.weight": (1000, 512), "last_linear.bias": (1000,)})


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("source") / "se18.safetensors", state_dict())


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """As the authors' checkpoints: gates that see the domain, an embedding, class centres."""
    values = {f"net.{name}": value for name, value in state_dict().items() if "linear" not in name}
    for name, value in values.items():
        if name.endswith("fc2.weight") and "layer4" not in name:
            values[name] = np.concatenate([value, np.ones_like(value[:, :1])], axis=1)
    shapes = {"net.fc.weight": (512, 512), "net.fc.bias": (512,), "net.centers": (7, 512)}
    return write(tmp_path_factory.mktemp("source") / "a.pth", values | random_tensors(shapes))


@pytest.fixture(scope="module")
def cut(file, tmp_path_factory):
    """The file, its last byte missing."""
    path = tmp_path_factory.mktemp("cut") / "a.safetensors"
    path.write_bytes(file.read_bytes()[:-1])
    return path


@pytest.fixture(scope="module")
def imported(file, tmp_path_factory):
    """A DASE network's weights, imported from `file`."""
    to = tmp_path_factory.mktemp("imported") / "se18.weights.h5"
    import_file(file, to, "se_resnet18", image_size=32)
    return to


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_import_prints_its_account_and_writes_weights_and_where_they_came_from(
    sbir, file, tmp_path
):
    to = tmp_path / "new" / "se18.weights.h5"
    said = sbir("weights", "import", file, *NETWORK, "--to", to)
    assert said.code == 0, said.err
    assert "se_resnet18: 132 tensors loaded (cadene's SE-ResNet" in said.out
    assert "last_linear.bias, last_linear.weight: the classifier" in said.out
    assert "note: 8 gates got zeros for the domain bit" in said.out
    assert f"written: {to}" in said.out.replace("\n", " ").replace("  ", " ")
    assert names(to.parent) == ["se18.weights.h5", "se18.weights.json"]
    card = json.loads((to.parent / "se18.weights.json").read_text())
    assert card["source"] == "se18.safetensors"
    assert card["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (card["network"], card["gate"], card["centers"]) == ("se_resnet18", "dase", None)
    assert len(card["account"]["loaded"]) == 132
    assert len(card["account"]["left"]) == 2
    assert card["account"]["missing"] == []


def test_keras_reads_the_written_file_too(file, imported):
    network = se_resnet18(image_size=32)
    network.load_weights(imported)
    kernel = network.get_layer("layer2_0_downsample_0").get_weights()[0]
    source = read_tensors(file)["layer2.0.downsample.0.weight"]
    np.testing.assert_array_equal(kernel[0, 0], source[:, :, 0, 0].T)


def config(*overrides):
    return small("network.backbone=se_resnet18", "network.reduction=16", "data.size=32", *overrides)


@pytest.mark.parametrize("from_import", [True, False])
def test_a_configuration_starts_from_the_written_file_or_from_the_source(
    file, imported, from_import
):
    path = imported if from_import else file
    encoder = encoder_of(config(f"network.weights={path}"), "float32", pretrained=True)
    gate = encoder.get_layer("layer3_1_dase").get_weights()[2]
    source = read_tensors(file)["layer3.1.se_module.fc2.weight"]
    np.testing.assert_array_equal(gate[:-1], source.T)
    assert not gate[-1].any()


def test_a_release_brings_its_embedding_and_its_centres(sbir, release, tmp_path):
    to = tmp_path / "a.weights.h5"
    said = sbir("weights", "import", release, *NETWORK, "--to", to)
    assert said.code == 0, said.err
    assert "squeezes with sigmoid" in said.out
    assert names(tmp_path) == ["a.centers.npy", "a.weights.h5", "a.weights.json"]
    values = read_tensors(release)
    centers = np.load(tmp_path / "a.centers.npy", allow_pickle=False)
    np.testing.assert_array_equal(centers, values["net.centers"])
    options = (f"network.weights={to}", "network.embedding_dim=512")
    encoder = encoder_of(config(*options), "float32", pretrained=True)
    kernel = encoder.get_layer("embedding").get_weights()[0]
    np.testing.assert_array_equal(kernel, values["net.fc.weight"].T)


def test_what_was_there_is_replaced_only_by_an_import_that_succeeds(
    sbir, refused, file, cut, tmp_path
):
    to = tmp_path / "a.weights.h5"
    before = {"a.weights.h5": b"of", "a.weights.json": b"another", "a.centers.npy": b"import"}
    for name, octets in before.items():
        (tmp_path / name).write_bytes(octets)
    assert "is cut short or damaged" in refused("weights", "import", cut, *NETWORK, "--to", to)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sbir("weights", "import", file, *NETWORK, "--to", to).code == 0
    assert names(tmp_path) == ["a.weights.h5", "a.weights.json"]  # this file has no centres
    assert len(read_tensors(to)) == 132


def test_an_import_that_cannot_be_written_leaves_nothing(refused, file, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sbir_tf.models.weights.write.json.dumps", full)
    line = refused("weights", "import", file, *NETWORK, "--to", tmp_path / "a.weights.h5")
    assert "free some space" in line
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"--to": "{tmp}/a.h5"}, "--to names a file that ends with .weights.h5"),
        ({"--network": "se_resnet81"}, "Did you mean 'se_resnet18'"),
        ({"--gate": "das"}, "Did you mean 'dase'"),
        ({"--squeeze-activation": "gelu"}, "squeeze_activation is one of relu, sigmoid"),
        ({"--network": "se_resnet50"}, "does not fit se_resnet50: layer1.0.conv1.weight gives"),
        ({"FILE": "{tmp}/none.pth"}, "no file of weights"),
        ({"FILE": "{cut}"}, "is cut short or damaged"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(refused, file, cut, tmp_path, options, said):
    given = {"FILE": str(file), "--network": "se_resnet18", "--to": "{tmp}/a.weights.h5"} | options
    values = [value.format(tmp=tmp_path, cut=cut) for value in given.values()]
    pairs = [word for pair in zip(given, values, strict=True) for word in pair]
    assert said in refused("weights", "import", *pairs[1:])
    assert names(tmp_path) == []


def test_a_configuration_refuses_weights_that_are_nowhere():
    with pytest.raises(UserError, match=r"network\.weights must be .* the path of a file.*absent"):
        config("network.weights=absent.weights.h5")


def test_networks_without_published_weights_say_where_to_get_them():
    with pytest.raises(UserError, match="No package ships ImageNet weights of se_resnet18: bring"):
        load_imagenet(se_resnet18(image_size=32))


def test_gates_that_keep_their_start_are_not_written(sbir, tmp_path):
    """So that a configuration may choose their kind, stages and reduction."""
    from sbir_tf.models.weights.imagenet import published_weights

    to = tmp_path / "lite.weights.h5"
    source = published_weights("efficientnet_lite0")
    options = ("--network", "efficientnet_lite0", "--image-size", "32", "--to", to)
    said = sbir("weights", "import", source, *options)
    assert "a gate that such files do not hold; it keeps its start" in said.out
    assert not any("dase" in name for name in read_tensors(to))
    lite = small("network.backbone=efficientnet_lite0", f"network.weights={to}", "data.size=32")
    encoder = encoder_of(lite, "float32", pretrained=True)
    gate = encoder.get_layer("block3_dase")
    assert gate.reduction != 16  # the import's; `small` asks for another
    stem = encoder.get_layer("stem").get_weights()[0]
    np.testing.assert_array_equal(
        stem[2, 0, 1], read_tensors(source)["_conv_stem.weight"][:, 1, 2, 0]
    )
