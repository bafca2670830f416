"""Bytes → records. The vector is a view on the bytes; whoever keeps it copies it once, as a block."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from ..metadata import Metadata, MetadataValue
from ..rows import Float32Array

WIRE_HEADER_BYTES = 5
_double = struct.Struct("<d").unpack_from


class Decoded(NamedTuple):
    """What a record holds beside its id."""

    #: Read-only, and perhaps unaligned, where it is a view.
    vector: Float32Array | None
    metadata: Metadata
    timestamp: int
    expires_at: int | None


def schema_id_of(record: bytes) -> int:
    """:raises ValueError: if it does not begin as a record does."""
    if len(record) < WIRE_HEADER_BYTES or record[0] != 0:
        raise ValueError("a record begins with 0 and its schema's id")
    return int.from_bytes(record[1:WIRE_HEADER_BYTES], "big")


def decode_record(record: bytes) -> Decoded:
    """
    A record in the schema that this client knows, with its wire header.

    :raises ValueError: if it ends before its end, or goes on after it; IndexError likewise.
    """
    size, at = _long(record, WIRE_HEADER_BYTES)
    vector, at = _vector(record, at + size)
    metadata, at = _map(record, at)
    timestamp, at = _long(record, at)
    branch, at = _long(record, at)
    expires_at = None
    if branch == 1:
        expires_at, at = _long(record, at)
    if at != len(record):
        raise ValueError("bytes after the end of the record")
    return Decoded(vector, metadata, timestamp, expires_at)


def _long(buffer: bytes, at: int) -> tuple[int, int]:
    byte = buffer[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    value, shift = byte & 0x7F, 7
    while True:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7


def _count(buffer: bytes, at: int) -> tuple[int, int]:
    """Items of a block; a negative count has the block's size in bytes after it."""
    count, at = _long(buffer, at)
    if count >= 0:
        return count, at
    return -count, _long(buffer, at)[1]


def _vector(buffer: bytes, at: int) -> tuple[Float32Array, int]:
    blocks: list[Float32Array] = []
    while True:
        count, at = _count(buffer, at)
        if count == 0:
            break
        blocks.append(np.frombuffer(buffer, "<f4", count, at))
        at += 4 * count
    if len(blocks) == 1:
        return blocks[0], at
    return (np.concatenate(blocks) if blocks else np.empty(0, dtype="<f4")), at


def _map(buffer: bytes, at: int) -> tuple[dict[str, MetadataValue], int]:
    values: dict[str, MetadataValue] = {}
    while True:
        count, at = _count(buffer, at)
        if count == 0:
            return values, at
        for _ in range(count):
            key, at = _string(buffer, at)
            values[key], at = _value(buffer, at)


def _bytes(buffer: bytes, at: int) -> tuple[bytes, int]:
    size, at = _long(buffer, at)
    end = at + size
    if size < 0 or end > len(buffer):
        raise ValueError("the record ends in the middle of a value")
    return buffer[at:end], end


def _string(buffer: bytes, at: int) -> tuple[str, int]:
    text, at = _bytes(buffer, at)
    return text.decode(), at


def _value(buffer: bytes, at: int) -> tuple[MetadataValue, int]:
    branch, at = _long(buffer, at)
    if branch == 4:
        return _string(buffer, at)
    if branch == 2:
        return _long(buffer, at)
    if branch == 3:
        if at + 8 > len(buffer):
            raise ValueError("the record ends in the middle of a value")
        return _double(buffer, at)[0], at + 8
    if branch == 1:
        return buffer[at] != 0, at + 1
    if branch == 0:
        return None, at
    if branch == 5:
        return _bytes(buffer, at)
    if branch == 6:
        return _array(buffer, at)
    if branch == 7:
        return _map(buffer, at)
    raise ValueError(f"a metadata value of the unknown kind {branch}")


def _array(buffer: bytes, at: int) -> tuple[list[MetadataValue], int]:
    items: list[MetadataValue] = []
    while True:
        count, at = _count(buffer, at)
        if count == 0:
            return items, at
        for _ in range(count):
            item, at = _value(buffer, at)
            items.append(item)
