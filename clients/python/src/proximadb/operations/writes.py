"""Operations that write: split by records and bytes, several requests at once, each repeated until it is applied once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, Union

import numpy.typing as npt

from .. import methods
from ..calls import Operation, Together
from ..errors import Aborted, Detail, ProximaError, invalid
from ..filters import Filter, filter_message
from ..frames import Frame, chunks_of
from ..methods import Method
from ..results import DeleteResult, Refused, WriteResult
from ..rows import Instant, MetadataInput, Patch, rows_of
from ..tokens import later
from ..v1 import proximadb_pb2 as pb
from .collection import CollectionHandle

#: True: a bar by tqdm. A function is told how many records more are written.
Progress: TypeAlias = Union[bool, Callable[[int], object]]


def upsert(
    self: CollectionHandle,
    ids: Iterable[str],
    vectors: npt.ArrayLike,
    *,
    metadata: MetadataInput | None = None,
    timestamp: Instant | Sequence[Instant] | None = None,
    expires_at: Instant | Sequence[Instant | None] | None = None,
    if_absent: bool = False,
    if_present: bool = False,
    if_versions: Sequence[str | None] | None = None,
    progress: Progress = False,
    timeout: float | None = None,
) -> Operation[WriteResult]:
    """
    Writes records, in place of those with the same ids. Many are split into requests, of which several are under way at once
    (:class:`Options`); each is accepted whole or not at all. If an id comes twice, the later one holds.

    :param vectors: an array of the shape (n, dimension); float32 is sent as it lies in memory.
    :param metadata: a mapping a record, or columns by their names, or a DataFrame.
    :param expires_at: from then on a record is in no answer.
    :param if_versions: one a record: it is written only in place of that version; None: without a condition.
    :param progress: True for a bar, or a function that is told of each request's records.
    :param timeout: seconds, of each request with all its attempts.
    :raises InvalidArgument: naming record and field. Shapes, and numbers that are not finite, before anything is written.
    :raises Aborted: if the conditions of all records failed; of some, they are in `refused`.
    :raises ProximaError: whose `written` says what the requests before had written.
    """
    rows = rows_of(ids, vectors, metadata, timestamp, expires_at)
    condition = Conditions.of(len(rows), if_absent, if_present, if_versions)
    writer = yield from self._session.writer("VectorRecord", timeout)
    encode = self._session.wire.encode_records
    with _progress(progress, len(rows)) as told:
        write = _Write(self, methods.UPSERT, rows.ids, condition, told, timeout)
        return (yield from write.all(lambda start, stop: writer.finish(encode(writer.schema_id, rows, start, stop)), rows.vectors.nbytes))


def upsert_frame(
    self: CollectionHandle,
    frame: Frame,
    *,
    id: str = "id",
    vector: str = "vector",
    metadata: Sequence[str] | None = None,
    timestamp: str | None = None,
    expires_at: str | None = None,
    progress: Progress = False,
    timeout: float | None = None,
) -> Operation[WriteResult]:
    """
    Writes the rows of a pandas DataFrame, or of an Arrow table, record batch or reader of record batches. Vectors of an Arrow
    FixedSizeList are sent from where they lie. A value that is missing in the frame is missing in the metadata.

    :param metadata: names of columns; by default all others.
    """
    result = WriteResult(None, [], [])
    with _progress(progress, len(frame) if hasattr(frame, "__len__") else None) as told:
        for chunk in chunks_of(frame, id, vector, metadata, timestamp, expires_at):
            try:
                written = yield from upsert(
                    self, chunk.ids, chunk.vectors, metadata=chunk.metadata, timestamp=chunk.timestamps,
                    expires_at=chunk.expires_at, progress=told, timeout=timeout,
                )  # fmt: skip
            except ProximaError as error:
                _place(error, len(result.versions), len(result.versions) + len(chunk.ids))
                error.written = _joined(result, error.written or WriteResult(None, [], []))
                raise
            result = _joined(result, written)
    return result


def patch(
    self: CollectionHandle,
    patches: Patch | Iterable[Patch],
    *,
    if_versions: Sequence[str | None] | None = None,
    progress: Progress = False,
    timeout: float | None = None,
) -> Operation[WriteResult]:
    """
    Changes parts of records: keys of the metadata, vectors, times. What is not there is `missing` in `refused`, and not made.

    :raises Aborted: if all were refused.
    """
    given = [patches] if isinstance(patches, Patch) else list(patches)
    condition = Conditions.of(len(given), False, False, if_versions)
    writer = yield from self._session.writer("PatchRecord", timeout)
    encode_patch = self._session.wire.encode_patch

    def encode(start: int, stop: int) -> list[bytes]:
        return writer.finish([encode_patch(writer.schema_id, given[row], row) for row in range(start, stop)])

    with _progress(progress, len(given)) as told:
        write = _Write(self, methods.PATCH, [each.id for each in given], condition, told, timeout)
        return (yield from write.all(encode, 0))


def delete(
    self: CollectionHandle,
    ids: Iterable[str],
    *,
    if_present: bool = False,
    if_versions: Sequence[str | None] | None = None,
    progress: Progress = False,
    timeout: float | None = None,
) -> Operation[WriteResult]:
    """
    Deletes the records of these ids. One that is not there is no error, unless `if_present` asks for it.

    :raises Aborted: if the conditions of all failed.
    """
    if isinstance(ids, str):
        raise invalid("takes a sequence of ids", field="ids")
    names = list(ids)
    condition = Conditions.of(len(names), False, if_present, if_versions)
    with _progress(progress, len(names)) as told:
        write = _Write(self, methods.DELETE, names, condition, told, timeout)
        return (yield from write.all(None, 0))


def delete_where(
    self: CollectionHandle, filter: Filter, *, limit: int | None = None, timeout: float | None = None
) -> Operation[DeleteResult]:
    """
    Deletes what matches, request by request until nothing is left, or `limit` are deleted. Records that change meanwhile stay,
    and are counted as `changed`.

    :param timeout: seconds, of each request.
    """
    node = filter_message(filter)
    request = pb.DeleteRequest(collection=self.name, filter=node, limit=limit)
    result = DeleteResult(None, 0, 0)
    while True:
        answer = (yield from self._session.call(methods.DELETE, request, timeout)).message
        self._session.tokens.note(self.name, answer.token)
        result = DeleteResult(later(result.token, answer.token), result.deleted + answer.deleted, result.changed + answer.changed)
        left = None if limit is None else limit - result.deleted
        if not answer.HasField("cursor") or (left is not None and left <= 0):
            return result
        request = pb.DeleteRequest(collection=self.name, filter=node, limit=left, cursor=answer.cursor)


@dataclass(frozen=True, slots=True)
class Conditions:
    """None, one for all records, or one a record."""

    all: tuple[pb.Condition, ...] = ()

    @staticmethod
    def of(total: int, if_absent: bool, if_present: bool, if_versions: Sequence[str | None] | None) -> Conditions:
        if if_absent + if_present + (if_versions is not None) > 1:
            raise invalid("only one of if_absent, if_present and if_versions can be asked for", field="conditions")
        if if_absent:
            return Conditions((pb.Condition(if_absent=pb.Absent()),))
        if if_present:
            return Conditions((pb.Condition(if_present=pb.Present()),))
        if if_versions is None:
            return Conditions()
        if isinstance(if_versions, str) or len(if_versions) != total:
            raise invalid(f"{total} records, and {len(if_versions)} versions", field="if_versions")
        return Conditions(tuple(pb.Condition(if_version=version) for version in if_versions))

    def between(self, start: int, stop: int) -> Sequence[pb.Condition]:
        return self.all if len(self.all) < 2 else self.all[start:stop]


#: The records from one position to another, encoded.
Encode: TypeAlias = Callable[[int, int], "list[bytes]"]


@dataclass(frozen=True, slots=True)
class _Write:
    """One call that writes, of as many requests as it takes."""

    collection: CollectionHandle
    method: Method[Any, Any]
    ids: Sequence[str]
    conditions: Conditions
    told: Callable[[int], object]
    timeout: float | None

    def all(self, encode: Encode | None, bytes_about: int) -> Operation[WriteResult]:
        """:param encode: None: ids alone are sent. :param bytes_about: of all records together, at least."""
        total, options = len(self.ids), self.collection._session.options
        # The requests of one call may overtake each other, so that an id that comes twice lets them go one after the other.
        is_small = total <= options.batch_records and bytes_about <= options.batch_bytes
        at_once = 1 if is_small or len(set(self.ids)) < total else options.at_once
        starts: list[int] = []

        def batches() -> Iterator[Operation[WriteResult]]:
            for start, records in self._split(encode):
                starts.append(start)
                yield self._batch(start, records)

        outcomes = yield Together(batches(), at_once, lambda result: self.told(len(result.versions)))
        return self._merged(starts, outcomes)

    def _split(self, encode: Encode | None) -> Iterator[tuple[int, Sequence[bytes]]]:
        """By records and by bytes: as they are encoded, as places become free."""
        options = self.collection._session.options
        for start in range(0, len(self.ids), options.batch_records):
            stop = min(start + options.batch_records, len(self.ids))
            if encode is None:
                yield start, [b""] * (stop - start)
                continue
            records = encode(start, stop)
            first, size = 0, 0
            for place, record in enumerate(records):
                if size > 0 and size + len(record) > options.batch_bytes:
                    yield start + first, records[first:place]
                    first, size = place, 0
                size += len(record)
            yield start + first, records[first:]

    def _batch(self, start: int, records: Sequence[bytes]) -> Operation[WriteResult]:
        """One request. Positions in what it says are those of the whole call."""
        stop, name = start + len(records), self.collection.name
        session = self.collection._session
        conditions = self.conditions.between(start, stop)
        request: pb.UpsertRequest | pb.PatchRequest | pb.DeleteRequest
        if self.method is methods.UPSERT:
            request = pb.UpsertRequest(collection=name, records=records, conditions=conditions)
        elif self.method is methods.PATCH:
            request = pb.PatchRequest(collection=name, patches=records, conditions=conditions)
        else:
            request = pb.DeleteRequest(collection=name, ids=self.ids[start:stop], conditions=conditions)
        try:
            answer = (yield from session.call(self.method, request, self.timeout)).message
        except Aborted as error:
            return self._refused(error, start, stop)
        except ProximaError as error:
            if error.token is not None:
                session.tokens.note(name, error.token)
            _place(error, start, stop)
            raise
        session.tokens.note(name, answer.token)
        refused = [Refused(start + each.record, each.id, each.reason) for each in answer.refused]
        return WriteResult(answer.token, [version or None for version in answer.versions], refused)

    def _refused(self, error: Aborted, start: int, stop: int) -> WriteResult:
        """All of a request. The error has no room for the reasons of many."""
        reasons = {detail.record: detail.reason for detail in error.details}
        refused = [Refused(row, self.ids[row], reasons.get(row - start, "refused")) for row in range(start, stop)]
        return WriteResult(None, [None] * len(refused), refused)

    def _merged(self, starts: Sequence[int], outcomes: Sequence[Any]) -> WriteResult:
        versions: list[str | None] = [None] * len(self.ids)
        token: str | None = None
        refused: list[Refused] = []
        failed: ProximaError | None = None
        for start, outcome in zip(starts, outcomes):
            if outcome.result is not None:
                versions[start : start + len(outcome.result.versions)] = outcome.result.versions
                token = later(token, outcome.result.token)
                refused += outcome.result.refused
        result = WriteResult(token, versions, refused)
        failed = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
        if failed is not None:
            failed.written = result
            raise failed
        if refused and len(refused) == len(self.ids):
            raise all_refused(refused)
        return result


def all_refused(refused: Sequence[Refused]) -> Aborted:
    what = "the record was" if len(refused) == 1 else f"all {len(refused)} records were"
    first = refused[0]
    message = f"nothing was written: {what} refused; record {first.record} ({first.id!r}): {first.reason}"
    return Aborted(message, details=[Detail(each.reason, each.record) for each in refused])


def _place(error: ProximaError, start: int, stop: int) -> None:
    """Gives an error of one request of many the positions of the whole call."""
    if start == 0:
        return
    error.details = tuple(replace(each, record=None if each.record is None else each.record + start) for each in error.details)
    error.message = f"in records {start} to {stop - 1}: {error.message}"


def _joined(left: WriteResult, right: WriteResult) -> WriteResult:
    shift = len(left.versions)
    refused = [replace(each, record=each.record + shift) for each in right.refused]
    return WriteResult(later(left.token, right.token), left.versions + right.versions, left.refused + refused)


def _progress(progress: Progress, total: int | None) -> AbstractContextManager[Callable[[int], object]]:
    if progress is False:
        return nullcontext(lambda written: None)
    if progress is not True:
        return nullcontext(progress)
    return _Bar(total)


class _Bar:
    def __init__(self, total: int | None) -> None:
        try:
            from tqdm import tqdm
        except ImportError:
            raise ImportError("progress=True needs tqdm: pip install 'proximadb[tqdm]', or give a function") from None
        self._bar = tqdm(total=total, unit=" records", unit_scale=True)

    def __enter__(self) -> Callable[[int], object]:
        return self._bar.update

    def __exit__(self, *_: object) -> None:
        self._bar.close()
