"""`sbir serve` as its users run it: starts, refusals, the end, kills, slow clients."""

import json
import signal
import socket
import subprocess
import threading

import numpy as np
import pytest

from serving.encoders import load_encoder
from tests.serving.http.running import PATIENCE, command, environment, running
from tests.serving.http.small import TOKEN, build_index, png

pytestmark = pytest.mark.slow
PNG = {"Content-Type": "image/png"}
MAY = PNG | {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def place(exported, gallery, tmp_path):
    return build_index(tmp_path / "index", load_encoder(exported), gallery)


def refused(*arguments, **more):
    """The one line of a server that does not start."""
    done = subprocess.run(
        command(*arguments),
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("sbir: ")]
    assert (done.returncode, len(lines)) == (2, 1), done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_it_searches_and_ends_with_success_when_told_to(exported, place, gallery):
    with running("--model", exported, "--index", place, "--pictures", gallery) as server:
        assert server.json("GET", "/readyz") == (200, {"ready": True, "reasons": []})
        status, found = server.json("POST", "/v1/search?k=2", png((220, 30, 20)), PNG)
        assert (status, len(found["hits"])) == (200, 2)
        assert server.end() == 0
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    assert [line["route"] for line in lines if "route" in line] == ["/readyz", "/v1/search"]


def test_what_cannot_be_served_is_refused_in_one_line(exported, export, place, tmp_path):
    other = export(tmp_path / "other", factor=2.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused("--model", exported, "--index", place, "--port", port)
        assert "Name another with --port" in said
    assert "no such model" in refused("--model", tmp_path / "none", "--index", place, "--port", 0)
    assert "none" in refused("--model", exported, "--index", tmp_path / "none", "--port", 0)
    assert "was built by" in refused("--model", other, "--index", place, "--port", 0)
    uploads = ("--uploads", tmp_path / "up")
    assert "SBIR_WRITE_TOKEN" in refused("--model", exported, "--index", place, *uploads)
    short = {"SBIR_READ_TOKEN": "short"}
    assert "16" in refused("--model", exported, "--index", place, **short)
    assert "--cors" in refused("--model", exported, "--index", place, "--cors", "*")


def test_no_acknowledged_picture_is_lost_by_a_kill(exported, place, gallery, tmp_path):
    uploads = ("--uploads", tmp_path / "up", "--save-after", 5, "--rate", 0)
    told, rng = [], np.random.default_rng(0)
    pictures = [png(tuple(rng.integers(0, 256, 3).tolist())) for _ in range(60)]
    with running("--model", exported, "--index", place, *uploads, SBIR_WRITE_TOKEN=TOKEN) as server:

        def send():
            for number, picture in enumerate(pictures):
                try:
                    answer = server.json("POST", f"/v1/pictures?id=a/{number}.png", picture, MAY)
                except (OSError, ValueError):
                    return
                if answer[0] == 201:
                    told.append(answer[1]["id"])
                    if len(told) == 23:
                        enough.set()

        enough = threading.Event()
        sender = threading.Thread(target=send)
        sender.start()
        assert enough.wait(PATIENCE)
        server.process.send_signal(signal.SIGKILL)
        sender.join()
    with running("--model", exported, "--index", place, *uploads, SBIR_WRITE_TOKEN=TOKEN) as server:
        for name in told:
            status, data, _ = server.ask("GET", f"/v1/pictures/{name}")
            assert (status, data) == (200, pictures[int(name[2:-4])])
    assert len(told) >= 23


def test_what_was_asked_before_the_end_is_answered(exported, place, gallery):
    with running("--model", exported, "--index", place) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as slow:
            body = png((220, 30, 20))
            head = "POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
            slow.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
            server.json("GET", "/healthz")  # the half of it has arrived
            server.process.send_signal(signal.SIGTERM)
            slow.sendall(body[10:])
            slow.settimeout(PATIENCE)
            assert slow.recv(100).startswith(b"HTTP/1.1 200")
        assert server.process.wait(PATIENCE) == 0


def test_clients_that_do_not_go_on_are_hung_up_on(exported, place, monkeypatch):
    from serving.http import run
    from serving.http.settings import Settings

    settings = Settings(header_seconds=0.2, body_seconds=0.2)
    served = run.Served(str(exported), str(place), port=0, settings=settings)
    heard = []

    def ask(line):
        port = int(line.rpartition(":")[2])
        threading.Thread(target=clients, args=(port,)).start()

    def clients(port):
        for start in (
            b"GET /healthz HT",
            b"POST /v1/search HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: image/png\r\nContent-Length: 99\r\n\r\nabc",
        ):
            with socket.create_connection(("127.0.0.1", port)) as slow:
                slow.settimeout(PATIENCE)
                slow.sendall(start)
                heard.append(slow.recv(100))
        signal.raise_signal(signal.SIGTERM)

    run.serve(served, told=ask)
    assert heard[0] == b""
    assert heard[1].startswith(b"HTTP/1.1 408")
