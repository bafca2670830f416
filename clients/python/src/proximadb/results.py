"""What calls answer. Fields are called as in the API; what is absent is None; instants are µs since 1970-01-01 UTC."""

from __future__ import annotations

import typing
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message

from .errors import invalid
from .metadata import Metadata
from .rows import Float32Array

if TYPE_CHECKING:
    import pandas as pd

Metric = Literal["cosine", "dot", "euclidean", "manhattan"]
IndexKind = Literal["hnsw", "flat", "ivf"]
Quantization = Literal["f32", "bf16", "i8", "b1"]
StorageKind = Literal["memory", "disk"]
Consistency = Literal["eventual", "session", "bounded", "strong"]
Include = Literal["metadata", "vector"]


@dataclass(frozen=True, slots=True, eq=False)
class Hit:
    id: str
    #: Higher is better, for every metric.
    score: float
    #: The metric's raw figure.
    distance: float
    version: str
    #: Where it was asked for.
    metadata: Metadata | None
    #: Where it was asked for: a row of the answer's `vectors`.
    vector: Float32Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A stored record. A read that was asked for less than all of it has None for the rest."""

    id: str
    version: str
    metadata: Metadata | None
    #: A row of the answer's `vectors`.
    vector: Float32Array | None
    timestamp: int
    expires_at: int | None


Row = TypeVar("Row", Hit, Record)


class Answered(Sequence[Row], Generic[Row]):
    """The rows of one answer, with what the answer says about itself."""

    def __init__(self, rows: list[Row], vectors: Float32Array | None, token: str, log_away: str | None) -> None:
        self._rows: list[Row] = rows
        #: All vectors, one a row, where they were asked for.
        self.vectors = vectors
        #: A read at it sees at least what this one saw.
        self.token = token
        #: Why the log is not followed at the moment, if so: what was written since may be missing.
        self.log_away = log_away

    @property
    def ids(self) -> list[str]:
        return [row.id for row in self._rows]

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        return self._rows[at]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._rows!r})"


class Records(Answered[Record]):
    """Stored records, in the order asked for, or of a scroll in the order of the ids' bytes."""


class Hits(Answered[Hit]):
    """The nearest records, the best first."""

    def __init__(
        self,
        rows: list[Hit],
        vectors: Float32Array | None,
        token: str,
        log_away: str | None,
        explain: Explain | None,
        coverage: Coverage | None,
    ) -> None:
        super().__init__(rows, vectors, token, log_away)
        self.explain = explain
        #: Where `allow_partial` was asked for.
        self.coverage = coverage

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        return np.fromiter((hit.score for hit in self._rows), np.float64, len(self._rows))

    def to_pandas(self) -> pd.DataFrame:
        """A frame with id, score, distance, version and a column a key of the metadata."""
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame([
            {"id": hit.id, "score": hit.score, "distance": hit.distance, "version": hit.version, **(hit.metadata or {})}
            for hit in self._rows
        ])  # fmt: skip
        return frame


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was not written because its condition did not hold."""

    #: Position in what was given.
    record: int
    id: str
    #: `exists`, `missing`, `version_mismatch`, or a sentence.
    reason: str


@dataclass(frozen=True, slots=True)
class WriteResult:
    #: Reads at it see the write; the session's reads do so by themselves. None: nothing was given.
    token: str | None
    #: One a record, in order; None where it was refused, or not sent because a request before it failed.
    versions: list[str | None]
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class DeleteResult:
    """Of a delete by a filter."""

    token: str | None
    deleted: int
    #: Records that changed meanwhile and were left.
    changed: int


@dataclass(frozen=True, slots=True)
class Hnsw:
    m: int = 0
    ef_construction: int = 0
    quantization: Quantization | None = None


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    name: str
    dimension: int
    metric: Metric
    partitions: int
    index: IndexKind
    hnsw: Hnsw
    description: str
    tags: Mapping[str, str]
    log: int
    created_at: int
    recall_target: float
    storage: StorageKind


@dataclass(frozen=True, slots=True)
class Reindex:
    collection: str
    #: `copying`, `closing` or `done`.
    state: str
    log: int
    replaces: int
    partitions: int
    caught_up: int
    drained: int
    copied: int
    live: int
    started_at: int
    pause_micros: int | None


@dataclass(frozen=True, slots=True)
class ExplainEstimate:
    strategy: str
    micros: float


@dataclass(frozen=True, slots=True)
class ExplainSegment:
    partition: int
    segment: str
    rows: int
    matching: int | None
    strategy: str
    candidates: int
    micros: float
    estimated_matching: int | None
    considered: tuple[ExplainEstimate, ...]
    filter_micros: float
    search_micros: float
    rescoring_micros: float


@dataclass(frozen=True, slots=True)
class Explain:
    segments: tuple[ExplainSegment, ...]
    waited_micros: float
    total_micros: float


@dataclass(frozen=True, slots=True)
class MissingPartition:
    partition: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    partitions: int
    answered: int
    missing: tuple[MissingPartition, ...]


@dataclass(frozen=True, slots=True)
class Count:
    count: int
    token: str
    coverage: Coverage | None
    log_away: str | None


@dataclass(frozen=True, slots=True)
class SegmentStats:
    id: str
    rows: int
    dead: int
    indexed: bool
    bytes: int
    recall: float | None
    ef: int | None
    lists_read: int | None
    lists: int | None


@dataclass(frozen=True, slots=True)
class MalformedRecord:
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class DiskSpace:
    live_bytes: int
    dead_bytes: int
    space_amplification: float | None
    written_bytes: int
    sealed_bytes: int
    write_amplification: float | None


@dataclass(frozen=True, slots=True)
class PartitionStats:
    partition: int
    #: `replaying`, `serving` or `stopped`.
    state: str
    reason: str | None
    start: int
    end: int
    watermark: int
    durable: int
    growing: int
    malformed: int
    segments: tuple[SegmentStats, ...]
    ledger: tuple[MalformedRecord, ...]
    space: DiskSpace | None


@dataclass(frozen=True, slots=True)
class Stats:
    collection: str
    records: int
    growing: int
    sealed: int
    indexed: int
    building: int
    dead: int
    lag: int
    disk_bytes: int
    memory_bytes: int
    partitions: tuple[PartitionStats, ...]
    space: DiskSpace | None


@dataclass(frozen=True, slots=True)
class VerifiedReplica:
    member: str
    group: int
    reason: str | None
    mark_sum: str | None
    records: int
    sum: str | None


@dataclass(frozen=True, slots=True)
class HeldVersion:
    member: str
    version: str | None
    checksum: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    id: str | None
    held: tuple[HeldVersion, ...]


@dataclass(frozen=True, slots=True)
class VerifiedPartition:
    partition: int
    verdict: str
    mark: int | None
    at: int | None
    replicas: tuple[VerifiedReplica, ...]
    differences: tuple[Difference, ...]
    differing: int


@dataclass(frozen=True, slots=True)
class Verification:
    collection: str
    #: `agree`, `alone`, `unknown` or `differ`.
    verdict: str
    partitions: tuple[VerifiedPartition, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    #: `critical`, `warning` or `notice`.
    severity: str
    what: str
    where: str
    since: int | None
    who: str
    advice: str


@dataclass(frozen=True, slots=True)
class KnownMember:
    id: str
    kind: str
    group: int
    address: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    #: The worst first; none: nothing is known to be wrong.
    findings: tuple[Finding, ...]
    members: tuple[KnownMember, ...]


T = TypeVar("T")


def read_message(kind: type[T], message: Message) -> T:
    """A message of the API as the dataclass of its fields."""
    return kind(**{name: _read(message, name, inner) for name, inner in _plan(cast("Hashable", kind))})


@cache
def _plan(kind: Hashable) -> tuple[tuple[str, type[Any] | None], ...]:
    """Names, and of messages their dataclasses."""
    hints = typing.get_type_hints(kind)
    return tuple((name, _dataclass_in(hint)) for name, hint in hints.items())


def _dataclass_in(hint: Any) -> type[Any] | None:
    if hasattr(hint, "__dataclass_fields__"):
        return cast("type[Any]", hint)
    return next(filter(None, map(_dataclass_in, typing.get_args(hint))), None)


def _read(message: Message, name: str, inner: type[Any] | None) -> Any:
    field = message.DESCRIPTOR.fields_by_name[name]
    value = getattr(message, name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return tuple(value if inner is None else (read_message(inner, each) for each in value))
    if field.has_presence and not message.HasField(name):
        return None
    if inner is not None:
        return read_message(inner, value)
    return value if field.enum_type is None else enum_text(cast("EnumDescriptor", field.enum_type), value)


def enum_text(enum: EnumDescriptor, value: int) -> str:
    """`METRIC_COSINE` of Metric is `cosine`."""
    return enum.values_by_number[value].name[len(_prefix(enum.name)) :].lower()


def enum_number(enum: EnumDescriptor, text: str) -> int:
    """:raises KeyError: if there is no such symbol."""
    return enum.values_by_name[_prefix(enum.name) + text.upper()].number


def set_enum(message: Message, name: str, text: str | None) -> None:
    """:raises InvalidArgument: if there is no such symbol; None leaves the field as it is."""
    if text is None:
        return
    enum = cast("EnumDescriptor", message.DESCRIPTOR.fields_by_name[name].enum_type)
    try:
        setattr(message, name, enum_number(enum, text))
    except (KeyError, AttributeError):
        symbols = ", ".join(enum_text(enum, each.number) for each in enum.values)
        raise invalid(f"must be one of {symbols}", field=name) from None


@cache
def _prefix(name: str) -> str:
    """What all symbols of an enum begin with: its name in capitals."""
    return "".join(f"_{letter}" if letter.isupper() and at > 0 else letter for at, letter in enumerate(name)).upper() + "_"
