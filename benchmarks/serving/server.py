"""`sbir serve` as a process, and clients of it."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

TOKEN = "benchmark-token-0123"
PNG = {"Content-Type": "image/png"}
PATIENCE = 120


class Client:
    """One kept connection."""

    def __init__(self, port: int):
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def search(self, picture: bytes) -> tuple[int, float]:
        """Status, and seconds from PNG to ten results as plain values."""
        began = time.perf_counter()
        status, body = self.post("/v1/search?k=10", picture, PNG)
        json.loads(body)
        return status, time.perf_counter() - began


class Server:
    """A running service."""

    def __init__(self, process: subprocess.Popen, port: int, seconds: float):
        self.process, self.port, self.seconds = process, port, seconds

    def resident(self) -> int:
        """Bytes of its own."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


@contextmanager
def serving(model: str, index: Path, *options: str) -> Iterator[Server]:
    """A service that is ready; `seconds` is how long that took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "sbir_tf", "serve", "--model", model, "--index", str(index)]
    command += ["--port", "0", "--rate", "0", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = process.stdout.readline()
        port = int(re.search(r":(\d+)$", line.split(";")[0].strip())[1])
        yield Server(process, port, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        process.stdout.close()


def together(port: int, clients: int, each: int, pictures: list[bytes]) -> tuple[float, list, int]:
    """Closed loop: answers a second, their seconds, and how many were told to come again."""
    times: list[float] = []
    refused = 0
    lock = threading.Lock()

    def run(number: int) -> None:
        nonlocal refused
        client, mine, away = Client(port), [], 0
        while len(mine) < each:
            status, seconds = client.search(pictures[(number + len(mine)) % len(pictures)])
            if status == 200:
                mine.append(seconds)
            else:
                away += 1
                time.sleep(0.05)
        with lock:
            times.extend(mine)
            refused += away

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.perf_counter() - began), times, refused


def at_a_rate(port: int, rate: float, seconds: float, pictures: list[bytes]) -> list:
    """Open loop: (status, seconds since it should have been sent) of requests at a steady rate."""
    count, found = int(rate * seconds), []
    numbers, lock = iter(range(count)), threading.Lock()
    start = time.perf_counter() + 0.2

    def run() -> None:
        client = Client(port)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            due = start + number / rate
            time.sleep(max(0, due - time.perf_counter()))
            status, _ = client.search(pictures[number % len(pictures)])
            with lock:
                found.append((status, time.perf_counter() - due))

    threads = [threading.Thread(target=run) for _ in range(48)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
