"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
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
from .transports.grpc import AsyncGrpcTransport
from .transports.rest import AsyncRestTransport
from .wire import Answer, Wire

T = TypeVar("T")
P = ParamSpec("P")


class AsyncTransport(Protocol):
    @property
    def wire(self) -> Wire: ...

    async def attempt(self, step: Attempt) -> Answer[Any]: ...

    async def reach(self, step: Reach) -> bool: ...

    async def ready(self, step: Ready) -> bool: ...

    async def close(self) -> None: ...


async def run(operation: Operation[T], transport: AsyncTransport) -> T:
    """Does what an operation asks for, to its end."""
    try:
        step = next(operation)
        while True:
            try:
                reply = await _do(step, transport)
            except ProximaError as error:
                step = operation.throw(error)
            else:
                step = operation.send(reply)
    except StopIteration as stopped:
        return cast("T", stopped.value)


async def _do(step: Step, transport: AsyncTransport) -> object:
    match step:
        case Attempt():
            return await transport.attempt(step)
        case Reach():
            return await transport.reach(step)
        case Ready():
            return await transport.ready(step)
        case Pause():
            await asyncio.sleep(step.seconds)
            return None
        case Together():
            return await _together(step, transport)


async def _together(step: Together[T], transport: AsyncTransport) -> list[Outcome[T]]:
    window = Window(step)
    under_way: dict[asyncio.Task[Outcome[T]], int] = {}
    try:
        while True:
            while len(under_way) < step.at_once and (place := window.take()) is not None:
                under_way[asyncio.create_task(_outcome(window.operation(place), transport))] = place
                # What is sent goes before more is encoded.
                await asyncio.sleep(0)
            if not under_way:
                return window.outcomes
            done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                window.settle(under_way.pop(task), task.result())
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _outcome(operation: Operation[T], transport: AsyncTransport) -> Outcome[T]:
    try:
        return Outcome(await run(operation, transport), None)
    except ProximaError as error:
        return Outcome(None, error)


class _Runs(Protocol):
    """What has a transport."""

    _transport: AsyncTransport


Owner = TypeVar("Owner", bound=CollectionHandle | DatabaseHandle[Any])


def _awaited(
    operation: Callable[Concatenate[Owner, P], Operation[T]],
) -> Callable[Concatenate[Owner, P], Coroutine[Any, Any, T]]:
    """The operation as a method to await."""

    @wraps(operation)
    async def method(self: Owner, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await run(operation(self, *args, **kwargs), cast("_Runs", self)._transport)

    return method


def _pages(start: Callable[Concatenate[Any, P], Scroll]) -> Callable[Concatenate[_Runs, P], AsyncIterator[Records]]:
    @wraps(start)
    async def method(self: _Runs, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Records]:
        scroll = start(self, *args, **kwargs)
        while not scroll.is_over:
            yield await run(scroll.page(), self._transport)

    return method


def _rows(start: Callable[Concatenate[Any, P], Scroll]) -> Callable[Concatenate[_Runs, P], AsyncIterator[Record]]:
    pages = _pages(start)

    @wraps(start)
    async def method(self: _Runs, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Record]:
        async for page in pages(self, *args, **kwargs):
            for record in page:
                yield record

    return method


class AsyncCollection(CollectionHandle):
    """A collection, whose methods are awaited."""

    def __init__(self, session: Session, name: str, transport: AsyncTransport) -> None:
        super().__init__(session, name)
        self._transport = transport

    upsert = _awaited(writes.upsert)
    upsert_frame = _awaited(writes.upsert_frame)
    patch = _awaited(writes.patch)
    delete = _awaited(writes.delete)
    delete_where = _awaited(writes.delete_where)
    search = _awaited(reads.search)
    search_many = _awaited(reads.search_many)
    get = _awaited(reads.get)
    get_one = _awaited(reads.get_one)
    count = _awaited(reads.count)
    info = _awaited(reads.info)
    update = _awaited(reads.update)
    reindex = _awaited(reads.reindex)
    reindex_state = _awaited(reads.reindex_state)
    abort_reindex = _awaited(reads.abort_reindex)
    stats = _awaited(reads.stats)
    verify = _awaited(reads.verify)
    #: Pages of matching records, in the order of their ids' bytes; each has its vectors as one array.
    pages = _pages(Scroll)
    #: Matching records, one by one, in the order of their ids' bytes.
    scroll = _rows(Scroll)


class AsyncDatabase(DatabaseHandle[AsyncCollection]):
    """A session whose calls are awaited, of one event loop; its reads see its writes."""

    def __init__(self, addresses: Addresses, options: Options) -> None:
        kind = AsyncRestTransport if addresses.transport == "rest" else AsyncGrpcTransport
        self._transport: AsyncTransport = kind(addresses.each, options)
        super().__init__(Session(self._transport.wire, Servers(len(addresses.each)), options))

    def collection(self, name: str) -> AsyncCollection:
        """A collection by its name; nothing is asked."""
        return AsyncCollection(self._session, name, self._transport)

    create_collection = _awaited(database.create_collection)
    list_collections = _awaited(database.list_collections)
    delete_collection = _awaited(database.delete_collection)
    diagnose = _awaited(database.diagnose)
    is_ready = _awaited(database.is_ready)
    wait_until_ready = _awaited(database.wait_until_ready)

    async def close(self) -> None:
        """Lets go of the connections. Calls under way fail."""
        await self._transport.close()

    async def __aenter__(self) -> AsyncDatabase:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def connect_async(address: str | Sequence[str] = "127.0.0.1:5679", options: Options | None = None) -> AsyncDatabase:
    """As :func:`proximadb.connect`, for asyncio."""
    return AsyncDatabase(parse_addresses(address), options or Options())
