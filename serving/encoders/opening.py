"""Which encoder an address means."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from serving.encoders.contract import Encoder
from serving.encoders.in_process import InProcessEncoder
from serving.encoders.litert import LiteRTEncoder, kinds_in
from serving.encoders.model_folder import ModelFolder
from serving.encoders.remote import RemoteEncoder
from serving.errors import ServingError

_LOGGER = logging.getLogger("sbir.serve")


def load_encoder(place: Path | str) -> Encoder:
    """Opens an encoder.

    Args:
        place: a model's folder, whose TensorFlow Lite export is used where it is there and agrees
            with the SavedModel; or `inprocess:FOLDER` for the SavedModel, `litert:FOLDER`,
            `grpc://HOST:PORT/NAME`, `http://HOST:PORT/NAME` or `https://...`.

    Returns:
        The encoder.

    Raises:
        Unavailable: a server that does not answer.
        ServingError: no encoder there, or no such kind of address.
    """
    text = str(place)
    kind, colon, rest = text.partition(":")
    if colon and kind == "inprocess":
        return InProcessEncoder(rest)
    if colon and kind == "litert":
        return LiteRTEncoder(rest)
    if "://" in text:
        return _remote(text)
    return _embedded(Path(place))


def _embedded(path: Path) -> Encoder:
    if kinds_in(ModelFolder.open(path).path):
        try:
            return LiteRTEncoder(path)
        except (ServingError, ImportError) as error:
            values = {"reason": str(error)}
            _LOGGER.warning("the SavedModel is used instead", extra={"values": values})
    return InProcessEncoder(path)


def _remote(text: str) -> RemoteEncoder:
    parts = urlsplit(text)
    name = parts.path.strip("/")
    if parts.scheme not in ("grpc", "http", "https"):
        kinds = "inprocess:, litert:, grpc://, http:// or https://"
        raise ServingError(f"a model is a folder or {kinds}. Received: {text!r}")
    if not parts.hostname or not name or "/" in name:
        raise ServingError(f"a served model is {parts.scheme}://HOST:PORT/NAME. Received: {text!r}")
    if parts.scheme == "grpc":
        from serving.encoders.over_grpc import OverGrpc

        return _opened(OverGrpc(parts.netloc, name))
    from serving.encoders.over_rest import OverRest

    return _opened(OverRest(f"{parts.scheme}://{parts.netloc}", name))


def _opened(wire) -> RemoteEncoder:
    try:
        return RemoteEncoder(wire)
    except BaseException:
        wire.close()
        raise
