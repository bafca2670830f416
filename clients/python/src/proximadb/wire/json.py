"""REST's side: the JSON of `docs/api.md`, made of and read into the same messages as gRPC's."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from ..avro.primitives import Unfit, metadata_map
from ..errors import ProximaError, error_class, invalid
from ..filters import filter_json
from ..metadata import Metadata, MetadataValue
from ..methods import Method
from ..results import enum_number, enum_text
from ..rows import Expiry, Patch, Rows, micros, vector_of
from ..v1 import proximadb_pb2 as pb
from . import Answer, Contents
from .proto import error_of


class JsonWire:
    """A record is the text of its object."""

    needs_schema_ids = False

    def encode_records(self, schema_id: int, rows: Rows, start: int, stop: int) -> list[bytes]:
        return [_dump(self._record(rows, row)) for row in range(start, stop)]

    def _record(self, rows: Rows, row: int) -> dict[str, Any]:
        # A float64 that is written with all its digits is read as the same float32.
        record: dict[str, Any] = {"id": rows.ids[row], "vector": rows.vectors[row].tolist()}
        if rows.metadata is not None:
            record["metadata"] = metadata_json(rows.metadata[row], "metadata", row)
        if (timestamp := rows.timestamp(row)) != 0:
            record["timestamp"] = timestamp
        if (expires_at := rows.expiry(row)) is not None:
            record["expiresAt"] = expires_at
        return record

    def encode_patch(self, schema_id: int, patch: Patch, record: int) -> bytes:
        fields: dict[str, Any] = {"id": patch.id}
        if patch.vector is not None:
            fields["vector"] = vector_of(patch.vector, "vector", record).tolist()
        if patch.set:
            fields["set"] = metadata_json(patch.set, "set", record)
        if patch.unset:
            fields["unset"] = list(patch.unset)
        if patch.timestamp is not None:
            fields["timestamp"] = micros(patch.timestamp, "timestamp", record)
        if patch.expires_at is not None:
            never = isinstance(patch.expires_at, Expiry)
            fields["expiresAt"] = None if never else micros(patch.expires_at, "expires_at", record)  # type: ignore[arg-type]
        return _dump(fields)


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()


def metadata_json(metadata: Metadata, field: str, record: int) -> dict[str, Any]:
    """Whole numbers stay whole, doubles keep a fraction or an exponent. :raises InvalidArgument: as the Avro encoder does."""
    try:
        metadata_map(metadata, field)
    except Unfit as unfit:
        raise invalid(unfit.reason, record=record, field=unfit.field) from None
    return {key: _value_json(value) for key, value in metadata.items()}


def _value_json(value: MetadataValue) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": b64encode(value).decode()}
    if isinstance(value, Mapping):
        inner = {key: _value_json(each) for key, each in value.items()}
        # A map of that one key would be read as bytes.
        return {"$map": inner} if len(inner) == 1 and ("$bytes" in inner or "$map" in inner) else inner
    return [_value_json(each) for each in value]


def metadata_of(given: Mapping[str, Any]) -> dict[str, MetadataValue]:
    return {key: _value_of(value) for key, value in given.items()}


def _value_of(given: Any) -> MetadataValue:
    if isinstance(given, list):
        return [_value_of(each) for each in given]
    if not isinstance(given, dict):
        return given  # type: ignore[no-any-return]
    if len(given) == 1 and isinstance(given.get("$bytes"), str):
        return b64decode(given["$bytes"])
    inner = given.get("$map") if len(given) == 1 else None
    if isinstance(inner, dict) and len(inner) == 1 and ("$bytes" in inner or "$map" in inner):
        given = inner
    return metadata_of(given)


def request_path(method: Method[Any, Any], request: Message) -> str:
    names: dict[str, str] = {}
    for name in ("collection", "name"):
        if f"{{{name}}}" in method.path:
            names[name] = quote(getattr(request, name), safe="")
    path = method.path.format(**names)
    query = urlencode(_fields(request, path=method.path)) if method.verb == "GET" else ""
    return f"{path}?{query}" if query else path


def request_body(method: Method[Any, Any], request: Message, timeout_s: float) -> bytes | None:
    """None for a method without one. The server is told how much time there is."""
    if method.verb in ("GET", "DELETE"):
        return None
    fields = _fields(request, path=method.path)
    if _takes_timeout(request.DESCRIPTOR):
        fields.setdefault("timeoutMs", max(1, int(timeout_s * 1000)))
    text = _dump(fields)
    if not isinstance(request, (pb.UpsertRequest, pb.PatchRequest)):
        return text
    records = request.records if isinstance(request, pb.UpsertRequest) else request.patches
    return b'{"records":[' + b",".join(_with_conditions(records, request.conditions)) + b"]," + text[1:]


def _with_conditions(records: Sequence[bytes], conditions: Sequence[pb.Condition]) -> Sequence[bytes]:
    """In JSON a condition stands in its record."""
    if not conditions:
        return records
    each = conditions if len(conditions) > 1 else list(conditions) * len(records)
    texts = [b"".join(b"," + _dump(_condition(one))[1:-1] for one in [condition] if one.WhichOneof("condition")) for condition in each]
    return [record[:-1] + text + b"}" for record, text in zip(records, texts)]


def _condition(condition: pb.Condition) -> dict[str, Any]:
    kind = condition.WhichOneof("condition")
    return {"ifVersion": condition.if_version} if kind == "if_version" else {"ifAbsent" if kind == "if_absent" else "ifPresent": True}


@cache
def _takes_timeout(descriptor: Descriptor) -> bool:
    return "timeout_ms" in descriptor.fields_by_name or "read" in descriptor.fields_by_name


def _fields(message: Message, path: str = "") -> dict[str, Any]:
    """What is set, but for what stands in the path, and for records."""
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        if f"{{{field.name}}}" in path or field.type == FieldDescriptor.TYPE_BYTES:
            continue
        if isinstance(value, pb.ReadOptions):
            found.update(_fields(value))
        elif isinstance(message, (pb.UpsertRequest, pb.PatchRequest)) and field.name == "conditions":
            continue
        else:
            found[field.json_name] = _value(field, value)
    return found


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return list(value) if field.message_type is None and field.enum_type is None else [_single(field, each) for each in value]
    return _single(field, value)


def _single(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return enum_text(field.enum_type, value)
    if isinstance(value, pb.Filter):
        return filter_json(value)
    if isinstance(value, pb.Condition):
        return _condition(value)
    if isinstance(value, pb.Tags):
        return dict(value.entries)
    return _fields(value) if isinstance(value, Message) else value


def json_answer(method: Method[Any, Any], body: bytes) -> Answer[Any]:
    """:raises ValueError: if it is none."""
    message: Message = method.response()
    contents: list[Contents] = []
    _fill(message, json.loads(body), contents)
    return Answer(message, contents)


def _fill(message: Message, given: Mapping[str, Any], contents: list[Contents]) -> None:
    """A key that this client does not know is of a newer server."""
    if isinstance(message, (pb.Hit, pb.StoredRecord)):
        contents.append(given)
    fields = _by_json_name(message.DESCRIPTOR)
    for key, value in given.items():
        field = fields.get(key)
        if field is None or value is None:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, field.name).update(value)
        elif field.is_repeated and field.message_type is not None:
            for each in value:
                _fill(getattr(message, field.name).add(), each, contents)
        elif field.is_repeated:
            getattr(message, field.name).extend(value)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            _fill(getattr(message, field.name), value, contents)
        else:
            setattr(message, field.name, _scalar(field, value))


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return enum_number(field.enum_type, value)
    return int(value) if field.type == FieldDescriptor.TYPE_INT64 else value


@cache
def _by_json_name(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    return {field.json_name: field for field in descriptor.fields if field.type != FieldDescriptor.TYPE_BYTES}


def response_error(status: int, body: bytes, retry_after: str | None) -> ProximaError:
    """What a failed call says. An answer that is not ours (a proxy's) goes by its status."""
    try:
        given = json.loads(body)["error"]
        error = pb.Error()
        _fill(error, given, [])
    except (ValueError, TypeError, KeyError, LookupError, AttributeError):
        code = _by_status.get(status, "UNAVAILABLE" if status == HTTPStatus.BAD_GATEWAY else "INTERNAL")
        wait_ms = int(retry_after) * 1000 if retry_after is not None and retry_after.isdecimal() else None
        return error_class(code)(f"HTTP {status}: {body[:200].decode(errors='replace')}", retry_after_ms=wait_ms)
    return error_of(error_class(error.code), error)


_by_status = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 501: "UNIMPLEMENTED", 502: "UNAVAILABLE",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
