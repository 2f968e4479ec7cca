"""The API's documentation: whole, and its examples work."""

import re
from pathlib import Path

from serving.http.described import EXAMPLE

ROOT = Path(__file__).parents[3]
API = (ROOT / "docs" / "api.md").read_text()


def test_every_route_is_in_the_documents_table_and_the_other_way_round(client):
    described = client.get("/openapi.json").json()["paths"]
    routes = {
        (method.upper(), path.replace(":path", ""))
        for path, methods in described.items()
        for method in methods
    }
    told = set(re.findall(r"^\| `(GET|POST|DELETE) (\S+)` \|", API, re.MULTILINE))
    assert routes == told


def test_the_example_of_every_json_body_is_answered(client):
    described = client.get("/openapi.json").json()["paths"]
    asked = 0
    for path, methods in described.items():
        for method, about in methods.items():
            content = about.get("requestBody", {}).get("content", {})
            example = content.get("application/json", {}).get("example")
            if example is not None:
                place = path.replace("{id}", "red/0.png")
                assert client.request(method.upper(), place, json=example).status_code == 200
                asked += 1
    assert asked == 3
    assert client.post("/v1/search", json=EXAMPLE).status_code == 200


def test_every_code_of_an_error_is_documented():
    from serving.http import asked, bodies, guards
    from serving.service import errors

    for module in (errors, asked, bodies, guards):
        for one in vars(module).values():
            known = isinstance(one, type) and issubclass(one, errors.ServiceError)
            if known and one not in (errors.ServiceError, errors.NotNow):
                assert f"`{one.code}`" in API, one
                assert str(one.status) in API
