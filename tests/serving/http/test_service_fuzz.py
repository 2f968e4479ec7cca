"""Thousands of broken requests against a running service: refused, every one, and forgotten."""

import base64
import io
import json
from http.client import HTTPConnection, HTTPException

import numpy as np
import pytest
from PIL import Image

from serving.encoders import load_encoder
from tests.serving.http.running import PATIENCE, running
from tests.serving.http.small import build_index

pytestmark = pytest.mark.slow
REQUESTS, WARM = 5_200, 1_000
GROWTH = 48 * 2**20  # bytes: a leak of 12 kB a request would be seen


def files(rng):
    picture = Image.fromarray(rng.integers(0, 256, (24, 31, 3), np.uint8))
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        file = io.BytesIO()
        picture.save(file, kind)
        yield file.getvalue()


def mutated(data, rng):
    """Bytes with some changed, cut out, doubled or cut off."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(0, len(data) + 1))
        how = rng.integers(0, 4)
        if how == 0 and at < len(data):
            data[at] = rng.integers(0, 256)
        elif how == 1:
            del data[at : at + int(rng.integers(1, 20))]
        elif how == 2:
            data[at:at] = data[at : at + int(rng.integers(1, 20))]
        elif how == 3 and rng.integers(0, 4) == 0:
            del data[at:]
    return bytes(data)


def asked(rng, pictures):
    """Method, path, body and headers of a request that is broken somewhere."""
    picture = pictures[rng.integers(0, len(pictures))]
    strokes = {"width": 90, "height": 60, "lines": [{"points": [[1, 2], [50, 40]], "width": 3}]}
    values = [
        {"strokes": strokes, "k": 3, "filter": {"class": ["red", "blue"]}},
        {"drawing": base64.b64encode(picture).decode(), "like": "red/0.png", "weight": 0.3},
        {"searches": [{"strokes": strokes}, {"like": "blue/1.png"}]},
        {"strokes": strokes | {"width": 1e308}, "fields": ["class"]},
    ]
    kind = rng.integers(0, 6)
    if kind < 2:
        return "POST", "/v1/search", mutated(picture, rng), {"Content-Type": "image/png"}
    if kind < 4:
        number = int(rng.integers(0, len(values)))
        path = "/v1/search:batch" if number == 2 else "/v1/search"
        body = mutated(json.dumps(values[number]).encode(), rng)
        return "POST", path, body, {"Content-Type": "application/json"}
    if kind == 4:
        form = b'--x\r\nContent-Disposition: form-data; name="drawing"; filename="a"\r\n\r\n'
        form += picture + b'\r\n--x\r\nContent-Disposition: form-data; name="k"\r\n\r\n3\r\n--x--'
        head = {"Content-Type": "multipart/form-data; boundary=x"}
        return "POST", "/v1/search", mutated(form, rng), head
    path = mutated(b"/v1/pictures/red/0.png/thumb?k=1&filter={}", rng)
    path = "/" + path.decode("latin-1").replace(" ", "").strip("/")
    path = "".join(letter if "!" <= letter <= "~" else "%ff" for letter in path)
    odd = bytes(rng.integers(33, 127, 9, np.uint8)).decode()
    methods = ("GET", "HEAD", "DELETE", "PUT", "OPTIONS")
    method = methods[rng.integers(0, len(methods))]
    return method, path, b"", {"If-None-Match": odd, "Authorization": odd, "Range": odd}


def test_no_broken_request_breaks_the_service(exported, gallery, tmp_path):
    place = build_index(tmp_path / "index", load_encoder(exported), gallery)
    rng = np.random.default_rng(0)
    pictures = list(files(rng))
    counts, before = {}, 0
    options = ("--pictures", gallery, "--rate", 0, "--seconds", 60)
    with running("--model", exported, "--index", place, *options) as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        for number in range(REQUESTS):
            if number == WARM:
                before = server.resident()
            try:
                connection.request(*asked(rng, pictures))
                answer = connection.getresponse()
                body = answer.read()
            except HTTPException:
                connection.close()
                continue
            counts[answer.status] = counts.get(answer.status, 0) + 1
            assert answer.status < 500, (number, answer.status, body)
            if answer.status >= 400 and body:
                assert set(json.loads(body)["error"]) == {"code", "message", "field"}
        connection.close()
        assert server.resident() - before < GROWTH
        assert server.json("GET", "/readyz")[0] == 200
    assert sum(counts.values()) >= 5_000
    assert {200, 400, 404, 422} <= set(counts), counts
