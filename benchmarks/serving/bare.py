"""The encoder and the index alone, in a process of their own: what a search costs at least.

    python -m benchmarks.serving.bare MODEL INDEX PICTURE...

Reads lines: "one N" times N searches one after the other, "batch B" batches of B; answers in JSON.
"""

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from serving.encoders import load_encoder
from serving.index import open_index


def main() -> None:
    model, index, *files = sys.argv[1:]
    pictures = [Path(file).read_bytes() for file in files]
    encoder = load_encoder(model)
    with closing(open_index(index)) as opened:

        def search(some: list[bytes]) -> float:
            began = time.perf_counter()
            opened.search(encoder.encode(some, "sketch"), 10)
            return time.perf_counter() - began

        search(pictures[:1])
        print("ready", flush=True)
        for line in sys.stdin:
            kind, count = line.split()
            if kind == "one":
                found = [search([pictures[at % len(pictures)]]) for at in range(int(count))]
            else:
                batch = (pictures * (int(count) // len(pictures) + 1))[: int(count)]
                found = [int(count) / search(batch) for _ in range(4)]
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
