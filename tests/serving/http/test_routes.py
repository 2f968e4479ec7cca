"""Every route, as its documentation says."""

import base64
import io
import json
import struct
import zlib
from types import SimpleNamespace

import pytest
from PIL import Image

from serving.errors import ServingError
from serving.http.app import create_app
from serving.http.settings import Settings
from serving.service import Limits
from tests.serving.http.small import TOKEN, png

RED, BLUE = png((220, 30, 20)), png((20, 30, 220))
STROKES = {"width": 100, "height": 100, "lines": [{"points": [[10, 10], [90, 90]], "width": 5}]}


def text_of(data):
    return base64.b64encode(data).decode()


def classes(answer):
    assert answer.status_code == 200, answer.text
    return [hit["class"] for hit in answer.json()["hits"]]


def test_a_raw_picture_is_searched_by(client):
    headers = {"Content-Type": "image/png"}
    answer = client.post("/v1/search?k=5&domain=photo", content=RED, headers=headers)
    assert classes(answer) == ["red"] * 4 + ["green"] or classes(answer)[:4] == ["red"] * 4
    assert len(answer.json()["hits"]) == 5
    assert set(answer.json()["milliseconds"]) == {"read", "encode", "search", "total"}


def test_a_form_is_searched_by(client):
    files = {"photo": ("a.png", RED, "image/png"), "drawing": ("b.png", BLUE, "image/png")}
    data = {"k": "1", "weight": "0.1", "filter": json.dumps({"class": ["red", "blue"]})}
    assert classes(client.post("/v1/search", files=files, data=data)) == ["red"]
    data["weight"] = "0.9"
    assert classes(client.post("/v1/search", files=files, data=data)) == ["blue"]


@pytest.mark.parametrize(
    "asked",
    [
        {"photo": text_of(RED)},
        {"drawing": text_of(RED)},
        {"drawing": "data:image/png;base64," + text_of(RED)},
        {"like": "red/0.png"},
        {"drawing": text_of(BLUE), "photo": text_of(RED), "weight": 0.0},
    ],
)
def test_json_is_searched_by(client, asked):
    assert classes(client.post("/v1/search", json=asked | {"k": 1})) == ["red"]


def test_strokes_are_searched_by(client):
    assert len(classes(client.post("/v1/search", json={"strokes": STROKES, "k": 7}))) == 7


def test_fields_choose_the_metadata(client):
    asked = {"photo": text_of(RED), "k": 1, "fields": []}
    assert client.post("/v1/search", json=asked).json()["hits"][0]["metadata"] == {}


def test_a_batch_answers_each_for_itself(client):
    searches = [{"photo": text_of(RED), "k": 1}, {"photo": "?"}, {"kk": 1}, {"like": "no"}]
    answers = client.post("/v1/search:batch", json={"searches": searches}).json()["answers"]
    assert answers[0]["hits"][0]["class"] == "red"
    fields = [answer["error"]["field"] for answer in answers[1:]]
    assert fields == ["photo", "kk", "id"]


def test_similar_leaves_the_picture_out(client):
    answer = client.post("/v1/similar/red/0.png", json={"k": 3})
    assert sorted(hit["id"] for hit in answer.json()["hits"]) == [f"red/{n}.png" for n in (1, 2, 3)]
    assert classes(client.post("/v1/similar/red%2F0.png")) == classes(
        client.post("/v1/similar/red/0.png", json={"k": 10})
    )


def test_pictures_and_thumbs_are_shown_and_known_again(client, gallery):
    hit = client.post("/v1/search", json={"like": "red/0.png", "k": 1}).json()["hits"][0]
    whole, small = client.get(hit["picture"]), client.get(hit["thumb"])
    assert whole.content == (gallery / hit["id"]).read_bytes()
    assert whole.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(small.content)).size == (24, 18)
    again = client.get(hit["picture"], headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/", "/v1/info", "/healthz", "/readyz", "/v1/pictures/red/0.png", "/metrics"]
)
def test_head_is_get_without_its_body(client, path):
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


def test_a_picture_is_added_and_removed_with_the_token_alone(client_of):
    client = client_of(Settings(write_token=TOKEN, rate=0), writable=True)
    olive, kind = png((120, 120, 0)), {"Content-Type": "image/png"}
    assert client.post("/v1/pictures", content=olive, headers=kind).status_code == 401
    wrong = kind | {"Authorization": "Bearer x"}
    assert client.post("/v1/pictures", content=olive, headers=wrong).status_code == 401
    may = {"Authorization": f"Bearer {TOKEN}"}
    form = {"picture": ("a.png", olive, "image/png")}
    added = client.post(
        "/v1/pictures?id=olive/a.png", files=form, data={"metadata": '{"n": 1}'}, headers=may
    )
    assert (added.status_code, added.json()) == (201, {"id": "olive/a.png"})
    hit = client.post("/v1/search", json={"photo": text_of(olive), "k": 1}).json()["hits"][0]
    assert (hit["id"], hit["metadata"]) == ("olive/a.png", {"class": "olive", "n": 1})
    assert client.delete("/v1/pictures/olive/a.png").status_code == 401
    assert client.delete("/v1/pictures/olive/a.png", headers=may).status_code == 204
    assert client.get("/v1/pictures/olive/a.png").status_code == 404
    assert client.delete("/v1/pictures/olive/a.png", headers=may).status_code == 404


def test_without_a_write_token_nothing_is_written(client):
    answer = client.post("/v1/pictures", content=RED, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "read_only")


def test_a_service_that_takes_pictures_is_not_made_without_a_token():
    with pytest.raises(ServingError, match="needs a token"):
        create_app(SimpleNamespace(writing=True), Settings())


def test_a_read_token_closes_everything_but_the_page_and_the_probes(client_of):
    client = client_of(Settings(read_token=TOKEN, rate=0))
    for path in ("/v1/info", "/metrics", "/v1/pictures/red/0.png", "/openapi.json"):
        assert client.get(path).status_code == 401
        may = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get(path, headers=may).status_code == 200
    for path in ("/", "/healthz", "/readyz"):
        assert client.get(path).status_code == 200


def test_info_tells_what_is_served_and_no_folder(client, tmp_path):
    told = client.get("/v1/info")
    values = told.json()
    assert values["model"] == {"name": "mean-colour", "digest": "c0" * 32, "dimension": 3}
    assert (values["index"]["items"], values["index"]["generation"]) == (12, 1)
    assert str(tmp_path) not in told.text


def test_metrics_count_stages_batches_and_refusals(client):
    client.post("/v1/search", json={"photo": text_of(RED)})
    client.post("/v1/search", json={"photo": "????"})
    client.post("/v1/search", json={"photo": text_of(RED), "k": 0})
    text = client.get("/metrics").text
    assert 'sbir_stage_seconds_count{stage="encode"} 1.0' in text
    assert 'sbir_rejects_total{code="invalid"} 1.0' in text  # of the service; base64 is HTTP's
    assert 'sbir_request_seconds_count{route="/v1/search",status="422"} 2.0' in text
    assert "sbir_index_items 12.0" in text and 'sbir_batch_pictures_count{domain="photo"} 1' in text


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b'{"k": 1, "k": 2}', 400, None),
        (b'{"k": NaN}', 400, None),
        (b"[" * 100_000, 400, None),
        (b'{"k": 1e999, "like": "red/0.png"}', 422, "k"),
        (b'{"k": ' + b"9" * 5000 + b"}", 400, None),
        (b'{"like": "\\ud800"}', 404, "id"),
        (b'{"like": "red/0.png", "filter": {"\\ud800": 1}}', 422, "filter"),
        (b'{"filtr": {}}', 422, "filtr"),
        (b'{"like": 3}', 422, "like"),
        (b'{"like": "red/0.png", "fields": "class"}', 422, "fields"),
        (b'{"strokes": {"width": 1, "height": 1}}', 422, "strokes.lines"),
        (
            b'{"strokes": {"width": 1, "height": 1, "lines": [{"points": [[1]], "width": 1}]}}',
            422,
            "strokes.lines[0].points",
        ),
        (b'{"strokes": {"width": "a", "height": 1, "lines": []}}', 422, "strokes.width"),
        (b"[]", 422, None),
        (b"\xff\xfe", 400, None),
    ],
)
def test_wrong_json_is_refused_in_the_one_shape(client, body, status, field):
    answer = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]["field"] == field
    assert set(answer.json()["error"]) == {"code", "message", "field"}


def test_unknown_names_are_told_the_nearest(client):
    assert "'filter'" in client.post("/v1/search", json={"filtr": {}}).json()["error"]["message"]
    answer = client.post("/v1/search", json={"like": "red/0.png", "filter": {"clas": "red"}})
    assert "'class'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/v1/search", 405),
        ("PUT", "/v1/pictures/red/0.png", 405),
        ("GET", "/page/../index.html", 404),
        ("GET", "/page/nothing.js", 404),
        ("GET", "/v1/pictures/../index/current", 404),
        ("GET", "/v1/pictures/%2e%2e/index/current", 404),
        ("GET", "/v1/pictures/nothing.png/thumb", 404),
    ],
)
def test_unknown_routes_and_methods_have_the_one_shape(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "field"}


def test_a_wrong_content_type_is_415(client):
    answer = client.post("/v1/search", content=b"a=1", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_refused_by_its_length_and_by_its_bytes(client_of):
    client = client_of(Settings(body_bytes=1000, rate=0))
    kind = {"Content-Type": "image/png"}
    assert client.post("/v1/search", content=b"x" * 1001, headers=kind).status_code == 413

    def parts():
        yield from [b"x" * 600] * 2

    assert client.post("/v1/search", content=parts(), headers=kind).status_code == 413


def test_a_picture_of_a_huge_size_is_refused_by_its_header(client):
    # A small picture whose header says 60,000 x 60,000, with the right checksum.
    whole = bytearray(RED)
    whole[16:24] = struct.pack(">II", 60_000, 60_000)
    whole[29:33] = struct.pack(">I", zlib.crc32(bytes(whole[12:29])))
    data = bytes(whole)
    answer = client.post("/v1/search", content=data, headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_a_client_that_asks_too_often_is_told_to_wait(client_of):
    client = client_of(Settings(rate=1))
    answers = [client.get("/healthz") for _ in range(5)]
    assert [answer.status_code for answer in answers][:2] == [200, 200]
    assert answers[-1].status_code == 429 and answers[-1].headers["retry-after"] == "1"


def test_other_origins_may_not_read_unless_named(client, client_of):
    origin = {"Origin": "https://example.org"}
    assert "access-control-allow-origin" not in client.get("/v1/info", headers=origin).headers
    opened = client_of(Settings(cors=("https://example.org",), rate=0))
    told = opened.get("/v1/info", headers=origin).headers
    assert told["access-control-allow-origin"] == "https://example.org"
    other = opened.get("/v1/info", headers={"Origin": "https://other.org"}).headers
    assert "access-control-allow-origin" not in other


@pytest.mark.parametrize("path", ["/", "/v1/info", "/nothing", "/v1/search"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "server" not in headers


def test_a_failure_of_the_service_shows_no_trace(client, monkeypatch):
    async def broken(query):
        raise RuntimeError("a secret")

    monkeypatch.setattr(client.service, "search", broken)
    answer = client.post("/v1/search", json={"like": "red/0.png"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_too_many_at_once_are_told_when_to_come_again(client_of):
    client = client_of(limits=Limits(least=0, most=0))
    answer = client.post("/v1/search", json={"photo": text_of(RED)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 1
