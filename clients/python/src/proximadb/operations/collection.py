"""Operations of a collection that read and administrate; those that write are in `writes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .. import methods
from ..avro.decode import Decoded
from ..avro.primitives import varint
from ..calls import Operation, Together, raise_first
from ..contents import stacked
from ..errors import invalid
from ..filters import Filter, filter_message
from ..results import (
    CollectionInfo,
    Consistency,
    Coverage,
    Explain,
    Hit,
    Hits,
    Hnsw,
    Include,
    IndexKind,
    Metric,
    Record,
    Records,
    Reindex,
    Stats,
    StorageKind,
    Verification,
    read_message,
    set_enum,
)
from ..rows import Float32Array, matrix_of, vector_of
from ..session import Session
from ..v1 import proximadb_pb2 as pb
from ..wire import Contents
from .database import choose, describe

T = TypeVar("T")

METADATA: tuple[Include, ...] = ("metadata",)
EVERYTHING: tuple[Include, ...] = ("metadata", "vector")

#: What a server takes in one request by default.
SEARCHES_MAX, HITS_MAX, IDS_MAX = 100, 100_000, 1_000


class CollectionHandle:
    """A collection of a session."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self.name = name

    @property
    def token(self) -> str | None:
        """
        At which this session reads the collection: it sees all that the session wrote. Give it to another process, which sets
        it, and that one sees it, too. None: reads are answered with whatever is there.
        """
        return self._session.tokens.of(self.name)

    @token.setter
    def token(self, token: str | None) -> None:
        self._session.tokens.replace(self.name, token)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


@dataclass(frozen=True, slots=True)
class Near:
    """In place of a query's vector: that of a stored record."""

    id: str


def search(
    self: CollectionHandle,
    query: npt.ArrayLike | Near,
    k: int = 10,
    *,
    filter: Filter | None = None,
    include: Sequence[Include] = METADATA,
    offset: int = 0,
    score_threshold: float | None = None,
    exact: bool = False,
    ef: int | None = None,
    consistency: Consistency | None = None,
    max_staleness_ms: int | None = None,
    token: str | None = None,
    allow_partial: bool = False,
    explain: bool = False,
    timeout: float | None = None,
) -> Operation[Hits]:
    """
    The nearest records, the best first. With a filter: k hits whenever k records match.

    :param query: as long as the collection's dimension, or :class:`Near` a stored record.
    :param k: 1 to 10,000, with the offset.
    :param include: what hits carry.
    :param ef: candidates of each segment's graph; more finds more. By default what the collection's recall target takes.
    :param consistency: by default the session's own writes are seen; `bounded` takes `max_staleness_ms`.
    :param allow_partial: partitions that nobody answers for are left out and named in `coverage`.
    :param timeout: seconds, with all attempts.
    """
    request = _search(query, k, filter, include, offset, score_threshold, exact, ef, explain)
    request.collection = self.name
    request.read.CopyFrom(_read(self, consistency, max_staleness_ms, token, allow_partial))
    answer = yield from self._session.call(methods.SEARCH, request, timeout)
    return _hits(self._session, answer.message, answer.contents, include)


def search_many(
    self: CollectionHandle,
    queries: npt.ArrayLike | Sequence[Near],
    k: int = 10,
    *,
    filter: Filter | None = None,
    include: Sequence[Include] = METADATA,
    offset: int = 0,
    score_threshold: float | None = None,
    exact: bool = False,
    ef: int | None = None,
    consistency: Consistency | None = None,
    max_staleness_ms: int | None = None,
    token: str | None = None,
    allow_partial: bool = False,
    explain: bool = False,
    timeout: float | None = None,
) -> Operation[list[Hits]]:
    """
    Answers many queries, one a row, in their order. They go in batches of 100, several at once; each batch is answered at one
    state of the collection. Options: as of :func:`search`; `timeout` is of a batch.
    """
    nears = [query for query in queries if isinstance(query, Near)] if isinstance(queries, (list, tuple)) else []
    rows: Sequence[Near] | Float32Array = nears if nears else matrix_of(queries, "queries") if np.size(queries) else []  # type: ignore[arg-type]
    size = max(1, min(SEARCHES_MAX, HITS_MAX // max(1, k + offset)))

    def batch(start: int) -> Operation[list[Hits]]:
        request = pb.SearchBatchRequest(collection=self.name)
        request.read.CopyFrom(_read(self, consistency, max_staleness_ms, token, allow_partial))
        for row in rows[start : start + size]:
            request.searches.append(_search(row, k, filter, include, offset, score_threshold, exact, ef, explain))
        answer = yield from self._session.call(methods.SEARCH_BATCH, request, timeout)
        contents = iter(answer.contents)
        return [_hits(self._session, result, [next(contents) for _ in result.hits], include) for result in answer.message.results]

    return list(chain.from_iterable((yield from _in_batches(self._session, len(rows), size, batch))))


def get(
    self: CollectionHandle,
    ids: Sequence[str],
    *,
    include: Sequence[Include] = EVERYTHING,
    consistency: Consistency | None = None,
    max_staleness_ms: int | None = None,
    token: str | None = None,
    timeout: float | None = None,
) -> Operation[Records]:
    """The records of these ids that are there, in the order of the ids."""

    def batch(start: int) -> Operation[Records]:
        read = _read(self, consistency, max_staleness_ms, token)
        request = pb.GetRequest(collection=self.name, ids=ids[start : start + IDS_MAX], include=_include(include), read=read)
        answer = yield from self._session.call(methods.GET, request, timeout)
        return _records(self._session, answer.message, answer.contents, include)

    if isinstance(ids, str):
        raise invalid("takes a sequence of ids; for one id there is get_one", field="ids")
    pages = yield from _in_batches(self._session, len(ids), IDS_MAX, batch)
    if len(pages) == 1:
        return pages[0]
    vectors = [page.vectors for page in pages if page.vectors is not None and len(page) > 0]
    away = next((page.log_away for page in pages if page.log_away is not None), None)
    return Records(
        [*chain.from_iterable(pages)],
        np.concatenate(vectors) if vectors else None,
        pages[-1].token if pages else "",
        away,
    )


def get_one(
    self: CollectionHandle,
    id: str,
    *,
    include: Sequence[Include] = EVERYTHING,
    consistency: Consistency | None = None,
    max_staleness_ms: int | None = None,
    token: str | None = None,
    timeout: float | None = None,
) -> Operation[Record | None]:
    """The record of an id; None if there is none."""
    records = yield from get(
        self,
        [id],
        include=include,
        consistency=consistency,
        max_staleness_ms=max_staleness_ms,
        token=token,
        timeout=timeout,
    )
    return records[0] if records else None


def count(
    self: CollectionHandle,
    filter: Filter | None = None,
    *,
    consistency: Consistency | None = None,
    max_staleness_ms: int | None = None,
    token: str | None = None,
    timeout: float | None = None,
) -> Operation[int]:
    """How many records match, exactly; without a filter: how many there are."""
    request = pb.CountRequest(collection=self.name, filter=_filter(filter), read=_read(self, consistency, max_staleness_ms, token))
    answer = yield from self._session.call(methods.COUNT, request, timeout)
    return answer.message.count


class Scroll:
    """
    Matching records page by page, in the order of their ids' bytes. A record that is live and matches throughout comes exactly
    once.
    """

    def __init__(
        self,
        collection: CollectionHandle,
        filter: Filter | None = None,
        *,
        page_size: int = 1_000,
        include: Sequence[Include] = EVERYTHING,
        consistency: Consistency | None = None,
        max_staleness_ms: int | None = None,
        token: str | None = None,
        timeout: float | None = None,
    ) -> None:
        self._collection = collection
        self._include = include
        self._timeout = timeout
        self._request = pb.ScrollRequest(
            collection=collection.name, filter=_filter(filter), limit=page_size, include=_include(include),
            read=_read(collection, consistency, max_staleness_ms, token),
        )  # fmt: skip
        self.is_over = False

    def page(self) -> Operation[Records]:
        """The next page. The last one ends it."""
        session = self._collection._session
        answer = yield from session.call(methods.SCROLL, self._request, self._timeout)
        if answer.message.HasField("cursor"):
            self._request.cursor = answer.message.cursor
        else:
            self.is_over = True
        return _records(session, answer.message, answer.contents, self._include)


def info(self: CollectionHandle, *, timeout: float | None = None) -> Operation[CollectionInfo]:
    """What the collection is."""
    return describe(self._session, self.name, timeout)


def update(
    self: CollectionHandle,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Operation[CollectionInfo]:
    """Changes the description, or all tags. Everything else is fixed for the life of a collection."""
    request = pb.UpdateCollectionRequest(collection=self.name, description=description)
    if tags is not None:
        request.tags.CopyFrom(pb.Tags(entries=tags))
    answer = yield from self._session.call(methods.UPDATE_COLLECTION, request, timeout)
    return read_message(CollectionInfo, answer.message)


def reindex(
    self: CollectionHandle,
    *,
    partitions: int | None = None,
    metric: Metric | None = None,
    index: IndexKind | None = None,
    hnsw: Hnsw | None = None,
    storage: StorageKind | None = None,
    recall_target: float | None = None,
    timeout: float | None = None,
) -> Operation[Reindex]:
    """Starts to rebuild the collection with other settings, beside the one that is there; see :func:`reindex_state`. Versions change."""
    request = pb.ReindexCollectionRequest(collection=self.name, partitions=partitions, recall_target=recall_target)
    choose(request, metric, index, storage, hnsw)
    answer = yield from self._session.call(methods.REINDEX_COLLECTION, request, timeout)
    return read_message(Reindex, answer.message)


def reindex_state(self: CollectionHandle, *, timeout: float | None = None) -> Operation[Reindex]:
    """
    How far the last reindex is.

    :raises NotFound: if there was none.
    """
    answer = yield from self._session.call(methods.GET_REINDEX, pb.GetReindexRequest(collection=self.name), timeout)
    return read_message(Reindex, answer.message)


def abort_reindex(self: CollectionHandle, *, timeout: float | None = None) -> Operation[None]:
    """Gives up a reindex that still copies; the collection stays as it is."""
    yield from self._session.call(methods.ABORT_REINDEX, pb.AbortReindexRequest(collection=self.name), timeout)


def stats(self: CollectionHandle, *, timeout: float | None = None) -> Operation[Stats]:
    """What the collection holds, in memory and on disk, and how far its shards are."""
    answer = yield from self._session.call(methods.STATS, pb.StatsRequest(collection=self.name), timeout)
    return read_message(Stats, answer.message)


def verify(self: CollectionHandle, *, timeout: float | None = None) -> Operation[Verification]:
    """Compares the replicas of each partition at one offset, and names the records that they do not hold alike."""
    answer = yield from self._session.call(methods.VERIFY, pb.VerifyRequest(collection=self.name), timeout)
    return read_message(Verification, answer.message)


def _in_batches(session: Session, total: int, size: int, batch: Callable[[int], Operation[T]]) -> Operation[list[T]]:
    starts = range(0, total, size)
    if len(starts) == 1:
        return [(yield from batch(0))]
    return raise_first((yield Together(map(batch, starts), session.options.at_once)))


def _search(
    query: npt.ArrayLike | Near,
    k: int,
    filter: Filter | None,
    include: Sequence[Include],
    offset: int,
    score_threshold: float | None,
    exact: bool,
    ef: int | None,
    explain: bool,
) -> pb.SearchRequest:
    request = pb.SearchRequest(
        k=_at_least_one(k), filter=_filter(filter), offset=offset, score_threshold=score_threshold, exact=exact, ef=ef,
        include=_include(include), explain=explain,
    )  # fmt: skip
    if isinstance(query, Near):
        request.id = query.id
    else:
        request.MergeFromString(_packed(vector_of(query, "vector")))
    return request


def _packed(vector: Float32Array) -> bytes:
    """The field `vector` as protobuf writes it, field 2 and its length in bytes: a block, in place of a loop over its elements."""
    return b"\x12" + varint(vector.nbytes) + vector.tobytes()


def _at_least_one(k: int) -> int:
    # On the wire 0 would mean the default.
    if k < 1:
        raise invalid("must be at least 1", field="k")
    return k


def _filter(filter: Filter | None) -> pb.Filter | None:
    return None if filter is None else filter_message(filter)


_includes = {"metadata": pb.INCLUDE_METADATA, "vector": pb.INCLUDE_VECTOR}


def _include(include: Sequence[Include]) -> list[pb.Include]:
    unknown = [each for each in include if each not in _includes]
    if unknown or isinstance(include, str):
        raise invalid(f"must be a sequence of {', '.join(_includes)}, not {include!r}", field="include")
    return [_includes[each] for each in include]


def _read(
    self: CollectionHandle,
    consistency: Consistency | None,
    max_staleness_ms: int | None,
    token: str | None,
    allow_partial: bool = False,
) -> pb.ReadOptions:
    """A read that asks for nothing else sees what the session wrote."""
    if token is None and consistency in (None, "session"):
        token = self.token
    options = pb.ReadOptions(max_staleness_ms=max_staleness_ms, token=token, allow_partial=allow_partial)
    set_enum(options, "consistency", consistency)
    return options


def _hits(session: Session, message: pb.SearchResponse, contents: Sequence[Contents], include: Sequence[Include]) -> Hits:
    decoded = session.readers.read(contents)
    vectors = _vectors(decoded, include)
    with_metadata = "metadata" in include
    rows = [
        Hit(
            hit.id, hit.score, hit.distance, hit.version,
            each.metadata if with_metadata and each is not None else None, None if vectors is None else vectors[row],
        )
        for row, (hit, each) in enumerate(zip(message.hits, decoded))
    ]  # fmt: skip
    return Hits(
        rows, vectors, message.token, message.log_away if message.HasField("log_away") else None,
        read_message(Explain, message.explain) if message.HasField("explain") else None,
        read_message(Coverage, message.coverage) if message.HasField("coverage") else None,
    )  # fmt: skip


def _records(
    session: Session,
    message: pb.GetResponse | pb.ScrollResponse,
    contents: Sequence[Contents],
    include: Sequence[Include],
) -> Records:
    decoded = session.readers.read(contents)
    vectors = _vectors(decoded, include)
    with_metadata = "metadata" in include
    rows = [
        Record(
            record.id, record.version, each.metadata if with_metadata else None, None if vectors is None else vectors[row],
            each.timestamp, each.expires_at,
        )
        for row, (record, each) in enumerate(zip(message.records, decoded)) if each is not None
    ]  # fmt: skip
    return Records(rows, vectors, message.token, message.log_away if message.HasField("log_away") else None)


def _vectors(decoded: Sequence[Decoded | None], include: Sequence[Include]) -> Float32Array | None:
    if "vector" not in include:
        return None
    return stacked([each.vector for each in decoded if each is not None and each.vector is not None])
