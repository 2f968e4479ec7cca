"""A stand-in for TensorFlow Serving: its protocols over a real SavedModel, on loopback.

The gRPC side is tensorflow-serving-api's own PredictionService; the REST side follows its
documented paths and shapes. No package registry has the model server itself.
"""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class Model:
    """A SavedModel, and what is wrong with its server: tests set `trouble` and `wait`."""

    def __init__(self, folder, name="tiny"):
        self.name, self.folder = name, folder
        self.trouble = []  # what the next calls answer: a gRPC status code each
        self.asked = 0
        self.hold = threading.Event()
        self.hold.set()
        self.load(folder)

    def load(self, folder):
        self.module = tf.saved_model.load(str(folder))

    def run(self, signature, inputs):
        self.asked += 1
        self.hold.wait(30)
        if self.trouble:
            raise Trouble(self.trouble.pop(0))
        return self.module.signatures[signature](**inputs)


class Trouble(Exception):
    pass


class Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self.model = model

    def Predict(self, request, context):
        if request.model_spec.name != self.model.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found")
        inputs = {
            name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()
        }
        try:
            found = self.model.run(request.model_spec.signature_name, inputs)
        except Trouble as trouble:
            context.abort(trouble.args[0], "trouble")
        except (KeyError, tf.errors.OpError, TypeError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:200])
        answer = predict_pb2.PredictResponse()
        for name, value in found.items():
            answer.outputs[name].CopyFrom(tf.make_tensor_proto(value.numpy()))
        return answer

    def GetModelMetadata(self, request, context):
        return get_model_metadata_pb2.GetModelMetadataResponse(model_spec=request.model_spec)


class Status(model_service_pb2_grpc.ModelServiceServicer):
    def GetModelStatus(self, request, context):
        state = get_model_status_pb2.ModelVersionStatus(version=1, state=30)
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=[state])


@contextmanager
def grpc_server(model, address="127.0.0.1:0"):
    """Yields the port."""
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(4), options=unlimited)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Prediction(model), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Status(), server)
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def handler(model):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *told):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != f"/v1/models/{model.name}:predict":
                return self.answer(404, {"error": "Servable not found"})
            rows = body["instances"]
            inputs = {name: tf.constant([decoded(row[name]) for row in rows]) for name in rows[0]}
            try:
                found = model.run(body["signature_name"], inputs)
            except Trouble as trouble:
                away = trouble.args[0] == grpc.StatusCode.UNAVAILABLE
                return self.answer(503 if away else 500, {"error": "trouble"})
            except (KeyError, tf.errors.OpError, TypeError) as error:
                return self.answer(400, {"error": str(error)[:200]})
            columns = {name: plain(value.numpy().tolist()) for name, value in found.items()}
            if len(columns) == 1:  # a single output is not named
                return self.answer(200, {"predictions": next(iter(columns.values()))})
            rows = [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
            return self.answer(200, {"predictions": rows})

        def answer(self, status, values):
            data = json.dumps(values).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def decoded(value):
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


def plain(values):
    return [value.decode() if isinstance(value, bytes) else value for value in values]


@contextmanager
def rest_server(model, port=0):
    """Yields the port."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(model))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
