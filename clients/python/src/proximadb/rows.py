"""What is written: ids, vectors and metadata in the one form that the encoders take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, Union

import numpy as np
import numpy.typing as npt

from .errors import invalid
from .metadata import Metadata, MetadataValue

if TYPE_CHECKING:
    import pandas as pd

Float32Array: TypeAlias = npt.NDArray[np.float32]
#: µs since 1970-01-01 UTC, or a datetime with its time zone.
Instant: TypeAlias = Union[int, datetime]
#: A mapping a record, or columns by their names, or a DataFrame of pandas, whose missing values are left out.
MetadataInput: TypeAlias = "Union[Sequence[Metadata], Mapping[str, Union[Sequence[MetadataValue], npt.NDArray[np.generic]]], pd.DataFrame]"


class Expiry(Enum):
    NEVER = "never"


#: In a patch: the record does not expire any more.
NEVER: Final = Expiry.NEVER

_epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
_microsecond = timedelta(microseconds=1)


def micros(instant: Instant, field: str, record: int | None = None) -> int:
    if isinstance(instant, datetime):
        if instant.tzinfo is None:
            raise invalid("has no time zone", record=record, field=field)
        return (instant - _epoch) // _microsecond
    return int(instant)


@dataclass(frozen=True, slots=True)
class Rows:
    """Records as columns. Vectors lie one after the other, little-endian."""

    ids: Sequence[str]
    vectors: Float32Array
    metadata: Sequence[Metadata] | None
    #: One for all, or one a record; µs since 1970-01-01 UTC.
    timestamps: int | Sequence[int]
    expires_at: int | Sequence[int | None] | None

    def __len__(self) -> int:
        return len(self.ids)

    def timestamp(self, row: int) -> int:
        return self.timestamps if isinstance(self.timestamps, int) else self.timestamps[row]

    def expiry(self, row: int) -> int | None:
        return self.expires_at if self.expires_at is None or isinstance(self.expires_at, int) else self.expires_at[row]


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes parts of a stored record; what is left out stays as it is."""

    id: str
    vector: npt.ArrayLike | None = None
    #: Top-level keys of the metadata to add or replace.
    set: Metadata | None = None
    #: Top-level keys of the metadata to remove.
    unset: Sequence[str] = ()
    timestamp: Instant | None = None
    #: :data:`NEVER`: it does not expire any more.
    expires_at: Instant | Expiry | None = None


def rows_of(
    ids: Iterable[str],
    vectors: npt.ArrayLike,
    metadata: MetadataInput | None,
    timestamp: Instant | Sequence[Instant] | None,
    expires_at: Instant | Sequence[Instant | None] | None,
) -> Rows:
    """
    :raises InvalidArgument: naming record and field: shapes that do not fit together, a number that is not finite. Checked for
        all records before the first is sent.
    """
    if isinstance(ids, str):
        raise invalid("takes a sequence of ids", field="ids")
    names = ids if isinstance(ids, (list, tuple)) else ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    for record, name in enumerate(names):
        if not isinstance(name, str):
            raise invalid(f"must be a string, not {type(name).__name__}", record=record, field="id")
    count = len(names)
    return Rows(
        names, _matrix(vectors, count), _metadata(metadata, count),
        _times(timestamp, count, "timestamp"), _expiries(expires_at, count),
    )  # fmt: skip


def vector_of(vector: npt.ArrayLike, field: str, record: int | None = None) -> Float32Array:
    """One vector. :raises InvalidArgument: if it is none, or not finite."""
    array = _floats(vector, field)
    if array.ndim != 1:
        raise invalid(f"must have one dimension, not {array.ndim}", record=record, field=field)
    if not np.isfinite(array).all():
        at = int(np.argmin(np.isfinite(array)))
        raise invalid("must be finite", record=record, field=f"{field}[{at}]")
    return array


def matrix_of(vectors: npt.ArrayLike, field: str) -> Float32Array:
    """Vectors, one a row. :raises InvalidArgument: if one of them is not finite."""
    array = _floats(vectors, field)
    if array.ndim != 2:
        raise invalid(f"must be of the shape (n, dimension), not {array.shape}", field=field)
    # A sum is finite if all of it is: one pass without a mask. Only where it is not, it is looked at more closely.
    if not np.isfinite(array.sum(dtype=np.float64)):
        finite = np.isfinite(array)
        if not finite.all():
            record, at = (int(place) for place in np.unravel_index(int(np.argmin(finite)), finite.shape))
            raise invalid("must be finite", record=record, field=f"vector[{at}]")
    return array


def _floats(given: npt.ArrayLike, field: str) -> Float32Array:
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(given, dtype="<f4") if np.ndim(given) > 0 else np.asarray(given, dtype="<f4")
    except (TypeError, ValueError) as error:
        raise invalid(f"is no array of numbers: {error}", field=field) from None


def _matrix(vectors: npt.ArrayLike, count: int) -> Float32Array:
    if count == 0 and np.size(vectors) == 0:
        return np.empty((0, 0), dtype="<f4")
    array = matrix_of(vectors, "vectors")
    if array.shape[0] != count:
        raise invalid(f"{count} ids, and {array.shape[0]} vectors", field="vectors")
    return array


def _metadata(given: MetadataInput | None, count: int) -> Sequence[Metadata] | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        columns = {name: _list(column) for name, column in given.items()}
        for name, column in columns.items():
            if len(column) != count:
                raise invalid(f"{count} ids, and {len(column)} values", field=f"metadata.{name}")
        return [dict(zip(columns, values)) for values in zip(*columns.values())] if columns else None
    records = _by_row(given)
    if len(records) != count:
        raise invalid(f"{count} ids, and metadata for {len(records)}", field="metadata")
    for record, each in enumerate(records):
        if not isinstance(each, Mapping):
            raise invalid(f"must be a mapping, not {type(each).__name__}", record=record, field="metadata")
    return records


def _by_row(given: Sequence[Metadata] | pd.DataFrame) -> Sequence[Metadata]:
    if isinstance(given, Sequence):
        return given
    if not hasattr(given, "iloc"):
        raise invalid(f"must be mappings, columns or a DataFrame, not {type(given).__name__}", field="metadata")
    # Only whoever has a frame has pandas.
    from .frames import records_of

    return records_of(given) or [{}] * len(given)


def _list(column: Sequence[MetadataValue] | npt.NDArray[np.generic]) -> Sequence[MetadataValue]:
    if isinstance(column, np.ndarray):
        values: list[MetadataValue] = column.tolist()
        return values
    return column


def _times(given: Instant | Sequence[Instant] | None, count: int, field: str) -> int | Sequence[int]:
    if given is None:
        return 0
    if isinstance(given, (int, datetime)):
        return micros(given, field)
    _same_length(given, count, field)
    return [micros(each, field, record) for record, each in enumerate(given)]


def _expiries(given: Instant | Sequence[Instant | None] | None, count: int) -> int | Sequence[int | None] | None:
    if given is None or isinstance(given, (int, datetime)):
        return None if given is None else micros(given, "expires_at")
    _same_length(given, count, "expires_at")
    return [None if each is None else micros(each, "expires_at", record) for record, each in enumerate(given)]


def _same_length(given: Sequence[object], count: int, field: str) -> None:
    if len(given) != count:
        raise invalid(f"{count} ids, and {len(given)} values", field=field)
