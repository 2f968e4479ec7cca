"""TensorFlow Serving's gRPC protocol."""

from typing import Any

import numpy as np

from serving.encoders.contract import TooSlow, Unavailable
from serving.errors import ServingError

_STRING = 7  # DT_STRING
_UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


class OverGrpc:
    """Calls of PredictionService over one channel.

    Args:
        host: `HOST:PORT`.
        model: its name on the server.
    """

    def __init__(self, host: str, model: str):
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        self.place, self._model = f"grpc://{host}/{model}", model
        self._channel = grpc.insecure_channel(host, options=_UNLIMITED)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def embed(self, pictures: list[bytes], domain: str, seconds: float) -> np.ndarray:
        """See `Wire`."""
        found = self._predict(domain, {"image": pictures}, seconds)["embedding"]
        shape = [dim.size for dim in found.tensor_shape.dim]
        if found.tensor_content:
            return np.frombuffer(found.tensor_content, np.float32).reshape(shape)
        return np.array(found.float_val, np.float32).reshape(shape)

    def describe(self, seconds: float) -> tuple[str, str, int]:
        """See `Wire`."""
        found = self._predict("describe", {"ask": [b"?"]}, seconds)
        dimension = found["dimension"]
        values = dimension.int64_val or np.frombuffer(dimension.tensor_content, np.int64)
        names = [found[name].string_val[0].decode() for name in ("digest", "name")]
        return names[0], names[1], int(values[0])

    def close(self) -> None:
        """See `Wire`."""
        self._channel.close()

    def _predict(self, signature: str, inputs: dict[str, list[bytes]], seconds: float) -> Any:
        import grpc
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self._model, signature
        for name, values in inputs.items():
            tensor = request.inputs[name]
            tensor.dtype = _STRING
            tensor.tensor_shape.dim.add().size = len(values)
            tensor.string_val.extend(values)
        try:
            return self._stub.Predict(request, timeout=seconds).outputs
        except grpc.RpcError as error:
            said = f"{self.place}: {error.code().name}, {error.details()!s:.200}"
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                raise Unavailable(said) from error
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise TooSlow(said) from error
            raise ServingError(f"{said}. Is it an encoder that `sbir export` wrote?") from error
