"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from .addresses import Addresses, parse_addresses
from .calls import Attempt, Operation, Options, Outcome, Pause, Reach, Ready, Servers, Step, Together, Window
from .errors import ProximaError
from .operations import collection as reads
from .operations import database, writes
from .operations.collection import CollectionHandle, Scroll
from .operations.database import DatabaseHandle
from .results import Record, Records
from .session import Session
from .transports.grpc import GrpcTransport
from .transports.rest import RestTransport
from .wire import Answer, Wire

T = TypeVar("T")
P = ParamSpec("P")


class Transport(Protocol):
    @property
    def wire(self) -> Wire: ...

    def attempt(self, step: Attempt) -> Answer[Any]: ...

    def reach(self, step: Reach) -> bool: ...

    def ready(self, step: Ready) -> bool: ...

    def close(self) -> None: ...


def run(operation: Operation[T], transport: Transport) -> T:
    """Does what an operation asks for, to its end."""
    try:
        step = next(operation)
        while True:
            try:
                reply = _do(step, transport)
            except ProximaError as error:
                step = operation.throw(error)
            else:
                step = operation.send(reply)
    except StopIteration as stopped:
        return cast("T", stopped.value)


def _do(step: Step, transport: Transport) -> object:
    match step:
        case Attempt():
            return transport.attempt(step)
        case Reach():
            return transport.reach(step)
        case Ready():
            return transport.ready(step)
        case Pause():
            time.sleep(step.seconds)
            return None
        case Together():
            return _together(step, transport)


def _together(step: Together[T], transport: Transport) -> list[Outcome[T]]:
    window = Window(step)
    if step.at_once == 1:
        while (place := window.take()) is not None:
            window.settle(place, _outcome(window.operation(place), transport))
        return window.outcomes
    with ThreadPoolExecutor(step.at_once, thread_name_prefix="proximadb") as pool:
        under_way: dict[Future[Outcome[T]], int] = {}
        while True:
            while len(under_way) < step.at_once and (place := window.take()) is not None:
                under_way[pool.submit(_outcome, window.operation(place), transport)] = place
            if not under_way:
                return window.outcomes
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                window.settle(under_way.pop(future), future.result())


def _outcome(operation: Operation[T], transport: Transport) -> Outcome[T]:
    try:
        return Outcome(run(operation, transport), None)
    except ProximaError as error:
        return Outcome(None, error)


class _Runs(Protocol):
    """What has a transport."""

    _transport: Transport


Owner = TypeVar("Owner", bound=CollectionHandle | DatabaseHandle[Any])


def _blocking(operation: Callable[Concatenate[Owner, P], Operation[T]]) -> Callable[Concatenate[Owner, P], T]:
    """The operation as a method that returns its result."""

    @wraps(operation)
    def method(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return run(operation(self, *args, **kwargs), cast("_Runs", self)._transport)

    return method


def _pages(start: Callable[Concatenate[Any, P], Scroll]) -> Callable[Concatenate[_Runs, P], Iterator[Records]]:
    @wraps(start)
    def method(self: _Runs, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Records]:
        scroll = start(self, *args, **kwargs)
        while not scroll.is_over:
            yield run(scroll.page(), self._transport)

    return method


def _rows(start: Callable[Concatenate[Any, P], Scroll]) -> Callable[Concatenate[_Runs, P], Iterator[Record]]:
    pages = _pages(start)

    @wraps(start)
    def method(self: _Runs, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Record]:
        for page in pages(self, *args, **kwargs):
            yield from page

    return method


class Collection(CollectionHandle):
    """A collection, whose methods return when they are done. Of any thread."""

    def __init__(self, session: Session, name: str, transport: Transport) -> None:
        super().__init__(session, name)
        self._transport = transport

    upsert = _blocking(writes.upsert)
    upsert_frame = _blocking(writes.upsert_frame)
    patch = _blocking(writes.patch)
    delete = _blocking(writes.delete)
    delete_where = _blocking(writes.delete_where)
    search = _blocking(reads.search)
    search_many = _blocking(reads.search_many)
    get = _blocking(reads.get)
    get_one = _blocking(reads.get_one)
    count = _blocking(reads.count)
    info = _blocking(reads.info)
    update = _blocking(reads.update)
    reindex = _blocking(reads.reindex)
    reindex_state = _blocking(reads.reindex_state)
    abort_reindex = _blocking(reads.abort_reindex)
    stats = _blocking(reads.stats)
    verify = _blocking(reads.verify)
    #: Pages of matching records, in the order of their ids' bytes; each has its vectors as one array.
    pages = _pages(Scroll)
    #: Matching records, one by one, in the order of their ids' bytes.
    scroll = _rows(Scroll)


class Database(DatabaseHandle[Collection]):
    """A session whose calls return when they are done. Of any thread; the session's reads see its writes."""

    def __init__(self, addresses: Addresses, options: Options) -> None:
        kind = RestTransport if addresses.transport == "rest" else GrpcTransport
        self._transport: Transport = kind(addresses.each, options)
        super().__init__(Session(self._transport.wire, Servers(len(addresses.each)), options))

    def collection(self, name: str) -> Collection:
        """A collection by its name; nothing is asked."""
        return Collection(self._session, name, self._transport)

    create_collection = _blocking(database.create_collection)
    list_collections = _blocking(database.list_collections)
    delete_collection = _blocking(database.delete_collection)
    diagnose = _blocking(database.diagnose)
    is_ready = _blocking(database.is_ready)
    wait_until_ready = _blocking(database.wait_until_ready)

    def close(self) -> None:
        """Lets go of the connections. Calls under way fail."""
        self._transport.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(address: str | Sequence[str] = "127.0.0.1:5679", options: Options | None = None) -> Database:
    """
    A client whose calls block. Connections are made by the first call that needs them.

    :param address: `host:port` of gRPC, or `http://host:port` of REST; several, with commas or in a list, are servers of one
        cluster: a call that one of them does not answer is repeated to the next.
    """
    return Database(parse_addresses(address), options or Options())
