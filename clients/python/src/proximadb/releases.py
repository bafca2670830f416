"""Records in the schema of another release. That takes an Avro library, which nobody needs whose server has the client's release."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from .avro.decode import WIRE_HEADER_BYTES, Decoded
from .avro.schemas import PATCH_RECORD, VECTOR_RECORD
from .errors import FailedPrecondition, Unimplemented

#: Takes a record with its wire header and gives another one.
Translate: TypeAlias = Callable[[bytes], bytes]

_ours = {"VectorRecord": VECTOR_RECORD, "PatchRecord": PATCH_RECORD}


class Reader(Protocol):
    def __call__(self, record: bytes, /) -> Decoded: ...


def reader_of(schema: str) -> Reader:
    """
    Reads records of another schema: of its fields, those that this client knows.

    :raises Unimplemented: without an Avro library.
    """
    theirs = _Schema(schema)

    def read(record: bytes, /) -> Decoded:
        fields = theirs.read(record[WIRE_HEADER_BYTES:])
        metadata = {key: _unwrapped(value) for key, value in fields.get("metadata", {}).items()}
        vector = np.asarray(fields.get("vector", ()), dtype="<f4")
        return Decoded(vector, metadata, fields.get("timestamp", 0), fields.get("expires_at"))

    return read


def translator_of(name: str, schema: str) -> Translate | None:
    """
    Writes records of ours anew in the server's schema: fields are found by name, those that only the server knows get their
    defaults. None: the schemas are one.

    :param name: of the schema, `VectorRecord` or `PatchRecord`.
    :raises Unimplemented: without an Avro library.
    :raises FailedPrecondition: from the function, if the server's schema has no place for all that a record has, or a field more
        that has no default.
    """
    if schema == _ours[name]:
        return None
    ours, theirs = _Schema(_ours[name]), _Schema(schema)

    def translate(record: bytes) -> bytes:
        body = record[WIRE_HEADER_BYTES:]
        try:
            written = theirs.write(ours.read(body))
            kept = ours.write(theirs.read(written)) == body
        except (ValueError, TypeError, LookupError) as error:
            raise FailedPrecondition(f"the server's {name} is one that this client cannot write: use the client of its release") from error
        if not kept:
            raise FailedPrecondition(f"the server's {name} has no place for all that this record has: upgrade the server")
        return record[:WIRE_HEADER_BYTES] + written

    return translate


class _Schema:
    """Reads and writes bodies. Never with another schema as the reader's: fastavro then takes bytes for strings."""

    def __init__(self, text: str) -> None:
        try:
            import fastavro
        except ImportError:
            hint = "the server's records have the schema of another release: pip install 'proximadb[avro]', or the client of that release"
            raise Unimplemented(hint) from None
        self._avro = fastavro
        self._parsed = fastavro.parse_schema(json.loads(text, object_hook=_plain_type))

    def read(self, body: bytes) -> Mapping[str, Any]:
        fields: Any = self._avro.schemaless_reader(io.BytesIO(body), self._parsed, None)
        return fields  # type: ignore[no-any-return]

    def write(self, fields: Mapping[str, Any]) -> bytes:
        """What the schema does not name is left out; what is missing gets its default."""
        out = io.BytesIO()
        self._avro.schemaless_writer(out, self._parsed, fields)
        return out.getvalue()


def _plain_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Instants as whole numbers: not every one of them is a date."""
    schema.pop("logicalType", None)
    return schema


def _unwrapped(value: Mapping[str, Any]) -> Any:
    inner = value["value"]
    if isinstance(inner, list):
        return [_unwrapped(each) for each in inner]
    return {key: _unwrapped(each) for key, each in inner.items()} if isinstance(inner, dict) else inner
