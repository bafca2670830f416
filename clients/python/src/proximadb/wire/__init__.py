"""What goes over a transport, without the transport: requests, answers and errors, in protobuf with Avro, and in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from google.protobuf.message import Message

from ..rows import Patch, Rows

Response_co = TypeVar("Response_co", bound=Message, covariant=True)

#: What a stored record holds: Avro's bytes, or the object of its JSON. None where it was not asked for.
Contents: TypeAlias = "bytes | Mapping[str, Any] | None"


@dataclass(frozen=True, slots=True)
class Answer(Generic[Response_co]):
    message: Response_co
    #: Of all records and hits in it, in their order.
    contents: Sequence[Contents] = ()


class Wire(Protocol):
    """How records are written. What it makes of them goes into the `records` of a request, whatever the transport."""

    #: Of the schema `VectorRecord` or `PatchRecord`, where records begin with one.
    needs_schema_ids: bool

    def encode_records(self, schema_id: int, rows: Rows, start: int, stop: int) -> list[bytes]: ...

    def encode_patch(self, schema_id: int, patch: Patch, record: int) -> bytes: ...
