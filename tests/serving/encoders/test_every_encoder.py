"""One contract for every way to reach a model: in process, LiteRT, gRPC, REST."""

import io
import json
import socket
from contextlib import ExitStack

import grpc
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from sbir_tf.export import export_encoder
from sbir_tf.models import build_encoder, se_resnet
from sbir_tf.tflite import add_tflite
from serving.encoders import (
    InProcessEncoder,
    LiteRTEncoder,
    ModelFolder,
    RemoteEncoder,
    TooSlow,
    Unavailable,
    load_encoder,
)
from serving.encoders.breaker import Breaker
from serving.encoders.litert import fit_square
from serving.errors import ServingError
from tests.serving.encoders.model_server import Model, grpc_server, rest_server

KINDS = ("inprocess", "litert", "grpc", "http")
RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 256, shape, np.uint8) for shape in ((40, 30, 3), (20, 64, 3))]


def tiny(seed=0):
    keras.utils.set_random_seed(seed)
    return build_encoder(se_resnet(32, (16, 32), (1, 1), reduction=8), 8)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    encoder = tiny()
    folder = tmp_path_factory.mktemp("models") / "tiny" / "1"
    export_encoder(encoder, folder, "tiny", "# tiny\n")
    add_tflite(folder, encoder, ["float32", "int8"])
    return folder


@pytest.fixture(scope="module")
def model(version):
    return Model(version)


@pytest.fixture(scope="module")
def places(version, model):
    with ExitStack() as stack:
        ports = [stack.enter_context(server(model)) for server in (grpc_server, rest_server)]
        yield {
            "inprocess": f"inprocess:{version}",
            "litert": f"litert:{version}",
            "grpc": f"grpc://127.0.0.1:{ports[0]}/tiny",
            "http": f"http://127.0.0.1:{ports[1]}/tiny",
        }


@pytest.fixture(params=KINDS)
def encoder(request, places):
    opened = load_encoder(places[request.param])
    yield opened
    getattr(opened, "close", lambda: None)()


@pytest.mark.parametrize("domain", ["sketch", "photo"])
def test_every_encoder_gives_the_savedmodels_embeddings(encoder, version, domain):
    wanted = InProcessEncoder(version).encode(PICTURES, domain)
    found = encoder.encode(PICTURES, domain)
    assert found.dtype == np.float32 and found.shape == (2, 8)
    lite = isinstance(encoder, LiteRTEncoder)  # eight bits, and Pillow's rounding
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(found, wanted, atol=(0.05 if lite else 1e-5) * scale)
    file = io.BytesIO()
    Image.fromarray(PICTURES[0]).save(file, "PNG")
    np.testing.assert_allclose(encoder.encode([file.getvalue()], domain)[0], found[0], atol=1e-5)


def test_every_encoder_knows_the_model_by_one_digest(encoder, version):
    folder = ModelFolder.open(version)
    assert (encoder.digest, encoder.name, encoder.dimension) == (folder.digest(), "tiny", 8)
    assert len(encoder.digest) == 64


def test_every_encoder_takes_none_and_refuses_what_is_no_picture(encoder):
    assert encoder.encode([], "sketch").shape == (0, 8)
    with pytest.raises(ValueError, match="uint8"):
        encoder.encode([np.zeros((4, 4), np.float32)], "sketch")
    with pytest.raises(ServingError, match="domain"):
        encoder.encode(PICTURES, "painting")


def test_a_model_that_was_changed_has_another_digest(version, tmp_path):
    import shutil

    copy = tmp_path / "1"
    shutil.copytree(version, copy)
    assert ModelFolder.open(copy).digest() == ModelFolder.open(version).digest()
    graph = copy / "saved_model.pb"
    graph.write_bytes(graph.read_bytes() + b"\0")
    assert ModelFolder.open(copy).digest() != ModelFolder.open(version).digest()


def test_the_savedmodel_uses_no_custom_operation(version):
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    graph = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0]
    used = {op.name for op in graph.meta_info_def.stripped_op_list.op}
    known = {name for name in dir(tf.raw_ops) if not name.startswith("_")}
    assert {name for name in used if not name.startswith("_")} <= known
    assert not any("Addons" in name or "Scann" in name for name in used)


def test_warm_up_requests_are_what_the_model_takes(version):
    from tensorflow_serving.apis import prediction_log_pb2

    file = version / "assets.extra" / "tf_serving_warmup_requests"
    module, seen = tf.saved_model.load(str(version)), set()
    for record in tf.data.TFRecordDataset(str(file)):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        signature = request.model_spec.signature_name
        found = module.signatures[signature](image=tf.constant(inputs["image"]))
        assert found["embedding"].shape[0] == len(inputs["image"])
        seen.add(signature)
    assert seen == {"sketch", "photo"}


@pytest.mark.parametrize("shape", [(32, 32), (300, 200), (7, 200), (1, 500), (64, 33)])
def test_litert_frames_pictures_as_the_graph_does(shape):
    from sbir_tf.export import fit_square as in_graph

    picture = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    wanted = in_graph(tf.constant(picture[None], tf.float32), 32)[0].numpy()
    assert np.abs(fit_square(picture, 32) - wanted).max() <= 2


def test_the_embedded_default_is_litert_where_it_agrees(version, tmp_path):
    import shutil

    assert isinstance(load_encoder(version), LiteRTEncoder)
    copy = tmp_path / "1"
    shutil.copytree(version, copy)
    other = tiny(seed=9)
    add_tflite(copy, other, ["int8"])  # of another model
    with pytest.raises(ServingError, match="another model"):
        LiteRTEncoder(copy)
    about = copy / "assets.extra" / "tflite" / "tflite.json"
    values = json.loads(about.read_text())
    about.write_text(json.dumps(values | {"digest": ModelFolder.open(copy).digest()}))
    shutil.copy(version / "assets.extra/tflite/probe.npz", copy / "assets.extra/tflite/probe.npz")
    with pytest.raises(ServingError, match="does not agree"):
        LiteRTEncoder(copy)
    assert isinstance(load_encoder(copy), InProcessEncoder)
    (copy / "assets.extra/tflite/int8.tflite").write_bytes(b"x")
    with pytest.raises(ServingError, match="damaged"):
        LiteRTEncoder(copy)


def test_a_server_that_is_not_there_is_unavailable_and_its_address_is_not_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for place in (f"grpc://127.0.0.1:{port}/tiny", f"http://127.0.0.1:{port}/tiny"):
        with pytest.raises(Unavailable) as caught:
            load_encoder(place)
        assert str(port) in str(caught.value) and str(port) not in caught.value.told


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_unavailable_is_tried_again_and_nothing_else(places, model, kind):
    encoder = load_encoder(places[kind])
    wanted = encoder.encode(PICTURES, "photo")
    model.trouble[:] = [grpc.StatusCode.UNAVAILABLE] * 2
    before = model.asked
    np.testing.assert_array_equal(encoder.encode(PICTURES, "photo"), wanted)
    assert model.asked - before == 3
    model.trouble[:] = [grpc.StatusCode.INTERNAL]
    before = model.asked
    with pytest.raises(ServingError):
        encoder.encode(PICTURES, "photo")
    assert model.asked - before == 1
    encoder.close()


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_a_slow_server_is_given_up_in_time_and_not_asked_again(places, model, kind):
    encoder = load_encoder(places[kind])
    encoder._seconds = 0.2
    before = model.asked
    model.hold.clear()
    try:
        with pytest.raises(TooSlow):
            encoder.encode(PICTURES, "photo")
    finally:
        model.hold.set()
    assert model.asked - before <= 1
    encoder.close()


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_another_model_on_the_server_is_noticed(places, model, version, tmp_path, kind):
    encoder = load_encoder(places[kind])
    encoder.check()
    model.load(export_encoder(tiny(seed=3), tmp_path / "tiny" / "2", "tiny", "# tiny\n"))
    try:
        with pytest.raises(ServingError, match="serves another model now"):
            encoder.check()
    finally:
        model.load(version)
    encoder.check()
    encoder.close()


@pytest.mark.parametrize("place", ["grpc://127.0.0.1:1", "ftp://a/b", "http://a:1/b/c"])
def test_an_address_that_is_none_is_refused(place):
    with pytest.raises(ServingError, match="Received"):
        load_encoder(place)


def test_a_model_without_a_description_is_no_encoder(places):
    for kind in ("grpc", "http"):
        place = places[kind].replace("/tiny", "/other")
        with pytest.raises(ServingError) as caught:
            load_encoder(place)
        assert not isinstance(caught.value, Unavailable)


class Broken:
    place = "here"

    def __init__(self, answer):
        self.answer = answer

    def describe(self, seconds):
        return "d" * 64, "broken", 8

    def embed(self, pictures, domain, seconds):
        return self.answer


@pytest.mark.parametrize(
    "answer", [np.zeros((1, 8)), np.zeros((2, 7)), np.full((2, 8), np.nan)], ids=str
)
def test_a_wrong_answer_is_refused(answer):
    with pytest.raises(ServingError, match="broken"):
        RemoteEncoder(Broken(answer)).encode(PICTURES, "sketch")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_the_circuit_opens_lets_one_through_and_closes():
    clock, asked = Clock(), []
    breaker = Breaker(1, failures=2, pause=10, clock=clock, sleep=clock.sleep, jitter=lambda: 0)

    def away(seconds):
        asked.append(seconds)
        raise Unavailable("away")

    def ask(call):
        with pytest.raises(Unavailable):
            breaker.call(call, 5)

    for _ in range(4):
        ask(away)
    assert len(asked) == 2  # open: the others were not asked
    clock.now = 10.1
    ask(away)
    ask(away)
    assert len(asked) == 3  # one was let through, and opened it again
    clock.now = 20.3
    assert breaker.call(lambda seconds: "there", 5) == "there"
    ask(away)
    assert len(asked) == 4


def test_tries_wait_longer_each_time_and_end_with_the_deadline():
    clock, waits = Clock(), []

    def sleep(seconds):
        waits.append(seconds)
        clock.sleep(seconds)

    def away(seconds):
        raise Unavailable("away")

    breaker = Breaker(4, clock=clock, sleep=sleep, jitter=lambda: 1.0)
    with pytest.raises(Unavailable):
        breaker.call(away, 5)
    assert waits == pytest.approx([0.05, 0.1, 0.2])
    waits.clear()
    with pytest.raises(Unavailable):
        breaker.call(away, 0.12)
    assert waits == pytest.approx([0.05])
