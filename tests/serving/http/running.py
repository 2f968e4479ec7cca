"""`sbir serve` as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE = 120


@dataclass
class Running:
    """A server: its port, its process, and what it has written to stderr."""

    port: int
    process: subprocess.Popen
    log: list = field(default_factory=list)

    def ask(self, method, path, body=None, headers=()):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def json(self, method, path, body=None, headers=()):
        status, data, _ = self.ask(method, path, body, headers)
        return status, json.loads(data)

    def resident(self):
        """Bytes of memory of its own."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

    def end(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)
        return self.process.wait(PATIENCE)


def command(*arguments):
    return [sys.executable, "-m", "sbir_tf", "serve", *map(str, arguments)]


def environment(**more):
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"} | more


@contextmanager
def running(*arguments, **more):
    """A server at a free port; killed in the end if it is there still."""
    process = subprocess.Popen(
        command(*arguments, "--port", 0),
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = []
    reader = threading.Thread(target=lambda: log.extend(process.stderr), daemon=True)
    reader.start()
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert found, (line, log)
        yield Running(int(found[1]), process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()
