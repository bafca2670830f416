"""What Avro is made of: variable-length integers, strings, and our union of metadata values."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..metadata import MetadataValue

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1


class Unfit(Exception):
    """A value that no record can hold."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def zigzag(value: int) -> bytes:
    """A long as Avro writes it; the caller has checked its range."""
    return varint((value << 1) ^ (value >> 63))


def varint(coded: int) -> bytes:
    """A number that is not negative, 7 bits a byte, as Avro and protobuf write it."""
    if coded < 0x80:
        return _one_byte[coded]
    out = bytearray()
    while coded > 0x7F:
        out.append((coded & 0x7F) | 0x80)
        coded >>= 7
    out.append(coded)
    return bytes(out)


_one_byte = [bytes([value]) for value in range(0x80)]


def long(value: int, field: str) -> bytes:
    if not LONG_MIN <= value <= LONG_MAX:
        raise Unfit(field, "an integer takes more than 64 bits; write it as a float or a string")
    return zigzag(value)


def string(value: str, field: str) -> bytes:
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        raise Unfit(field, "has half of a surrogate pair") from None
    return zigzag(len(encoded)) + encoded


#: Keys come again with every record. Where they do not, the cache stays as it was when it was full.
_keys: dict[str, bytes] = {}
_KEYS_MAX = 4096


def _key(key: str, field: str) -> bytes:
    encoded = _keys.get(key)
    if encoded is None:
        if not isinstance(key, str):
            raise Unfit(field, f"a key is a string, not {type(key).__name__}")
        encoded = string(key, field)
        if len(_keys) < _KEYS_MAX:
            _keys[key] = encoded
    return encoded


def metadata_map(values: Mapping[str, MetadataValue], field: str) -> bytes:
    """A map of `Value`: one block, and its end."""
    if not values:
        return b"\0"
    parts = [zigzag(len(values))]
    for key, value in values.items():
        parts.append(_key(key, field))
        _append(parts, value, field, key)
    parts.append(b"\0")
    return b"".join(parts)


def _append(parts: list[bytes], value: MetadataValue, field: str, key: str | int) -> None:
    writer = _writers.get(type(value))
    if writer is None:
        value = _plain(value, _below(field, key))
        writer = _writers[type(value)]
    writer(parts, value, field, key)


def _below(field: str, key: str | int) -> str:
    return f"{field}[{key}]" if isinstance(key, int) else f"{field}.{key}"


def _plain(value: object, field: str) -> Any:
    """Of a subclass, a numpy value or another collection, the plain Python value."""
    if isinstance(value, (np.generic, np.ndarray)) and value.dtype.kind in "biufSUO":
        return value.tolist()
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise Unfit(field, f"metadata cannot hold {type(value).__name__}")


def _null(parts: list[bytes], value: None, field: str, key: str | int) -> None:
    parts.append(b"\x00")


def _boolean(parts: list[bytes], value: bool, field: str, key: str | int) -> None:
    parts.append(b"\x02\x01" if value else b"\x02\x00")


def _long(parts: list[bytes], value: int, field: str, key: str | int) -> None:
    if not LONG_MIN <= value <= LONG_MAX:
        long(value, _below(field, key))
    parts.append(b"\x04" + zigzag(value))


_pack_double = struct.Struct("<cd").pack


def _double(parts: list[bytes], value: float, field: str, key: str | int) -> None:
    if value - value != 0:
        raise Unfit(_below(field, key), "must be finite")
    parts.append(_pack_double(b"\x06", value))


def _string(parts: list[bytes], value: str, field: str, key: str | int) -> None:
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        raise Unfit(_below(field, key), "has half of a surrogate pair") from None
    parts.append(b"\x08" + zigzag(len(encoded)) + encoded)


def _bytes(parts: list[bytes], value: bytes, field: str, key: str | int) -> None:
    parts.append(b"\x0a" + zigzag(len(value)) + value)


def _array(parts: list[bytes], value: Sequence[MetadataValue], field: str, key: str | int) -> None:
    parts.append(b"\x0c")
    if value:
        parts.append(zigzag(len(value)))
        here = _below(field, key)
        for index, item in enumerate(value):
            _append(parts, item, here, index)
    parts.append(b"\0")


def _map(parts: list[bytes], value: Mapping[str, MetadataValue], field: str, key: str | int) -> None:
    parts.append(b"\x0e" + metadata_map(value, _below(field, key)))


_writers: dict[type, Callable[[list[bytes], Any, str, str | int], None]] = {
    type(None): _null, bool: _boolean, int: _long, float: _double, str: _string, bytes: _bytes, list: _array, tuple: _array,
    dict: _map,
}  # fmt: skip
