"""Frames → rows: pandas DataFrames, Arrow tables, record batches and readers of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np

from .errors import invalid
from .metadata import MetadataValue
from .rows import Float32Array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Frame: TypeAlias = "Union[pd.DataFrame, pa.Table, pa.RecordBatch, pa.RecordBatchReader]"


@dataclass(frozen=True, slots=True)
class Chunk:
    ids: list[str]
    vectors: Float32Array
    metadata: list[dict[str, MetadataValue]] | None
    timestamps: list[int] | None
    expires_at: list[int | None] | None


def chunks_of(
    frame: Frame, id: str, vector: str, metadata: Sequence[str] | None, timestamp: str | None, expires_at: str | None
) -> Iterator[Chunk]:
    """
    A DataFrame as one, Arrow's data a record batch at a time.

    :raises InvalidArgument: for a column that is not there, or not of its kind.
    """
    columns = _Columns(id, vector, metadata, timestamp, expires_at)
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas":
        yield _from_pandas(frame, columns)
    elif kind == "pyarrow":
        for batch in _batches(frame):
            yield _from_arrow(batch, columns)
    else:
        raise invalid(
            f"is no DataFrame of pandas, nor a table or record batches of Arrow, but {type(frame).__name__}",
            field="frame",
        )


@dataclass(frozen=True, slots=True)
class _Columns:
    id: str
    vector: str
    metadata: Sequence[str] | None
    timestamp: str | None
    expires_at: str | None

    def check(self, there: Sequence[str]) -> Sequence[str]:
        """Names of the metadata's columns."""
        roles = [name for name in (self.id, self.vector, self.timestamp, self.expires_at) if name is not None]
        named = list(self.metadata) if self.metadata is not None else [name for name in there if name not in roles]
        for name in (*roles, *named):
            if name not in there:
                raise invalid(f"there is no such column; there are {', '.join(map(str, there))}", field=str(name))
        return named


def _batches(frame: Any) -> Iterable[Any]:
    batches: Iterable[Any] = [frame] if hasattr(frame, "num_rows") else frame
    if hasattr(frame, "to_batches"):
        batches = frame.to_batches()
    return batches


def _from_arrow(batch: Any, columns: _Columns) -> Chunk:
    names = columns.check(batch.schema.names)
    column = {name: batch.column(batch.schema.get_field_index(name)) for name in batch.schema.names}
    times = {name: column[name].to_numpy(zero_copy_only=False) for name in (columns.timestamp, columns.expires_at) if name is not None}
    return Chunk(
        column[columns.id].to_pylist(),
        _arrow_vectors(column[columns.vector], columns.vector),
        _records({name: column[name].to_pylist() for name in names}, batch.num_rows),
        None if columns.timestamp is None else _instants(times[columns.timestamp], columns.timestamp),
        None if columns.expires_at is None else _optional_instants(times[columns.expires_at], columns.expires_at),
    )


def _arrow_vectors(column: Any, name: str) -> Float32Array:
    """A FixedSizeList's numbers lie one after the other; those of a list do if all are of one length."""
    import pyarrow as pa

    if column.null_count > 0:
        raise invalid("has rows without a vector", field=name)
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        width = kind.list_size
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        widths = np.unique(np.diff(column.offsets.to_numpy()))
        if widths.size > 1:
            raise invalid(f"vectors are of different lengths, {widths[0]} to {widths[-1]}", field=name)
        width = int(widths[0]) if widths.size > 0 else 0
    else:
        raise invalid(f"must be a list of numbers, not {kind}", field=name)
    flat = column.flatten()
    if flat.null_count > 0:
        raise invalid("has vectors with numbers missing", field=name)
    numbers = flat.to_numpy(zero_copy_only=flat.type == pa.float32())
    return np.asarray(numbers, dtype="<f4").reshape(len(column), width)


def _from_pandas(frame: Any, columns: _Columns) -> Chunk:
    names = columns.check(list(frame.columns))
    vectors = frame[columns.vector].to_numpy()
    try:
        matrix = np.stack(vectors).astype("<f4", copy=False) if len(vectors) > 0 else np.empty((0, 0), dtype="<f4")
    except (TypeError, ValueError) as error:
        raise invalid(f"has no vectors of one length: {error}", field=columns.vector) from None
    if matrix.ndim != 2:
        raise invalid("has numbers in place of vectors", field=columns.vector)
    return Chunk(
        ids=frame[columns.id].tolist(), vectors=matrix, metadata=records_of(frame, names),
        timestamps=None if columns.timestamp is None else _instants(frame[columns.timestamp].to_numpy(), columns.timestamp),
        expires_at=None if columns.expires_at is None else _optional_instants(frame[columns.expires_at].to_numpy(), columns.expires_at),
    )  # fmt: skip


def records_of(frame: Any, names: Sequence[str] | None = None) -> list[dict[str, MetadataValue]] | None:
    """Columns of a DataFrame, all of them by default, row by row."""
    columns = {name: frame[name] for name in (frame.columns if names is None else names)}
    # Whichever way pandas says that a value is missing.
    values = {str(name): column.astype(object).where(column.notna(), None).tolist() for name, column in columns.items()}
    return _records(values, len(frame))


def _records(columns: dict[str, list[MetadataValue]], rows: int) -> list[dict[str, MetadataValue]] | None:
    if not columns:
        return None
    return [{name: value for name, value in zip(columns, values) if value is not None} for values in zip(*columns.values())]


def _instants(column: Any, name: str) -> list[int]:
    instants = _optional_instants(column, name)
    missing = next((row for row, instant in enumerate(instants) if instant is None), None)
    if missing is not None:
        raise invalid("is missing", record=missing, field=name)
    return [instant for instant in instants if instant is not None]


def _optional_instants(column: Any, name: str) -> list[int | None]:
    """µs since 1970-01-01 UTC, of whole numbers or of dates."""
    if column.dtype.kind == "M":
        whole = column.astype("datetime64[us]")
        return [None if missing else instant for instant, missing in zip(whole.astype(np.int64).tolist(), np.isnat(whole).tolist())]
    if column.dtype.kind in "iu":
        return [int(instant) for instant in column.tolist()]
    values = [value if _is_instant(value) else None for value in column.tolist()]
    if column.dtype.kind == "O":
        return [None if value is None else _whole(value, name) for value in values]
    if column.dtype.kind == "f":
        return [None if value is None else int(value) for value in values]
    raise invalid(f"must be whole numbers or dates, not {column.dtype}", field=name)


def _is_instant(value: object) -> bool:
    return value is not None and value == value


def _whole(value: Any, name: str) -> int:
    from datetime import datetime

    from .rows import micros

    if isinstance(value, (int, datetime)):
        return micros(value, name)
    raise invalid(f"must be a whole number or a date, not {type(value).__name__}", field=name)
