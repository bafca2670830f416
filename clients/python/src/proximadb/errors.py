"""What can go wrong, one class a code of gRPC. Each says who must act (:attr:`ProximaError.who_acts`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from .results import WriteResult

Actor = Literal["caller", "retry", "operator", "developer"]


@dataclass(frozen=True, slots=True)
class Detail:
    """What went wrong with one part of a request."""

    reason: str
    #: Position of the record in what was given to the call.
    record: int | None = None
    field: str | None = None


class ProximaError(Exception):
    """Base of all errors of this client; `code` is gRPC's name of it."""

    code: ClassVar[str] = "UNKNOWN"
    who_acts: ClassVar[Actor] = "developer"

    def __init__(
        self,
        message: str,
        *,
        details: Sequence[Detail] = (),
        retry_after_ms: int | None = None,
        token: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)
        #: When to come back. With RESOURCE_EXHAUSTED: the load was too large, not the request.
        self.retry_after_ms = retry_after_ms
        #: Read token of a write that is in the log although its outcome is not known yet.
        self.token = token
        #: What a write of many requests had written when one of them failed.
        self.written: WriteResult | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later, unchanged."""
        return False


class InvalidArgument(ProximaError):
    """The request is wrong; the details name the record and the field. Nothing was changed."""

    code = "INVALID_ARGUMENT"
    who_acts = "caller"


class OutOfRange(ProximaError):
    """Something is asked for that is not there yet, or any more: a token beyond the log's end."""

    code = "OUT_OF_RANGE"
    who_acts = "caller"


class FailedPrecondition(ProximaError):
    """The state does not allow it: a token of another collection, a reindex that is under way."""

    code = "FAILED_PRECONDITION"
    who_acts = "caller"


class NotFound(ProximaError):
    code = "NOT_FOUND"
    who_acts = "caller"


class AlreadyExists(ProximaError):
    """A name is taken."""

    code = "ALREADY_EXISTS"
    who_acts = "caller"


class Aborted(ProximaError):
    """A condition failed for every record of the call; the details say why."""

    code = "ABORTED"
    who_acts = "caller"


class PermissionDenied(ProximaError):
    code = "PERMISSION_DENIED"
    who_acts = "caller"


class Unauthenticated(ProximaError):
    code = "UNAUTHENTICATED"
    who_acts = "caller"


class Unimplemented(ProximaError):
    """The server does not have it."""

    code = "UNIMPLEMENTED"
    who_acts = "caller"


class ResourceExhausted(ProximaError):
    """With `retry_after_ms`: too much at once, come back then. Without: this request is too large for good."""

    code = "RESOURCE_EXHAUSTED"
    who_acts = "retry"

    @property
    def retryable(self) -> bool:
        return self.retry_after_ms is not None


class Unavailable(ProximaError):
    """Nobody answered who could have. The client repeated it as long as it was allowed to."""

    code = "UNAVAILABLE"
    who_acts = "retry"

    @property
    def retryable(self) -> bool:
        return True


class DeadlineExceeded(ProximaError):
    """It was not done in time. Of a write nobody knows whether it is in the log, unless there is a token: then it is."""

    code = "DEADLINE_EXCEEDED"
    who_acts = "retry"


class Cancelled(ProximaError):
    code = "CANCELLED"
    who_acts = "retry"


class DataLoss(ProximaError):
    """What is stored cannot be read."""

    code = "DATA_LOSS"
    who_acts = "operator"


class Internal(ProximaError):
    """A bug, here or in the server."""

    code = "INTERNAL"
    who_acts = "developer"


_by_code: dict[str, type[ProximaError]] = {
    error.code: error
    for error in (
        InvalidArgument, OutOfRange, FailedPrecondition, NotFound, AlreadyExists, Aborted, PermissionDenied, Unauthenticated,
        Unimplemented, ResourceExhausted, Unavailable, DeadlineExceeded, Cancelled, DataLoss, Internal,
    )
}  # fmt: skip


def error_class(code: str) -> type[ProximaError]:
    """A code that this client does not know is a bug: INTERNAL."""
    return _by_code.get(code, Internal)


def invalid(reason: str, *, record: int | None = None, field: str | None = None) -> InvalidArgument:
    """A request that its caller has to correct, in the server's words."""
    place = ", ".join(part for part in (None if record is None else f"record {record}", field) if part is not None)
    return InvalidArgument(f"{place}: {reason}" if place else reason, details=[Detail(reason, record, field)])
