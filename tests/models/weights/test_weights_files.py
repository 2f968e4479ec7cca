"""Files of weights: every format reads the same, and no file does more than be read."""

import io
import json
import marshal
import pickle
import shutil
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from sbir_tf.errors import UserError
from sbir_tf.models import add_class_centers, build_encoder
from sbir_tf.models.weights import read_tensors
from tests.models.test_torch_pickle import legacy_file, name, zip_file
from tests.models.weights.made_up import fill, network, tensors, write

FORMATS = ("zip.pth", "legacy.pth", "a.safetensors", "legacy.h5", "model.keras", "a.weights.h5")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One file of each format, all of one network's weights but for PyTorch's."""
    folder = tmp_path_factory.mktemp("files")
    values = tensors(False, True)
    for kind in FORMATS[:3]:
        write(folder / kind, values, legacy=kind.startswith("legacy"))
    model = fill(network("dase", "non_local"))
    model.save_weights(folder / "legacy.h5")
    model.save_weights(folder / "a.weights.h5")
    model.save(folder / "model.keras")
    return folder


@pytest.mark.parametrize("kind", FORMATS[:3])
def test_pytorch_and_safetensors_files_give_back_what_was_written(files, kind):
    expected, read = tensors(False, True), read_tensors(files / kind)
    assert set(read) == set(expected)
    for key, value in expected.items():
        np.testing.assert_array_equal(read[key], value)
        assert read[key].dtype == value.dtype


@pytest.mark.parametrize(
    ("kind", "conv", "gate", "inner"),
    [
        ("legacy.h5", "layer0_conv1/kernel", "layer1_0_dase/excite_bias", None),
        ("model.keras", "layer0_conv1/0", "layer1_0_dase/3", "layer2_0_non_local/norm/3"),
        (
            "a.weights.h5",
            "layers/conv2d/vars/0",
            "layers/dase/vars/3",
            "layers/non_local/norm/vars/3",
        ),
    ],
)
def test_keras_files_name_layers_as_far_as_they_know_them(files, kind, conv, gate, inner):
    model = fill(network("dase", "non_local"))
    read = read_tensors(files / kind)
    assert len(read) == len(model.weights)
    np.testing.assert_array_equal(read[conv], model.get_layer("layer0_conv1").get_weights()[0])
    np.testing.assert_array_equal(read[gate], model.get_layer("layer1_0_dase").get_weights()[3])
    if inner:
        norm = model.get_layer("layer2_0_non_local").norm
        np.testing.assert_array_equal(read[inner], norm.get_weights()[3])


def test_a_whole_model_in_the_legacy_format_leaves_its_optimizer_aside(tmp_path):
    model = add_class_centers(build_encoder(network("se"), 4), 3, seed=0)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    with pytest.warns(UserWarning, match="legacy"):
        model.save(tmp_path / "model.h5")
    read = read_tensors(tmp_path / "model.h5")
    ours = [key for key in read if not key.startswith("optimizer_weights/")]
    assert len(ours) == len(model.weights)
    assert len(read) > len(ours)
    np.testing.assert_array_equal(read["class_centers/centers"], model.get_weights()[-1])


@pytest.mark.parametrize("kind", FORMATS)
def test_the_format_is_told_by_the_content_not_by_the_name(files, tmp_path, kind):
    shutil.copy(files / kind, tmp_path / "weights.dat")
    assert set(read_tensors(tmp_path / "weights.dat")) == set(read_tensors(files / kind))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_one_line_that_names_it(files, tmp_path, kind, share):
    octets = (files / kind).read_bytes()
    path = tmp_path / kind
    path.write_bytes(octets[: int(len(octets) * share)])
    with pytest.raises(UserError) as caught:
        read_tensors(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


class TouchesSentinel:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_hostile_pickle_is_refused_and_not_run(tmp_path):
    sentinel = tmp_path / "ran"
    program = pickle.dumps({"layer0.conv1.weight": TouchesSentinel(sentinel)}, 2)
    pickle.loads(program)
    assert sentinel.exists()  # so it would run, if anything loaded it
    sentinel.unlink()
    content = program.removeprefix(b"\x80\x02").removesuffix(b".")
    zip_file(tmp_path / "zip.pth", content)
    legacy_file(tmp_path / "legacy.pth", content)
    (tmp_path / "bare.pth").write_bytes(program)
    (tmp_path / "bare.safetensors").write_bytes(program)
    np.save(tmp_path / "a.npy", np.array([TouchesSentinel(sentinel)]), allow_pickle=True)
    for path in [*tmp_path.glob("*.pth"), tmp_path / "bare.safetensors", tmp_path / "a.npy"]:
        with pytest.raises(UserError, match=path.name):
            read_tensors(path)
    assert not sentinel.exists()


def test_a_hostile_system_call_is_named_and_not_made(tmp_path):
    path = legacy_file(tmp_path / "a.pth", b"}" + name("os", "system") + b"(U\x04truetR")
    with pytest.raises(UserError, match="could be harmful; nothing was run"):
        read_tensors(path)


def test_code_in_a_keras_configuration_is_read_as_text(files, tmp_path):
    """A Lambda layer's function lies in the configuration, marshalled; Keras would run it."""
    config = {"config": {"layers": [{"class_name": "Lambda", "config": {"name": "code"}}]}}
    code = compile(f"open({str(tmp_path / 'ran')!r}, 'w')", "a", "exec")
    config["config"]["layers"][0]["config"]["function"] = marshal.dumps(code).hex()
    with zipfile.ZipFile(files / "model.keras") as source:
        weights = source.read("model.weights.h5")
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    assert read_tensors(tmp_path / "a.keras")
    assert not (tmp_path / "ran").exists()


def outside(file, folder):
    file["kernel"] = h5py.ExternalLink(str(folder / "other.h5"), "secret")


def alias(file, folder):
    file["layers/kernel"] = np.zeros(3)
    file["kernel"] = h5py.SoftLink("/layers/kernel")


def raw_file(file, folder):
    file.create_dataset("kernel", (4,), "u1", external=[(str(folder / "other.h5"), 0, 4)])


def never_written(file, folder):
    file.create_dataset("kernel", (1 << 20, 1 << 20), "f4")


def compressed(file, folder):
    file.create_dataset("kernel", data=np.zeros((1 << 10, 1 << 8)), compression="gzip")


def words(file, folder):
    file["kernel"] = ["no", "numbers"]


def circle(file, folder):
    group = file.create_group("a")
    group["a"] = group


def lattice(file, folder):
    """Twelve groups, each holding the one before ten times: a billion paths."""
    group = file.create_group("0")
    for number in range(1, 13):
        group, inner = file.create_group(f"{number}"), group
        for link in range(10):
            group[f"x{link}"] = inner


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (outside, "kernel is a link"),
        (alias, "kernel is a link"),
        (raw_file, "bytes that are not in the file"),
        (never_written, "claims 4,398,046,511,104 bytes that are not in the file"),
        (compressed, "bytes that are not in the file"),
        (words, "no plain numbers"),
        (circle, "nested without end"),
        (lattice, "nested without end"),
        (lambda file, folder: None, "holds no tensor"),
    ],
)
def test_an_hdf5_file_gives_only_numbers_that_lie_in_it(tmp_path, make, message):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.arange(4.0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        make(file, tmp_path)
    with pytest.raises(UserError, match=message):
        read_tensors(tmp_path / "a.h5")


def test_a_compressed_keras_file_is_refused_before_it_unfolds(files, tmp_path):
    with (
        zipfile.ZipFile(files / "model.keras") as source,
        zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for member in source.namelist():
            archive.writestr(member, source.read(member))
    with pytest.raises(UserError, match=r"config\.json is compressed"):
        read_tensors(tmp_path / "a.keras")


def test_keras_numbers_layers_of_a_class_as_the_file_does(tmp_path):
    """Of classes whose names are hard to put in snake case."""
    layers = keras.layers
    image = keras.Input((4, 4, 2))
    x = layers.Conv2D(2, 1, name="b")(layers.Conv2D(2, 1, name="a")(image))
    x = layers.PReLU(name="d")(layers.DepthwiseConv2D(1, name="c")(x))
    x = layers.Conv2DTranspose(2, 1, name="f")(layers.LayerNormalization(name="e")(x))
    x = layers.Conv2D(2, 1, name="h")(layers.GlobalAveragePooling2D(keepdims=True, name="g")(x))
    model = fill(keras.Model(image, x))
    model.save(tmp_path / "model.keras")
    read = read_tensors(tmp_path / "model.keras")
    for layer in model.layers:
        for number, value in enumerate(layer.get_weights()):
            np.testing.assert_array_equal(read.pop(f"{layer.name}/{number}"), value)
    assert read == {}


def safetensors_file(path, dtype, octets, shape):
    header = json.dumps({"w": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(octets)]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + octets)
    return path


def test_bfloat16_comes_as_float32(tmp_path):
    """1.5 is 0x3FC0 in bfloat16, -2 is 0xC000."""
    path = safetensors_file(tmp_path / "a.safetensors", "BF16", b"\xc0\x3f\x00\xc0", [2, 1])
    np.testing.assert_array_equal(read_tensors(path)["w"], np.float32([[1.5], [-2.0]]))


def test_an_unknown_type_of_numbers_is_named(tmp_path):
    path = safetensors_file(tmp_path / "a.safetensors", "F8_E4M3", b"\x00", [1])
    with pytest.raises(UserError, match="w is of type F8_E4M3; known are F64"):
        read_tensors(path)


def test_other_files_and_missing_ones_are_named(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "a.txt").write_text("layer0.conv1.weight")
    with pytest.raises(UserError, match=r"a\.npy is a NumPy array, or damaged: bring"):
        read_tensors(tmp_path / "a.npy")
    with pytest.raises(UserError, match=r"a\.txt is in no format that is known, or damaged"):
        read_tensors(tmp_path / "a.txt")
    with pytest.raises(UserError, match=r"no file of weights .*b\.pth"):
        read_tensors(tmp_path / "b.pth")
    with pytest.raises(UserError, match="no file of weights"):
        read_tensors(tmp_path)


def test_two_datasets_in_one_place_are_refused(tmp_path):
    """One dataset under two names: hard links, which could claim any amount of memory."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["a"] = np.zeros(1 << 16)
        for number in range(8):
            file[f"b{number}"] = file["a"]
    (tmp_path / "a.h5").write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="its parts overlap"):
        read_tensors(tmp_path / "a.h5")
