"""What is measured, a function each; plain values out."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.serving.arithmetic import slope, summary
from benchmarks.serving.server import PNG, TOKEN, Client, at_a_rate, serving, together

ROUNDS, EACH = 5, 100
BATCHES = (8, 16, 32)


@contextmanager
def bare(model: str, index: Path, pictures: list[Path]) -> Iterator:
    """The encoder and the index alone; gives `ask(line)`."""
    command = [sys.executable, "-m", "benchmarks.serving.bare", model, str(index)]
    process = subprocess.Popen(
        [*command, *map(str, pictures)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def ask(line: str) -> list[float]:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    try:
        assert process.stdout.readline().strip() == "ready"
        yield ask
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def latency(model: str, index: Path, files: list[Path], scale: float) -> dict:
    """One client and eight, beside the bare calls, in turn; then twice the capacity."""
    pictures = [file.read_bytes() for file in files]
    each = max(10, int(EACH * scale))
    with serving(model, index) as server, bare(model, index, files) as ask:
        client = Client(server.port)
        for _ in range(20):
            client.search(pictures[0])
        served, alone = [], []
        for _ in range(ROUNDS):
            served += [client.search(pictures[at % len(pictures)])[1] for at in range(each)]
            alone += ask(f"one {each}")
        one, eight, batched = [], [], []
        waits: list[float] = []
        refused = 0
        for _ in range(ROUNDS):
            one.append(together(server.port, 1, each // 2, pictures)[0])
            rate, times, away = together(server.port, 8, each // 2, pictures)
            eight.append(rate)
            waits += times
            refused += away
            batched.append(max(max(ask(f"batch {size}")) for size in BATCHES))
        capacity = float(np.median(eight))
        over = at_a_rate(server.port, 2 * capacity, max(3.0, 10 * scale), pictures)
    answered = [seconds for status, seconds in over if status == 200]
    told = [seconds for status, seconds in over if status == 503]
    return {
        "served": summary(served),
        "bare": summary(alone),
        "one": float(np.median(one)),
        "eight": capacity,
        "eight_waits": summary(waits),
        "eight_refused": refused / (refused + len(waits)),
        "batched": float(np.median(batched)),
        "over": {
            "rate": 2 * capacity,
            "answered": len(answered),
            "refused": len(told),
            "failed": len(over) - len(answered) - len(told),
            "answered_p95": summary(answered)["p95"] if answered else None,
            "refused_p95": summary(told)["p95"] if told else None,
        },
    }


def soak(model: str, index: Path, files: list[Path], requests: int, folder: Path) -> dict:
    """Four clients and a writer; memory after a quarter of the requests."""
    pictures = [file.read_bytes() for file in files]
    uploads = folder / "uploads"
    options = ("--uploads", str(uploads), "--save-after", "100")
    options += ("--write-token-file", str(token_file(folder)))
    with serving(model, index, *options) as server:
        memory: list[tuple[float, int, int]] = []
        done = [0, 0]  # answered, failed
        ended = threading.Event()

        def search(number: int) -> None:
            client = Client(server.port)
            while sum(done) < requests:
                status, _ = client.search(pictures[number % len(pictures)])
                done[status != 200] += status != 503
                if status == 503:
                    time.sleep(0.02)

        def write() -> None:
            client, number = Client(server.port), 0
            may = PNG | {"Authorization": f"Bearer {TOKEN}"}
            while not ended.wait(0.4):
                client.post(f"/v1/pictures?id=soak/{number}.png", pictures[0], may)
                number += 1

        def watch() -> None:
            while not ended.wait(1.0):
                memory.append((time.perf_counter(), server.resident(), sum(done)))

        threads = [threading.Thread(target=search, args=(at,)) for at in range(4)]
        others = [threading.Thread(target=one) for one in (write, watch)]
        began = time.perf_counter()
        for thread in (*threads, *others):
            thread.start()
        for thread in threads:
            thread.join()
        ended.set()
        for thread in others:
            thread.join()
        seconds = time.perf_counter() - began
        client = Client(server.port)
        client._connection.request("GET", "/v1/info")
        generation = json.loads(client._connection.getresponse().read())["index"]["generation"]
    warm = [(at, used) for at, used, count in memory if count > requests / 2]
    grows, error = slope(*zip(*warm, strict=True)) if len(warm) > 3 else (float("nan"),) * 2
    return {
        "requests": sum(done),
        "failed": done[1],
        "seconds": seconds,
        "switches": generation - 1,
        "memory": warm[-1][1] if warm else None,
        "per_hour": [3600 * grows, 3600 * error],
        "measured": warm[-1][0] - warm[0][0] if warm else 0,
    }


def token_file(folder: Path) -> Path:
    file = folder / "token"
    file.write_text(TOKEN)
    return file


def start(model: str, index: Path) -> dict:
    """Seconds from the command to ready, the median of three; files were read before."""
    seconds = []
    for _ in range(3):
        with serving(model, index) as server:
            seconds.append(server.seconds)
    return {"seconds": float(np.median(seconds))}
