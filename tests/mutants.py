"""Damaged pictures, the same ones every time, and a process that reads them all.

    python -m tests.mutants FOLDER

writes them to a folder, reads each, and prints what became of it.
"""

import json
import random
import resource
import struct
import sys
import time
import zlib
from pathlib import Path

from tests import stored

EACH = 60  # of every way to store a picture
MEMORY = 2 * 2**30  # bytes of address space
MAX_PIXELS = 4_000_000
LARGE = (0xFFFF, 0x7FFF, 4096, 20_000, 1, 0)


def mutants(seed=1):
    """(name, bytes): `EACH` of every picture in `stored`, each harmed in one or two ways."""
    for picture, data in stored.stored().items():
        chance = random.Random(f"{seed} {picture}")
        for number in range(EACH):
            harmed, ways = data, []
            for _ in range(chance.choice((1, 1, 2))):
                way = chance.choice(WAYS)
                harmed, ways = way(harmed, chance), [*ways, way.__name__]
            name = "-".join((picture.replace(" ", "_").replace(":", ""), str(number), *ways))
            yield f"{name}.{picture.split()[0]}", harmed


def flip_bits(data, chance):
    harmed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        harmed[chance.randrange(len(harmed))] ^= 1 << chance.randrange(8)
    return bytes(harmed)


def cut_off(data, chance):
    return data[: chance.randrange(4, len(data))]


def blank(data, chance):
    start = chance.randrange(len(data))
    length = chance.randint(1, max(1, len(data) // 4))
    return data[:start] + bytes(length) + data[start + length :]


def splice(data, chance):
    """A piece moved elsewhere."""
    start, end = sorted(chance.sample(range(len(data) + 1), 2))
    place = chance.randrange(len(data))
    return data[:place] + data[start:end] + data[place:]


def drop(data, chance):
    start = chance.randrange(8, len(data))
    return data[:start] + data[start + chance.randint(1, 40) :]


def edit_head(data, chance):
    """Numbers in the header: sizes, depths, offsets."""
    harmed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(4, min(60, len(harmed) - 4))
        order = chance.choice("<>")
        harmed[place : place + 2] = struct.pack(f"{order}H", chance.choice(LARGE))
    return bytes(harmed)


def edit_chunk(data, chance):
    """A PNG's chunk with other bytes and the right sum, so that the decoder goes on to read it."""
    if not data.startswith(b"\x89PNG"):
        return edit_head(data, chance)
    parts, place = [], 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        parts.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    if not parts:
        return flip_bits(data, chance)
    number = chance.randrange(len(parts))
    kind, body = parts[number]
    if kind == b"IDAT" and chance.random() < 0.5:
        body = zlib.compress(bytes(chance.randrange(2_000_000)))  # unfolds to more than its picture
    elif body:
        body = flip_bits(body, chance)
    parts[number] = (chance.choice((kind, b"tEXt", b"iCCP", b"PLTE", b"acTL", b"eXIf")), body)
    return data[:8] + b"".join(stored.chunk(kind, body) for kind, body in parts)


def repeat(data, chance):
    """A piece many times over."""
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randint(1, 64)]
    return data[:start] + piece * chance.randint(2, 500) + data[start:]


WAYS = (flip_bits, cut_off, blank, splice, drop, edit_head, edit_chunk, repeat)


def read_all(folder):
    """Read every file of a folder; what became of each is printed as a line of JSON."""
    import numpy as np

    from pictures import PictureError, examine_picture, read_picture

    for path in sorted(folder.iterdir()):
        print(path.name, file=sys.stderr, flush=True)  # the last one, should the process die
        began = time.process_time()
        try:
            rgb = read_picture(path, longest=None, max_pixels=MAX_PIXELS)
            examine_picture(path, MAX_PIXELS)
            small = read_picture(path, longest=32, max_pixels=MAX_PIXELS)
            fine = [a.dtype == np.uint8 and a.ndim == 3 and a.shape[2] == 3 for a in (rgb, small)]
            became = (
                "read" if all(fine) and max(small.shape) <= 32 else f"{rgb.shape} {small.shape}"
            )
        except PictureError as error:
            became = "refused" if path.name in str(error) else f"not named: {error}"
        except BaseException as error:
            became = f"{type(error).__name__}: {error}"
        seconds = time.process_time() - began
        print(json.dumps({"name": path.name, "became": became, "seconds": seconds}))
    print(json.dumps({"peak": peak_memory()}))


def peak_memory():
    """Bytes. (getrusage would tell of the process that started this one, too.)"""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    for name, data in mutants():
        (place / name).write_bytes(data)
    read_all(place)
