"""What a client meets when servers stop, freeze, are killed, refuse, or stand in for each other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import proximadb
from proximadb import Options

from .driven import OTHER_HALF, Driver
from .server import Server
from .words import DIMENSION, words


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with narrow limits."""
    flags = ["--gateway-records-max", "100", "--gateway-records-per-second-max", "1000", "--gateway-partitions-default", "1"]
    server = Server(tmp_path_factory.mktemp("strict") / "data", flags)
    yield server
    server.kill()


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("driver", OTHER_HALF, ids=str)
def test_everything_is_there_after_a_restart_and_the_same_client_finds_it(own_server: Callable[..., Server], driver: Driver) -> None:
    server, all_words = own_server("--gateway-partitions-default", "2"), words()
    with driver.connect(server.address(driver.transport)) as db:
        collection = db.create_collection("words", dimension=DIMENSION, tags={"kept": "yes"})
        result = collection.upsert(all_words.names, all_words.vectors, metadata=all_words.metadata)
        before = collection.search(all_words.vectors[3], k=10, exact=True)
        info = collection.info()
        server.stop()
        server.start_again()
        db.wait_until_ready()
        assert collection.info() == info
        # At the token of the session: what it wrote is there.
        assert collection.count() == len(all_words.names)
        records = collection.get(all_words.names[:500])
        assert [record.version for record in records] == result.versions[:500]
        assert records.vectors is not None
        assert records.vectors.tobytes() == all_words.vectors[:500].tobytes()
        after = collection.search(all_words.vectors[3], k=10, exact=True)
        assert (after.ids, after.scores.tolist()) == (before.ids, before.scores.tolist())


def test_a_write_goes_on_over_a_server_that_is_killed_and_is_applied_once(own_server: Callable[..., Server], driver: Driver) -> None:
    server, all_words = own_server("--gateway-partitions-default", "2"), words()
    options = Options(attempts_max=1_000, backoff_s_max=0.2, batch_records=100, at_once=4)
    begun = threading.Event()
    with driver.connect(server.address(driver.transport), options) as db, ThreadPoolExecutor(1) as pool:
        collection = db.create_collection("words", dimension=DIMENSION)
        writing = pool.submit(collection.upsert, all_words.names, all_words.vectors, progress=lambda _written: begun.set())
        begun.wait()
        server.kill()
        server.start_again()
        result = writing.result()
        assert None not in result.versions
        assert collection.count() == len(all_words.names)
        records = collection.get(all_words.names)
        assert [record.version for record in records] == result.versions
        assert records.vectors is not None
        assert records.vectors.tobytes() == all_words.vectors.tobytes()


def test_a_frozen_server_is_not_waited_for_longer_than_asked(strict: Server, driver: Driver) -> None:
    with driver.connect(strict.address(driver.transport)) as db:
        collection = db.create_collection(f"frozen-{driver}", dimension=2)
        strict.freeze()
        try:
            with pytest.raises(proximadb.DeadlineExceeded) as raised:
                collection.count(timeout=0.3)
            assert raised.value.who_acts == "retry"
            assert not db.is_ready(timeout=0.2)
        finally:
            strict.thaw()
        assert collection.count() == 0


def test_nobody_is_there(driver: Driver, nobody: int) -> None:
    address = f"127.0.0.1:{nobody}" if driver.transport == "grpc" else f"http://127.0.0.1:{nobody}"
    with driver.connect(address, Options(attempts_max=2, backoff_s=0.01)) as db:
        with pytest.raises(proximadb.Unavailable) as raised:
            db.list_collections()
        assert (raised.value.who_acts, raised.value.retryable) == ("retry", True)
        assert not db.is_ready(timeout=0.2)
        with pytest.raises(proximadb.DeadlineExceeded):
            db.wait_until_ready(timeout=0.2)


def test_of_several_servers_one_that_answers_is_used(server: Server, driver: Driver, nobody: int) -> None:
    scheme = "" if driver.transport == "grpc" else "http://"
    with driver.connect(f"{scheme}127.0.0.1:{nobody},{server.address(driver.transport)}") as db:
        db.wait_until_ready()
        collection = db.create_collection(f"several-{driver}", dimension=2)
        collection.upsert(["a"], np.ones((1, 2)))
        assert collection.count() == 1


def test_what_is_too_large_for_good_is_said_so(strict: Server, driver: Driver) -> None:
    name, ids = f"large-{driver}", [str(number) for number in range(101)]
    with driver.connect(strict.address(driver.transport)) as db:
        collection = db.create_collection(name, dimension=2)
        with pytest.raises(proximadb.ResourceExhausted) as raised:
            collection.upsert(ids, np.ones((101, 2)))
        assert (raised.value.retryable, raised.value.retry_after_ms) == (False, None)
        with driver.connect(strict.address(driver.transport), Options(batch_records=100)) as careful:
            careful.collection(name).upsert(ids, np.ones((101, 2)))
        assert collection.count(consistency="strong") == 101


def test_a_server_with_a_rate_is_written_to_as_fast_as_it_takes(strict: Server, driver: Driver) -> None:
    """RESOURCE_EXHAUSTED with a time to come back: the client comes back then, and all is written."""
    with driver.connect(strict.address(driver.transport), Options(batch_records=100, attempts_max=20)) as db:
        collection = db.create_collection(f"rate-{driver}", dimension=2)
        result = collection.upsert([str(number) for number in range(2_000)], np.ones((2_000, 2)))
        assert None not in result.versions
        assert collection.count() == 2_000
