"""Both clients behind the signatures of the blocking one, so that one table of cases asks them all."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from proximadb import Database, Options, connect, connect_async
from proximadb.operations.collection import CollectionHandle
from proximadb.operations.database import DatabaseHandle


class Awaiting:
    """What a blocking client would be if it awaited the asyncio one: a call runs the loop until it is done."""

    def __init__(self, target: DatabaseHandle[Any] | CollectionHandle, loop: asyncio.AbstractEventLoop) -> None:
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_loop", loop)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = value(*args, **kwargs)
            if inspect.isawaitable(answer):
                answer = self._loop.run_until_complete(answer)
            elif inspect.isasyncgen(answer):
                return self._iterated(answer)
            return Awaiting(answer, self._loop) if isinstance(answer, CollectionHandle) else answer

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, value)

    def _iterated(self, items: Any) -> Iterator[Any]:
        while True:
            try:
                yield self._loop.run_until_complete(anext(items))
            except StopAsyncIteration:
                return


@dataclass(frozen=True)
class Driver:
    """One of the four."""

    kind: str
    transport: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.transport}"

    @contextmanager
    def connect(self, address: str, options: Options | None = None) -> Iterator[Database]:
        if self.kind == "sync":
            with connect(address, options) as db:
                yield db
            return
        loop = asyncio.new_event_loop()
        client = connect_async(address, options)
        try:
            yield cast("Database", Awaiting(client, loop))
        finally:
            loop.run_until_complete(client.close())
            loop.close()


DRIVERS = [Driver(kind, transport) for kind in ("sync", "async") for transport in ("grpc", "rest")]
#: Each kind and each transport once, for tests that take long.
HALF_OF_THEM = [Driver("sync", "grpc"), Driver("async", "rest")]
OTHER_HALF = [Driver("sync", "rest"), Driver("async", "grpc")]
