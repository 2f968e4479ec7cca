"""TensorFlow Serving's REST protocol."""

import asyncio
import base64
import threading
from typing import Any

import numpy as np

from serving.encoders.contract import TooSlow, Unavailable
from serving.errors import ServingError

_AWAY = (502, 503, 504)


class OverRest:
    """Calls of `/v1/models/NAME:predict` over kept connections.

    Args:
        address: `http://HOST:PORT`.
        model: its name on the server.
    """

    def __init__(self, address: str, model: str):
        import httpx

        self.place = f"{address}/{model}"
        self._url = f"{address}/v1/models/{model}:predict"
        # A loop of its own: httpx alone limits each read, a loop the whole call.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._client = httpx.AsyncClient(timeout=None)

    def embed(self, pictures: list[bytes], domain: str, seconds: float) -> np.ndarray:
        """See `Wire`."""
        rows = [{"image": {"b64": base64.b64encode(data).decode()}} for data in pictures]
        found = self._predict(domain, rows, seconds)
        try:
            return np.array(found, np.float32)
        except (ValueError, TypeError) as error:
            raise ServingError(f"{self.place} answered no embeddings ({error})") from error

    def describe(self, seconds: float) -> tuple[str, str, int]:
        """See `Wire`."""
        try:
            found = self._predict("describe", [{"ask": "?"}], seconds)[0]
            return str(found["digest"]), str(found["name"]), int(found["dimension"])
        except (LookupError, TypeError, ValueError) as error:
            if isinstance(error, ServingError):
                raise
            raise ServingError(f"{self.place} does not describe its model ({error})") from error

    def close(self) -> None:
        """See `Wire`."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _predict(self, signature: str, instances: list[Any], seconds: float) -> Any:
        asked = self._post({"signature_name": signature, "instances": instances}, seconds)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result()

    async def _post(self, body: dict[str, Any], seconds: float) -> Any:
        import httpx

        try:
            async with asyncio.timeout(seconds):
                answer = await self._client.post(self._url, json=body)
        except TimeoutError as error:
            raise TooSlow(f"{self.place} took longer than {seconds:.1f} s") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.place} does not answer ({error!r:.200})") from error
        if answer.status_code in _AWAY:
            raise Unavailable(f"{self.place} answered {answer.status_code}")
        try:
            values = answer.json()
            return values["predictions"]
        except (ValueError, LookupError, TypeError) as error:
            said = f"{self.place} answered {answer.status_code}: {answer.text:.200}"
            raise ServingError(f"{said}. Is it an encoder that `sbir export` wrote?") from error
