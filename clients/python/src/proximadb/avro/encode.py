"""
Records → bytes, written by hand: a vector is copied as one block of memory, never element by element, and a record is joined
from its parts once. `tests/test_avro.py` compares every byte with an Avro library, and with the golden files of the schemas.
"""

from __future__ import annotations

from ..errors import invalid
from ..rows import Expiry, Patch, Rows, micros, vector_of
from .primitives import Unfit, long, metadata_map, string, zigzag


def wire_header(schema_id: int) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big")


def encode_records(schema_id: int, rows: Rows, start: int, stop: int) -> list[bytes]:
    """
    The records from `start` to `stop`, each with its wire header.

    :raises InvalidArgument: naming record and field, for what no record can hold.
    """
    header = wire_header(schema_id)
    ids, metadata = rows.ids, rows.metadata
    vectors = rows.vectors.reshape(-1).data.cast("B")
    dimension = rows.vectors.shape[1]
    width = 4 * dimension
    head = zigzag(dimension) if dimension > 0 else b""
    encoded: list[bytes] = []
    row = start
    try:
        same_tail = _tail(rows, 0) if isinstance(rows.timestamps, int) and _is_one(rows.expires_at) else None
        for row in range(start, stop):
            encoded.append(b"".join((
                header, string(ids[row], "id"), head, vectors[row * width:(row + 1) * width], b"\0",
                b"\0" if metadata is None else metadata_map(metadata[row], "metadata"),
                _tail(rows, row) if same_tail is None else same_tail,
            )))  # fmt: skip
    except Unfit as unfit:
        raise invalid(unfit.reason, record=row, field=unfit.field) from None
    return encoded


def encode_patch(schema_id: int, patch: Patch, record: int) -> bytes:
    """A patch with its wire header. :raises InvalidArgument: naming record and field."""
    try:
        parts = [wire_header(schema_id), string(patch.id, "id")]
        if patch.vector is None:
            parts.append(b"\0")
        else:
            vector = vector_of(patch.vector, "vector", record)
            block = zigzag(vector.size) + vector.tobytes() if vector.size > 0 else b""
            parts.append(b"\x02" + block + b"\0")
        parts.append(metadata_map(patch.set or {}, "set"))
        if patch.unset:
            parts.append(zigzag(len(patch.unset)))
            parts.extend(string(key, f"unset[{index}]") for index, key in enumerate(patch.unset))
        parts.append(b"\0")
        parts.append(_optional_long(None if patch.timestamp is None else micros(patch.timestamp, "timestamp", record), "timestamp"))
        if patch.expires_at is None:
            parts.append(b"\0")
        else:
            at = None if isinstance(patch.expires_at, Expiry) else micros(patch.expires_at, "expires_at", record)
            parts.append(b"\x02" + _optional_long(at, "expires_at"))
        return b"".join(parts)
    except Unfit as unfit:
        raise invalid(unfit.reason, record=record, field=unfit.field) from None


def _is_one(value: object) -> bool:
    return value is None or isinstance(value, int)


def _tail(rows: Rows, row: int) -> bytes:
    return long(rows.timestamp(row), "timestamp") + _optional_long(rows.expiry(row), "expires_at")


def _optional_long(value: int | None, field: str) -> bytes:
    return b"\0" if value is None else b"\x02" + long(value, field)
