"""Operations of a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from .. import methods
from ..calls import Operation, Pause, Ready
from ..errors import AlreadyExists, DeadlineExceeded, ProximaError
from ..results import (
    CollectionInfo,
    Diagnosis,
    Hnsw,
    IndexKind,
    Metric,
    StorageKind,
    read_message,
    set_enum,
)
from ..session import Session
from ..v1 import proximadb_pb2 as pb

CollectionT = TypeVar("CollectionT")


class DatabaseHandle(Generic[CollectionT]):
    """A session with one server, or with several that can stand in for each other. It reads its own writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def collection(self, name: str) -> CollectionT:
        """A collection by its name; nothing is asked."""
        raise NotImplementedError


def create_collection(
    self: DatabaseHandle[CollectionT],
    name: str,
    *,
    dimension: int,
    metric: Metric | None = None,
    partitions: int | None = None,
    index: IndexKind | None = None,
    hnsw: Hnsw | None = None,
    storage: StorageKind | None = None,
    recall_target: float | None = None,
    description: str = "",
    tags: Mapping[str, str] | None = None,
    exist_ok: bool = False,
    timeout: float | None = None,
) -> Operation[CollectionT]:
    """
    Creates a collection. What is left out has the server's default: cosine, a graph in memory, recall 0.95.

    :param name: `[A-Za-z0-9][A-Za-z0-9_-]{0,62}`
    :param dimension: 1 to 4,096.
    :param partitions: 1 to 256.
    :param exist_ok: one that is there with this dimension, and this metric if one is given, will do.
    :raises AlreadyExists: if the name is taken.
    """
    request = pb.CreateCollectionRequest(
        name=name,
        dimension=dimension,
        partitions=partitions,
        recall_target=recall_target,
        description=description,
        tags=tags,
    )
    choose(request, metric, index, storage, hnsw)
    try:
        yield from self._session.call(methods.CREATE_COLLECTION, request, timeout)
        self._session.tokens.replace(name, None)
    except AlreadyExists:
        if not exist_ok:
            raise
        there = yield from describe(self._session, name, timeout)
        if there.dimension != dimension or metric not in (None, there.metric):
            raise
    return self.collection(name)


def list_collections(self: DatabaseHandle[CollectionT], *, timeout: float | None = None) -> Operation[list[CollectionInfo]]:
    """All collections, by name."""
    answer = yield from self._session.call(methods.LIST_COLLECTIONS, pb.ListCollectionsRequest(), timeout)
    return [read_message(CollectionInfo, each) for each in answer.message.collections]


def delete_collection(self: DatabaseHandle[CollectionT], name: str, *, timeout: float | None = None) -> Operation[None]:
    """
    Deletes a collection with all its records.

    :raises NotFound: if there is none.
    """
    yield from self._session.call(methods.DELETE_COLLECTION, pb.DeleteCollectionRequest(collection=name), timeout)
    self._session.tokens.replace(name, None)


def diagnose(self: DatabaseHandle[CollectionT], *, timeout: float | None = None) -> Operation[Diagnosis]:
    """What is wrong, since when, and who must act."""
    answer = yield from self._session.call(methods.DIAGNOSE, pb.DiagnoseRequest(), timeout)
    return read_message(Diagnosis, answer.message)


def is_ready(self: DatabaseHandle[CollectionT], *, timeout: float = 5.0) -> Operation[bool]:
    """Whether a server says that it is ready to serve; one that does not answer is not."""
    return (yield from _ready(self._session, timeout))


def wait_until_ready(self: DatabaseHandle[CollectionT], *, timeout: float = 60.0) -> Operation[None]:
    """
    Returns as soon as a server is ready: one that was just started replays its log first.

    :raises DeadlineExceeded: if none is in time.
    """
    options = self._session.options
    end = options.clock() + timeout
    while True:
        left = end - options.clock()
        if left > 0 and (yield from _ready(self._session, min(5.0, left))):
            return
        if left <= 0:
            raise DeadlineExceeded(f"no server was ready within {timeout} s")
        yield Pause(min(0.1, max(left, 0.0)))


def _ready(session: Session, timeout: float) -> Operation[bool]:
    for server in range(session.servers.total):
        try:
            if (yield Ready(server, timeout)):
                return True
        except ProximaError:
            continue
    return False


def describe(session: Session, name: str, timeout: float | None) -> Operation[CollectionInfo]:
    answer = yield from session.call(methods.GET_COLLECTION, pb.GetCollectionRequest(collection=name), timeout)
    return read_message(CollectionInfo, answer.message)


def choose(
    request: pb.CreateCollectionRequest | pb.ReindexCollectionRequest,
    metric: Metric | None,
    index: IndexKind | None,
    storage: StorageKind | None,
    hnsw: Hnsw | None,
) -> None:
    """Sets what was chosen, and leaves the rest to the server."""
    set_enum(request, "metric", metric)
    set_enum(request, "index", index)
    set_enum(request, "storage", storage)
    if hnsw is not None:
        request.hnsw.CopyFrom(pb.Hnsw(m=hnsw.m, ef_construction=hnsw.ef_construction))
        set_enum(request.hnsw, "quantization", hnsw.quantization)
