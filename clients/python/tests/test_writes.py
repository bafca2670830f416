"""Large writes: how they are split, several requests at once, progress, frames, and what is said when one of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import proximadb
from proximadb import Collection, Options, connect_async

from .driven import Driver
from .server import Server
from .words import DIMENSION, words


@pytest.fixture
def split(server: Server, driver: Driver, fresh_name: Callable[[], str]) -> Iterator[Collection]:
    """A collection of a client with small requests."""
    with driver.connect(server.address(driver.transport), Options(batch_records=100, batch_bytes=20_000)) as db:
        yield db.create_collection(fresh_name(), dimension=DIMENSION)


def test_a_large_write_is_split_and_all_of_it_is_there(split: Collection) -> None:
    all_words = words()
    told: list[int] = []
    result = split.upsert(all_words.names, all_words.vectors, metadata=all_words.metadata, progress=told.append)
    assert sum(told) == len(all_words.names)
    # 20,000 bytes hold some 40 records of 100 floats.
    assert max(told) < 60
    assert None not in result.versions
    assert split.count() == len(all_words.names)
    records = split.get(all_words.names)
    assert [record.version for record in records] == result.versions
    assert records.vectors is not None
    assert records.vectors.tobytes() == all_words.vectors.tobytes()


def test_of_an_id_that_comes_twice_the_later_record_holds(split: Collection) -> None:
    ids = [str(number % 150) for number in range(1_200)]
    split.upsert(ids, np.ones((1_200, DIMENSION)), metadata={"n": np.arange(1_200)})
    assert {record.id: record.metadata for record in split.scroll()} == {str(n % 150): {"n": n} for n in range(1_050, 1_200)}


def test_when_a_request_fails_the_error_says_what_was_written(split: Collection) -> None:
    ids = [str(number) for number in range(1_000)]
    ids[777] = "x" * 600
    with pytest.raises(proximadb.InvalidArgument) as raised:
        split.upsert(ids, np.ones((1_000, DIMENSION)))
    assert [(each.record, each.field) for each in raised.value.details] == [(777, "id")]
    written = raised.value.written
    assert written is not None
    assert len(written.versions) == 1_000
    there = [each for each, version in zip(ids, written.versions) if version is not None]
    assert len(there) > 0
    assert ids[777] not in there
    assert sorted(record.id for record in split.scroll()) == sorted(there)


def test_metadata_that_cannot_be_written_is_named_by_its_place_in_the_whole_call(split: Collection) -> None:
    metadata: list[Any] = [{"n": number} for number in range(500)]
    metadata[321] = {"n": {1, 2}}
    with pytest.raises(proximadb.InvalidArgument) as raised:
        split.upsert([str(number) for number in range(500)], np.ones((500, DIMENSION)), metadata=metadata)
    assert [(each.record, each.field) for each in raised.value.details] == [(321, "metadata.n")]
    assert raised.value.written is not None
    assert split.count() == sum(version is not None for version in raised.value.written.versions)


def test_conditions_of_many_requests(split: Collection) -> None:
    ids, vectors = [str(number) for number in range(500)], np.ones((500, DIMENSION))
    first = split.upsert(ids[:300], vectors[:300], if_absent=True)
    second = split.upsert(ids, vectors, if_absent=True)
    assert [each.record for each in second.refused] == list(range(300))
    assert {each.reason for each in second.refused} <= {"exists", "refused"}
    assert second.versions[:300] == [None] * 300
    with pytest.raises(proximadb.Aborted) as raised:
        split.upsert(ids, vectors, if_absent=True)
    assert len(raised.value.details) == 500
    third = split.upsert(ids, vectors, if_versions=[*first.versions, *(["1-0"] * 200)])
    assert {each.record for each in third.refused} == set(range(300, 500))
    assert [each.record for each in split.patch([proximadb.Patch(each, set={"a": 1}) for each in ["no", *ids]]).refused] == [0]
    assert split.count({"a": 1}) == 500
    assert split.delete(["no", *ids], if_present=True).refused[0].reason == "missing"
    assert split.count() == 0


FRAME_ROWS = 50


def frame_of() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame: pd.DataFrame = pd.DataFrame({
        "key": [f"k{number:02}" for number in range(FRAME_ROWS)],
        "embedding": list(rng.standard_normal((FRAME_ROWS, DIMENSION)).astype(np.float32)),
        "n": np.arange(FRAME_ROWS), "share": np.linspace(0, 1, FRAME_ROWS), "odd": np.arange(FRAME_ROWS) % 2 == 1,
        "text": [f"t{number}" if number % 3 else None for number in range(FRAME_ROWS)],
        "at": pd.to_datetime(np.arange(FRAME_ROWS), unit="s", utc=True),
    })  # fmt: skip
    return frame


def tables_of(frame: pd.DataFrame) -> dict[str, Any]:
    """The same as Arrow has it, in its ways."""
    numbers = pa.array(np.concatenate(frame["embedding"].to_numpy()))
    columns = {name: pa.array(frame[name], from_pandas=True) for name in ("key", "n", "share", "odd", "text", "at")}
    fixed = pa.table({**columns, "embedding": pa.FixedSizeListArray.from_arrays(numbers, DIMENSION)})
    lists = pa.table({**columns, "embedding": pa.array([each.tolist() for each in frame["embedding"]], pa.list_(pa.float32()))})
    batches = fixed.to_batches(max_chunksize=7)
    return {
        "pandas": frame, "table": fixed, "slice": pa.concat_tables([fixed.slice(0, 13), fixed.slice(13)]), "lists": lists,
        "batch": fixed.combine_chunks().to_batches()[0], "reader": pa.RecordBatchReader.from_batches(fixed.schema, batches),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["pandas", "table", "slice", "lists", "batch", "reader"])
def test_a_frame_is_written_row_by_row(split: Collection, kind: str) -> None:
    frame = frame_of()
    told: list[int] = []
    given = tables_of(frame)[kind]
    result = split.upsert_frame(given, id="key", vector="embedding", timestamp="at", progress=told.append)
    assert (sum(told), len(result.versions)) == (FRAME_ROWS, FRAME_ROWS)
    records = split.get(frame["key"].tolist())
    assert records.vectors is not None
    assert records.vectors.tobytes() == np.stack(frame["embedding"].to_list()).tobytes()
    for row, record in enumerate(records):
        expected = {"n": row, "share": float(frame["share"][row]), "odd": row % 2 == 1, **({"text": f"t{row}"} if row % 3 else {})}
        assert repr(record.metadata) == repr(expected)
        assert record.timestamp == row * 1_000_000


def test_metadata_may_be_a_frame(split: Collection) -> None:
    frame = frame_of()
    split.upsert(frame["key"].tolist(), np.stack(frame["embedding"].to_list()), metadata=frame[["n", "text"]])
    records = split.get(["k00", "k01"])
    assert [record.metadata for record in records] == [{"n": 0}, {"n": 1, "text": "t1"}]
    with pytest.raises(proximadb.InvalidArgument, match="2 ids, and metadata for 50"):
        split.upsert(["a", "b"], np.ones((2, DIMENSION)), metadata=frame[["n"]])


def test_a_frame_with_what_does_not_fit_is_refused_by_its_column(small: Collection) -> None:
    frame = frame_of()
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (frame, {"id": "nobody"}, "nobody"), (frame, {"vector": "n"}, "n"), (frame, {"metadata": ["x"]}, "x"),
        (frame.to_dict(), {}, "frame"),
        (frame, {"timestamp": "text"}, "text"), (pa.table({"key": ["a"], "embedding": [5]}), {}, "embedding"),
        (pa.table({"key": ["a", "b"], "embedding": [[1.0], [1.0, 2.0]]}), {}, "embedding"),
        (pa.table({"key": ["a", "b"], "embedding": [[1.0], None]}), {}, "embedding"),
    ]  # fmt: skip
    for given, options, field in cases:
        with pytest.raises(proximadb.InvalidArgument) as raised:
            small.upsert_frame(given, **{"id": "key", "vector": "embedding", **options})
        assert raised.value.details[0].field == field
    assert small.count() == 0


def test_a_row_at_fault_is_named_by_its_place_in_the_frame(split: Collection) -> None:
    frame = frame_of()
    frame.loc[33, "key"] = "x" * 600
    table = tables_of(frame)["table"]
    batches = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=7))
    with pytest.raises(proximadb.InvalidArgument) as raised:
        split.upsert_frame(batches, id="key", vector="embedding", timestamp="at")
    assert [(each.record, each.field) for each in raised.value.details] == [(33, "id")]
    assert raised.value.written is not None
    # The chunks before it are written.
    assert sum(version is not None for version in raised.value.written.versions) == 28
    assert split.count() == 28


def test_vectors_of_arrow_are_not_copied() -> None:
    from proximadb.frames import chunks_of

    numbers = pa.array(np.arange(12, dtype=np.float32))
    table = pa.table({"id": ["a", "b", "c"], "vector": pa.FixedSizeListArray.from_arrays(numbers, 4)})
    (chunk,) = chunks_of(table, "id", "vector", None, None, None)
    assert np.shares_memory(chunk.vectors, numbers.to_numpy())


def test_a_bar_shows_progress(small: Collection, capsys: pytest.CaptureFixture[str]) -> None:
    small.upsert([str(number) for number in range(1_234)], np.ones((1_234, 4)), progress=True)
    assert "1.23k/1.23k" in capsys.readouterr().err


def test_expiry_by_date(small: Collection) -> None:
    past, future = datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)
    small.upsert(["a", "b"], np.eye(4)[:2], expires_at=[past, future])
    assert [record.id for record in small.scroll()] == ["b"]
    with pytest.raises(proximadb.InvalidArgument, match="no time zone"):
        small.upsert(["a"], np.eye(4)[:1], expires_at=datetime(2100, 1, 1))


def test_many_threads_share_a_client(server: Server, fresh_name: Callable[[], str]) -> None:
    for transport in ("grpc", "rest"):
        with proximadb.connect(server.address(transport)) as db, ThreadPoolExecutor(8) as pool:
            collection = db.create_collection(fresh_name(), dimension=4)

            def work(number: int, collection: Collection = collection) -> int:
                vector = np.array([[1, number, number**2, 1]])
                collection.upsert([str(number)], vector, metadata=[{"n": number}])
                # Each reads what it wrote, whatever the others do.
                (hit,) = collection.search(vector[0], k=1, filter={"n": number})
                return int(hit.id)

            assert list(pool.map(work, range(100))) == list(range(100))
            assert collection.count() == 100


async def test_many_tasks_share_a_client(server: Server, fresh_name: Callable[[], str]) -> None:
    for transport in ("grpc", "rest"):
        async with connect_async(server.address(transport)) as db:
            collection = await db.create_collection(fresh_name(), dimension=4)

            async def work(number: int, collection: proximadb.AsyncCollection = collection) -> int:
                vector = np.array([[1, number, number**2, 1]])
                await collection.upsert([str(number)], vector, metadata=[{"n": number}])
                (hit,) = await collection.search(vector[0], k=1, filter={"n": number})
                return int(hit.id)

            assert await asyncio.gather(*map(work, range(100))) == list(range(100))
            assert [record.id async for record in collection.scroll({"n": {"$lt": 3}})] == ["0", "1", "2"]


async def test_a_task_that_is_cancelled_leaves_nothing_running(server: Server, fresh_name: Callable[[], str]) -> None:
    all_words = words()
    async with connect_async(server.address("grpc"), Options(batch_records=50)) as db:
        collection = await db.create_collection(fresh_name(), dimension=DIMENSION)
        started = asyncio.Event()
        task = asyncio.create_task(collection.upsert(all_words.names, all_words.vectors, progress=lambda _written: started.set()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await collection.count() < len(all_words.names)
