"""
The core without input and output: an operation is a generator that yields what has to be done (:data:`Step`) and is sent what
came of it. Two short drivers do it, one blocking, one for asyncio; neither knows what an operation is about.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Generic, TypeAlias, TypeVar, Union, cast
from uuid import uuid4

from google.protobuf.message import Message

from .errors import DeadlineExceeded, NotFound, ProximaError, Unavailable
from .methods import DELETE_COLLECTION, Method, Request, Response
from .wire import Answer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send this request to that server. Sent back: the :class:`Answer`; or a :class:`ProximaError` is thrown."""

    server: int
    method: Method[Any, Any]
    request: Message
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Reach:
    """Try to connect to that server. Sent back: whether it can be reached."""

    server: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Ready:
    """Ask that server whether it is ready to serve. Sent back: whether it says so; or a :class:`ProximaError` is thrown."""

    server: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Together(Generic[T]):
    """
    Run operations at once, but no more than so many. They are taken as places become free, and no more of them after the first
    that fails; those under way are waited for. Sent back: a list of :class:`Outcome`, in the order in which they were taken.
    """

    operations: Iterator[Operation[T]]
    at_once: int
    #: Told of each that is done, as it is done.
    done: Callable[[T], object] = field(default=lambda result: None)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """A result, or an error."""

    result: T | None
    error: ProximaError | None


class Window(Generic[T]):
    """What runs together at the moment: a driver takes places, runs what is in them, and settles them."""

    def __init__(self, step: Together[T]) -> None:
        self._step = step
        self._operations: list[Operation[T]] = []
        self._outcomes: list[Outcome[T] | None] = []
        self._failed = False

    def take(self) -> int | None:
        """The next place. None: there are no more, or something failed."""
        if self._failed:
            return None
        try:
            operation = next(self._step.operations, None)
        except ProximaError as error:
            self._outcomes.append(Outcome(None, error))
            self._failed = True
            return None
        if operation is None:
            return None
        self._operations.append(operation)
        self._outcomes.append(None)
        return len(self._operations) - 1

    def operation(self, place: int) -> Operation[T]:
        return self._operations[place]

    def settle(self, place: int, outcome: Outcome[T]) -> None:
        self._outcomes[place] = outcome
        if outcome.error is not None:
            self._failed = True
        else:
            self._step.done(cast("T", outcome.result))

    @property
    def outcomes(self) -> list[Outcome[T]]:
        """Once all places are settled."""
        return [outcome for outcome in self._outcomes if outcome is not None]


Step: TypeAlias = Union[Attempt, Reach, Ready, Pause, "Together[Any]"]
#: Yields steps, is sent what they promise, returns the result.
Operation: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Options:
    """How a client calls."""

    #: Of a request, all its attempts together.
    timeout_s: float = 60.0
    #: Of one request, the first included.
    attempts_max: int = 10
    #: Before the second attempt; doubled before each further one, with jitter.
    backoff_s: float = 0.05
    #: Longest wait between attempts, unless the server asks for more.
    backoff_s_max: float = 2.0
    #: To connect to one of several servers.
    connect_s_max: float = 1.0
    #: Records of one request; more are split.
    batch_records: int = 1_000
    #: Bytes of one request's records, as they are sent.
    batch_bytes: int = 4 << 20
    #: Requests of one call under way at once.
    at_once: int = 4
    #: Largest answer.
    message_bytes_max: int = 256 << 20
    #: 0 ≤ x < 1.
    random: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class Servers:
    """Servers that can stand in for each other: one is used until it does not answer, then the next."""

    total: int
    current: int = 0
    #: The current one has answered.
    reached: bool = False

    def leave(self, failed: int) -> None:
        """Unless another call has left it already."""
        if self.current == failed:
            self.current = (failed + 1) % self.total
            self.reached = False


def attempts(
    servers: Servers, options: Options, method: Method[Request, Response], request: Request, timeout_s: float | None
) -> Operation[Answer[Response]]:
    """
    A request with its retries, within one deadline. Repeated is what meets UNAVAILABLE, or RESOURCE_EXHAUSTED with a time to come
    back, with the request id of the first attempt and the attempt counted up: a write is applied once.

    :raises ProximaError: of the last attempt.
    """
    end = options.clock() + (options.timeout_s if timeout_s is None else timeout_s)
    fields = request.DESCRIPTOR.fields_by_name
    if "request_id" in fields and not request.HasField("request_id"):
        request.request_id = uuid4().hex  # type: ignore[attr-defined]
    for attempt in count():
        if "attempt" in fields:
            request.attempt = attempt  # type: ignore[attr-defined]
        server = yield from _reachable(servers, options, end)
        left = end - options.clock()
        try:
            if left <= 0:
                raise DeadlineExceeded(f"{method.name} was not done in time")
            answer = cast("Answer[Response]", (yield Attempt(server, method, request, left)))
            servers.reached = servers.reached or server == servers.current
            return answer
        except ProximaError as error:
            if isinstance(error, Unavailable):
                servers.leave(server)
            # The attempt before may have deleted it, and its answer was lost.
            if method is DELETE_COLLECTION and attempt > 0 and isinstance(error, NotFound):
                return Answer(method.response())
            wait = _backoff(error, attempt, options)
            if not error.retryable or attempt + 1 >= options.attempts_max or options.clock() + wait >= end:
                raise
        yield Pause(wait)
    raise AssertionError("attempts are counted without end")


def _backoff(error: ProximaError, attempt: int, options: Options) -> float:
    ceiling: float = min(options.backoff_s * 2.0**attempt, options.backoff_s_max)
    return max(error.retry_after_ms or 0, 0) / 1000 + ceiling * (0.5 + options.random() / 2)


def _reachable(servers: Servers, options: Options, end: float) -> Operation[int]:
    """One that can be reached, if there are several: a connection that does not come about is not waited for as long as a call."""
    for _ in range(servers.total - 1):
        if servers.reached:
            break
        server = servers.current
        if (yield Reach(server, max(0.0, min(options.connect_s_max, end - options.clock())))):
            break
        servers.leave(server)
    return servers.current


def raise_first(outcomes: Sequence[Outcome[T]]) -> list[T]:
    """The results. :raises ProximaError: the first one."""
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return [cast("T", outcome.result) for outcome in outcomes]
