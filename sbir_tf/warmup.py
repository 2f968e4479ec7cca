"""Requests that TensorFlow Serving sends itself before it takes others: the first is not slow."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

# Where TensorFlow Serving looks for them: assets.extra/ of a version.
WARMUP = "tf_serving_warmup_requests"
BATCHES = (1, 8)
SIDE = 256


def write_warmup(file: Path, name: str) -> None:
    """Write a record of a request for each domain and some sizes of a batch.

    Args:
        file: In assets.extra/.
        name: Of the model.
    """
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    with tf.io.TFRecordWriter(str(file)) as records:
        for signature in ("sketch", "photo"):
            for count in BATCHES:
                request = predict_pb2.PredictRequest()
                request.model_spec.name = name
                request.model_spec.signature_name = signature
                request.inputs["image"].CopyFrom(tf.make_tensor_proto([some_picture()] * count))
                log = prediction_log_pb2.PredictLog(request=request)
                record = prediction_log_pb2.PredictionLog(predict_log=log)
                records.write(record.SerializeToString(deterministic=True))


def some_picture() -> bytes:
    """A PNG of a diagonal on white."""
    pixels = np.full((SIDE, SIDE, 3), 255, np.uint8)
    pixels[np.arange(SIDE), np.arange(SIDE)] = 0
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
