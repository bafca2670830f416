from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proximadb import Collection, Database

from .driven import DRIVERS, Driver
from .server import Server
from .words import DIMENSION, Words, words

PARTITIONS = 3
#: A file for what became of each case, a line of JSON each: test/clients/python.test.ts reads it.
REPORT = os.environ.get("PROXIMADB_TEST_REPORT")
_numbers = itertools.count()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # A setup or a teardown is only told of where it went wrong.
    if REPORT is None or (report.when != "call" and report.passed):
        return
    name = report.nodeid.partition("[")[0].removeprefix("tests/").replace("::", " ")
    with Path(REPORT).open("a", encoding="utf-8") as file:
        text = "" if report.passed else f"{report.nodeid}: {report.longreprtext}"
        file.write(json.dumps({"name": name, "outcome": report.outcome, "text": text}) + "\n")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that do not stop it."""
    running = Server(tmp_path_factory.mktemp("data") / "data", ["--gateway-partitions-default", str(PARTITIONS)])
    yield running
    running.kill()


@pytest.fixture(scope="module", params=DRIVERS, ids=str)
def driver(request: pytest.FixtureRequest) -> Driver:
    chosen: Driver = request.param
    return chosen


@pytest.fixture(scope="module")
def db(server: Server, driver: Driver) -> Iterator[Database]:
    with driver.connect(server.address(driver.transport)) as database:
        yield database


@pytest.fixture
def fresh_name() -> Callable[[], str]:
    return lambda: f"collection-{next(_numbers)}"


@pytest.fixture
def small(db: Database, fresh_name: Callable[[], str]) -> Collection:
    """An empty collection of few dimensions."""
    return db.create_collection(fresh_name(), dimension=4)


@pytest.fixture(scope="module")
def book(db: Database) -> Iterator[tuple[Collection, Words]]:
    """The words, in a collection that tests only read."""
    all_words = words()
    collection = db.create_collection(f"words-{next(_numbers)}", dimension=DIMENSION)
    collection.upsert(all_words.names, all_words.vectors, metadata=all_words.metadata)
    yield collection, all_words
    db.delete_collection(collection.name)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """For tests that stop it, or start it in their way."""
    started: list[Server] = []

    def start(*flags: str) -> Server:
        started.append(Server(tmp_path / f"data-{len(started)}", flags))
        return started[-1]

    yield start
    for one in started:
        one.kill()
