"""gRPC's side: protobuf messages, records in Avro, errors in a trailer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError, Message

from ..avro.encode import encode_patch, encode_records
from ..errors import Detail, ProximaError, error_class
from ..rows import Patch, Rows
from ..v1 import proximadb_pb2 as pb
from . import Answer, Contents

ERROR_TRAILER = "proximadb-error-bin"


class ProtoWire:
    needs_schema_ids = True

    def encode_records(self, schema_id: int, rows: Rows, start: int, stop: int) -> list[bytes]:
        return encode_records(schema_id, rows, start, stop)

    def encode_patch(self, schema_id: int, patch: Patch, record: int) -> bytes:
        return encode_patch(schema_id, patch, record)


def proto_answer(message: Message) -> Answer[Any]:
    return Answer(message, _contents(message))


def _contents(message: Message) -> list[Contents]:
    if isinstance(message, pb.SearchResponse):
        return [hit.record if hit.HasField("record") else None for hit in message.hits]
    if isinstance(message, (pb.GetResponse, pb.ScrollResponse)):
        return [record.record for record in message.records]
    if isinstance(message, pb.SearchBatchResponse):
        return [each for result in message.results for each in _contents(result)]
    return []


def status_error(code: str, details: str | None, trailers: Iterable[tuple[str, str | bytes]]) -> ProximaError:
    """What a failed call says. A status without our trailer (a proxy's, or of a lost connection) keeps code and message."""
    kind = error_class(code)
    for key, value in trailers:
        if key != ERROR_TRAILER or not isinstance(value, bytes):
            continue
        try:
            return error_of(kind, pb.Error.FromString(value))
        except DecodeError:
            break
    return kind(details or code)


def error_of(kind: type[ProximaError], error: pb.Error) -> ProximaError:
    return kind(
        error.message,
        details=[
            Detail(
                each.reason,
                each.record if each.HasField("record") else None,
                each.field if each.HasField("field") else None,
            )
            for each in error.details
        ],
        retry_after_ms=error.retry_after_ms if error.HasField("retry_after_ms") else None,
        token=error.token if error.HasField("token") else None,
    )
