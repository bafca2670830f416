"""What stored records hold, whichever way they came: Avro's bytes, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .avro.decode import Decoded, decode_record, schema_id_of
from .avro.schemas import VECTOR_RECORD
from .errors import DataLoss
from .releases import Reader, reader_of
from .rows import Float32Array
from .wire import Contents
from .wire.json import metadata_of


class Readers:
    """A reader a writer's schema, by its id."""

    def __init__(self) -> None:
        self._readers: dict[int, Reader] = {}

    def learn(self, schema_id: int, schema: str) -> None:
        """What a writer's schema is: ours, which is read by hand, or another, which takes an Avro library."""
        self._readers[schema_id] = decode_record if schema == VECTOR_RECORD else reader_of(schema)

    def unknown(self, contents: Sequence[Contents]) -> Iterator[int]:
        """Schema ids whose reader is not here yet."""
        for record in contents:
            if isinstance(record, bytes) and schema_id_of(record) not in self._readers:
                yield schema_id_of(record)

    def read(self, contents: Sequence[Contents]) -> list[Decoded | None]:
        """:raises DataLoss: for bytes that are no record."""
        try:
            return [None if each is None else self._read(each) for each in contents]
        except (ValueError, IndexError) as error:
            raise DataLoss(f"a record cannot be read: {error}") from error

    def _read(self, record: bytes | Mapping[str, Any]) -> Decoded:
        return self._readers[schema_id_of(record)](record) if isinstance(record, bytes) else _from_json(record)


def _from_json(record: Mapping[str, Any]) -> Decoded:
    vector = record.get("vector")
    expires_at = record.get("expiresAt")
    return Decoded(
        None if vector is None else np.array(vector, dtype="<f4"), metadata_of(record.get("metadata", {})),
        int(record.get("timestamp", 0)), None if expires_at is None else int(expires_at),
    )  # fmt: skip


def stacked(vectors: Sequence[Float32Array]) -> Float32Array:
    """One a row: each is copied once, as a block."""
    matrix = np.empty((len(vectors), vectors[0].size if vectors else 0), dtype="<f4")
    for row, vector in enumerate(vectors):
        matrix[row] = vector
    return matrix
