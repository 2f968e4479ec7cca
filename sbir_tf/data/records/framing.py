"""How a TFRecord file frames what it holds: length, its checksum, the bytes, their checksum.

Written out here, in a few lines, so that a build needs no TensorFlow and a reader may start at
any record.
"""

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

import google_crc32c

HEADER, FOOTER = 12, 4  # bytes before and after a record's own


class DamagedRecord(ValueError):
    """What is wrong with the record at an offset, without saying in which file."""


def frame(data: bytes) -> bytes:
    """A record as it lies in a TFRecord file.

    Args:
        data: What it holds.

    Returns:
        16 bytes more than `data`.
    """
    length = struct.pack("<Q", len(data))
    return b"".join((length, _masked_crc(length), data, _masked_crc(data)))


def framed_length(length: int) -> int:
    """Bytes that a record of so many bytes takes in a file."""
    return HEADER + length + FOOTER


def unframe(framed: bytes, length: int) -> bytes:
    """What a framed record holds, both checksums and its length compared.

    Args:
        framed: As it was read from the file.
        length: Of what it must hold.

    Returns:
        Its bytes.

    Raises:
        DamagedRecord: Truncated, of another length, or altered.
    """
    if len(framed) != framed_length(length):
        raise DamagedRecord(f"truncated: {len(framed)} of {framed_length(length)} bytes are there")
    said = _length_of(framed[:HEADER])
    if said != length:
        raise DamagedRecord(f"another record: it holds {said} bytes, not {length}")
    return _checked(framed[HEADER:])


class Seen:
    """A file of which somebody sees every byte that is read.

    Args:
        file: Opened for reading in binary.
        saw: Is given what is read.
    """

    def __init__(self, file: BinaryIO, saw: Callable[[bytes], object]):
        self.file, self.saw = file, saw

    def read(self, size: int) -> bytes:
        piece = self.file.read(size)
        self.saw(piece)
        return piece


def records_of(file: BinaryIO | Seen) -> Iterator[tuple[int, bytes]]:
    """The records of a file from its start, in order.

    Args:
        file: Opened for reading in binary.

    Yields:
        Pairs (offset in the file, what the record holds).

    Raises:
        DamagedRecord: With `offset`, where the file is truncated or altered.
    """
    offset = 0
    while header := file.read(HEADER):
        try:
            data = _next(file, header)
        except DamagedRecord as error:
            error.offset = offset
            raise
        yield offset, data
        offset += framed_length(len(data))


def _next(file: BinaryIO | Seen, header: bytes) -> bytes:
    length = _length_of(header)
    body = file.read(length + FOOTER)
    if len(body) != length + FOOTER:
        there = len(header) + len(body)
        raise DamagedRecord(f"truncated: {there} of {framed_length(length)} bytes are there")
    return _checked(body)


def _length_of(header: bytes) -> int:
    if len(header) != HEADER:
        raise DamagedRecord(f"truncated: {len(header)} bytes are there")
    if _masked_crc(header[:8]) != header[8:]:
        raise DamagedRecord("altered: the checksum of its length does not match")
    return struct.unpack("<Q", header[:8])[0]


def _checked(body: bytes) -> bytes:
    data = body[:-FOOTER]
    if _masked_crc(data) != body[-FOOTER:]:
        raise DamagedRecord("altered: its checksum does not match")
    return data


def _masked_crc(data: bytes) -> bytes:
    # TensorFlow masks checksums, lest the checksum of data that holds checksums be weak.
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
