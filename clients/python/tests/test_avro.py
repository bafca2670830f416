"""The encoder and the decoder that are written by hand, against an Avro library and the golden files of the schemas."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pytest

from proximadb import NEVER, InvalidArgument, Metadata, MetadataValue, Patch
from proximadb.avro.decode import decode_record
from proximadb.avro.encode import encode_patch, encode_records
from proximadb.avro.schemas import VECTOR_RECORD
from proximadb.contents import Readers, stacked
from proximadb.releases import reader_of
from proximadb.rows import Rows, rows_of

GOLDEN = Path(__file__).parents[3] / "schemas" / "golden" / "v1"
HEADER = b"\0\0\0\1\2"
SCHEMA_ID = 258


def golden(name: str) -> list[Any]:
    samples: list[Any] = json.loads((GOLDEN / f"{name}.json").read_text())["samples"]
    assert samples
    return [pytest.param(sample, id=sample["name"]) for sample in samples]


def plain(value: Any) -> Any:
    """Of a golden value, in which a union names its branch."""
    inner = value["value"]
    if inner is None:
        return None
    ((kind, held),) = inner.items()
    if kind == "array":
        return [plain(each) for each in held]
    if kind == "map":
        return {key: plain(each) for key, each in held.items()}
    if kind == "bytes":
        return held.encode("latin-1")
    return int(held) if kind == "long" else float(held) if kind == "double" else held


def plain_map(values: Any) -> dict[str, MetadataValue]:
    return {key: plain(value) for key, value in values.items()}


def branch(value: Any) -> Any:
    """The value of a nullable union."""
    return None if value is None else next(iter(value.values()))


def one(**fields: Any) -> Rows:
    given = {"metadata": None, "timestamp": None, "expires_at": None, **fields}
    metadata = None if given["metadata"] is None else [given["metadata"]]
    return rows_of([given["id"]], [given["vector"]], metadata, given["timestamp"], given["expires_at"])


@pytest.mark.parametrize("sample", golden("VectorRecord"))
def test_a_record_is_the_golden_bytes_and_is_read_from_them(sample: Any) -> None:
    value, golden_bytes = sample["value"], HEADER + bytes.fromhex(sample["hex"])
    expires_at = None if value["expires_at"] is None else int(branch(value["expires_at"]))
    vector, *others = decode_record(golden_bytes)
    # JSON has no -0, which the bytes have.
    assert isinstance(vector, np.ndarray)
    assert vector.tolist() == np.array(value["vector"], dtype=np.float32).tolist()
    assert others == [plain_map(value["metadata"]), value["timestamp"], expires_at]
    rows = one(id=value["id"], vector=vector, metadata=plain_map(value["metadata"]), timestamp=value["timestamp"], expires_at=expires_at)
    assert encode_records(SCHEMA_ID, rows, 0, 1) == [golden_bytes]


@pytest.mark.parametrize("sample", golden("PatchRecord"))
def test_a_patch_is_the_golden_bytes(sample: Any) -> None:
    value = sample["value"]
    expiry = branch(value["expires_at"])
    at = None if expiry is None else NEVER if expiry["at"] is None else int(branch(expiry["at"]))
    patch = Patch(
        value["id"],
        vector=branch(value["vector"]),
        set=plain_map(value["set"]),
        unset=value["unset"],
        timestamp=None if value["timestamp"] is None else int(branch(value["timestamp"])),
        expires_at=at,
    )
    assert encode_patch(SCHEMA_ID, patch, 0) == HEADER + bytes.fromhex(sample["hex"])


def wrapped(value: MetadataValue) -> dict[str, Any]:
    """As an Avro library wants it. Tuples say the branch of a union."""
    if isinstance(value, list):
        return {"value": ("array", [wrapped(each) for each in value])}
    if isinstance(value, dict):
        return {"value": ("map", {key: wrapped(each) for key, each in value.items()})}
    kinds = {type(None): "null", bool: "boolean", int: "long", float: "double", str: "string", bytes: "bytes"}
    return {"value": (kinds[type(value)], value)}


def arbitrary(source: random.Random, depth: int = 3) -> MetadataValue:
    makers: list[Callable[[], MetadataValue]] = [
        lambda: None,
        lambda: source.random() < 0.5,
        lambda: source.randint(-(2**63), 2**63 - 1) >> source.randrange(64),
        lambda: source.gauss(0, 1) * 10.0 ** source.randint(-300, 300),
        lambda: text(source),
        lambda: source.randbytes(source.randrange(200)),
        lambda: [arbitrary(source, depth - 1) for _ in range(source.randrange(4))],
        lambda: arbitrary_map(source, depth - 1),
    ]
    return source.choice(makers if depth > 0 else makers[:6])()


def arbitrary_map(source: random.Random, depth: int = 3) -> Metadata:
    return {text(source): arbitrary(source, depth) for _ in range(source.randrange(5))}


def text(source: random.Random) -> str:
    return "".join(source.choice("abcxyz.$\\\"'{} üß☂𝄞\0") for _ in range(source.randrange(100)))


PLAIN_SCHEMA = json.loads(VECTOR_RECORD, object_hook=lambda given: {key: each for key, each in given.items() if key != "logicalType"})


def with_library(record: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(PLAIN_SCHEMA), record)
    return HEADER + out.getvalue()


@pytest.mark.parametrize("seed", range(200))
def test_any_records_are_the_bytes_that_an_avro_library_makes_and_come_back_as_they_were(seed: int) -> None:
    source = random.Random(seed)
    count, dimension = source.randrange(1, 4), source.choice([1, 2, 63, 64, 768])
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    ids = [text(source) for _ in range(count)]
    metadata = [arbitrary_map(source) for _ in range(count)]
    timestamps = [source.randint(-(2**63), 2**63 - 1) for _ in range(count)]
    expires_at = [source.choice([None, 0, 2**60]) for _ in range(count)]
    encoded = encode_records(SCHEMA_ID, rows_of(ids, vectors, metadata, timestamps, expires_at), 0, count)
    for row in range(count):
        fields = {
            "id": ids[row], "vector": vectors[row].tolist(), "metadata": {key: wrapped(each) for key, each in metadata[row].items()},
            "timestamp": timestamps[row], "expires_at": expires_at[row],
        }  # fmt: skip
        assert encoded[row] == with_library(fields)
        decoded = decode_record(encoded[row])
        assert decoded.vector is not None
        assert np.array_equal(decoded.vector, vectors[row])
        assert decoded[1:] == (metadata[row], timestamps[row], expires_at[row])
        # What is an int comes back as an int, and a bool as a bool.
        assert repr(decoded.metadata) == repr(metadata[row])


def lines_run(run: Callable[[], object]) -> int:
    """Lines of Python that it takes."""
    lines = 0

    def trace(_frame: object, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return lines


def test_no_line_of_python_runs_for_an_element_of_a_vector() -> None:
    def round_trip(dimension: int) -> None:
        vectors = np.ones((20, dimension), dtype=np.float32)
        encoded = encode_records(1, rows_of([str(row) for row in range(20)], vectors, [{"n": 1}] * 20, None, None), 0, 20)
        stacked([decode_record(each).vector for each in encoded])  # type: ignore[misc]

    round_trip(4096)
    few, many = (lines_run(lambda dimension=dimension: round_trip(dimension)) for dimension in (1_024, 4_096))  # type: ignore[misc]
    assert few == many


def test_a_decoded_vector_is_a_view_on_the_bytes() -> None:
    (encoded,) = encode_records(1, one(id="a", vector=[1, 2, 3]), 0, 1)
    vector = decode_record(encoded).vector
    assert vector is not None
    assert np.shares_memory(vector, np.frombuffer(encoded, dtype=np.uint8))


def test_vectors_in_any_layout_are_encoded_alike() -> None:
    vectors = np.arange(12, dtype=np.float64).reshape(3, 4)
    given: list[Any] = [
        vectors,
        np.asfortranarray(vectors),
        vectors.astype(">f4"),
        vectors.tolist(),
        vectors.astype(np.int64),
        vectors.repeat(2, 0)[::2],
    ]
    first, *others = [encode_records(1, rows_of(list("abc"), each, None, None, None), 0, 3) for each in given]
    assert all(each == first for each in others)


def test_blocks_of_any_kind_are_read() -> None:
    """Other writers split arrays and maps, and say how long the blocks are."""
    floats = [np.array(block, dtype="<f4").tobytes() for block in ([1, 2], [3])]
    vector = b"\x03" + b"\x10" + floats[0] + b"\x02" + floats[1] + b"\0"
    metadata = b"\x01\x0a" + b"\x02a\x08\x02x" + b"\x02" + b"\x02b\x00" + b"\0"
    decoded = decode_record(HEADER + b"\x02i" + vector + metadata + b"\0\0")
    assert decoded.vector is not None
    assert decoded.vector.tolist() == [1, 2, 3]
    assert decoded.metadata == {"a": "x", "b": None}


def test_metadata_may_be_columns_and_numpy_values() -> None:
    columns = {"year": np.array([2020, 2021]), "score": np.array([0.5, 1.5], dtype=np.float32), "lang": ["de", "en"]}
    by_row = [{"year": 2020, "score": 0.5, "lang": "de"}, {"year": 2021, "score": 1.5, "lang": "en"}]
    scalars = [{"year": np.int32(2020), "score": np.float32(0.5), "lang": np.str_("de")}, {**by_row[1], "lang": np.array("en")}]
    first, *others = [
        encode_records(1, rows_of(list("ab"), np.ones((2, 2)), metadata, None, None), 0, 2)  # type: ignore[arg-type]
        for metadata in (by_row, columns, scalars)
    ]
    assert all(each == first for each in others)


class Color(str):
    pass


REFUSED: list[tuple[dict[str, Any], int | None, str, str]] = [
    ({"ids": ["a"]}, None, "vectors", "1 ids, and 2 vectors"),
    ({"ids": ["a", 5]}, 1, "id", "must be a string, not int"),
    ({"ids": ["a", "\ud800"]}, 1, "id", "surrogate"),
    ({"vectors": [[1, 2], [3, np.nan]]}, 1, "vector[1]", "must be finite"),
    ({"vectors": [[1e39, 2], [3, 4]]}, 0, "vector[0]", "must be finite"),
    ({"vectors": [1, 2]}, None, "vectors", "shape"),
    ({"vectors": [["x", 1], [1, 2]]}, None, "vectors", "no array of numbers"),
    ({"vectors": [[1], [1, 2]]}, None, "vectors", "no array of numbers"),
    ({"metadata": [{}]}, None, "metadata", "metadata for 1"),
    ({"metadata": [{}, 5]}, 1, "metadata", "must be a mapping"),
    ({"metadata": 5}, None, "metadata", "must be mappings, columns or a DataFrame, not int"),
    ({"metadata": {"n": [1]}}, None, "metadata.n", "1 values"),
    ({"metadata": [{}, {"deep": {"n": [1, 2**63]}}]}, 1, "metadata.deep.n[1]", "more than 64 bits"),
    ({"metadata": [{"x": float("inf")}, {}]}, 0, "metadata.x", "must be finite"),
    ({"metadata": [{"x": {1, 2}}, {}]}, 0, "metadata.x", "cannot hold set"),
    ({"metadata": [{5: 1}, {}]}, 0, "metadata", "a key is a string"),
    ({"metadata": [{"x": "\udc00"}, {}]}, 0, "metadata.x", "surrogate"),
    ({"timestamp": 2**63}, 0, "timestamp", "more than 64 bits"),
    ({"expires_at": [None, -(2**63) - 1]}, 1, "expires_at", "more than 64 bits"),
]


@pytest.mark.parametrize(("change", "record", "field", "reason"), REFUSED)
def test_what_no_record_can_hold_is_refused_by_its_place(change: dict[str, Any], record: int | None, field: str, reason: str) -> None:
    given: dict[str, Any] = {"ids": ["a", "b"], "vectors": [[1, 2], [3, 4]], "metadata": None, "timestamp": None, "expires_at": None}
    with pytest.raises(InvalidArgument) as raised:
        encode_records(1, rows_of(*{**given, **change}.values()), 0, 2)
    (detail,) = raised.value.details
    assert (detail.record, detail.field) == (record, field)
    assert reason in detail.reason


def test_what_is_no_record_is_refused() -> None:
    (encoded,) = encode_records(1, one(id="a", vector=[1, 2, 3], metadata={"lang": "de", "n": [1.5, {"x": b"y"}]}), 0, 1)
    for end in range(5, len(encoded)):
        with pytest.raises((ValueError, IndexError)):
            decode_record(encoded[:end])
    with pytest.raises(ValueError, match="after the end"):
        decode_record(encoded + b"\0")


def newer_schema() -> str:
    """As a later release could have it: a field in the middle that this client does not know."""
    schema = json.loads(VECTOR_RECORD)
    schema["fields"].insert(2, {"name": "weights", "type": {"type": "array", "items": "double"}, "default": []})
    return json.dumps(schema)


def test_records_of_a_newer_schema_are_read_by_it() -> None:
    out = io.BytesIO()
    metadata = {"n": wrapped(2**60), "deep": wrapped({"tags": ["x", b"y", None]})}
    fields = {"id": "a", "vector": [1, 2.5], "weights": [1.5], "metadata": metadata, "timestamp": 2**62, "expires_at": 7}
    plain_schema = json.loads(newer_schema(), object_hook=lambda given: {key: each for key, each in given.items() if key != "logicalType"})
    fastavro.schemaless_writer(out, fastavro.parse_schema(plain_schema), fields)
    decoded = reader_of(newer_schema())(HEADER + out.getvalue())
    assert decoded.vector is not None
    assert decoded.vector.tolist() == [1, 2.5]
    assert decoded[1:] == ({"n": 2**60, "deep": {"tags": ["x", b"y", None]}}, 2**62, 7)


def test_a_schema_is_known_once_it_was_told() -> None:
    readers = Readers()
    (encoded,) = encode_records(SCHEMA_ID, one(id="a", vector=[1]), 0, 1)
    assert list(readers.unknown([encoded, None, {"id": "b"}])) == [SCHEMA_ID]
    readers.learn(SCHEMA_ID, VECTOR_RECORD)
    assert list(readers.unknown([encoded])) == []
    assert readers.read([encoded, None])[0] == decode_record(encoded)
