"""Servers and writers of other releases: a real server whose front names another record schema to write in (test/clients/other-release)."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from proximadb import NEVER, Collection, Database, FailedPrecondition, Patch

from .driven import DRIVERS, Driver
from .server import NODE, REPOSITORY

_numbers = itertools.count()
GRPC = [driver for driver in DRIVERS if driver.transport == "grpc"]
VECTOR = [0.25, -1.5, 3.0]
METADATA: dict[str, Any] = {"title": "Stalker", "year": 1979, "parts": [True, None, 0.5, 2**60, b"bytes", {"of": "two"}]}


class Release(NamedTuple):
    #: Of the front, whose own schema is another one.
    front: str
    #: Of the server behind it, of this release.
    server: str


@pytest.fixture(scope="module", params=["newer", "older", "broken"])
def release(request: pytest.FixtureRequest) -> Iterator[tuple[str, Release]]:
    command = [NODE, "--no-warnings", str(REPOSITORY / "test/clients/other-release/main.ts"), request.param]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PROXIMADB_", "NODE_OPTIONS"))}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            told = json.loads(process.stdout.readline())
            yield request.param, Release(told["address"], told["server"])
            process.stdin.close()
            assert process.wait(30) == 0
        finally:
            process.kill()


@pytest.fixture(params=GRPC, ids=str)
def films(request: pytest.FixtureRequest, release: tuple[str, Release]) -> Iterator[tuple[str, Collection, Database]]:
    driver: Driver = request.param
    name, addresses = release
    with driver.connect(addresses.front) as theirs, driver.connect(addresses.server) as ours:
        collection = theirs.create_collection(f"films-{next(_numbers)}", dimension=3)
        yield name, collection, ours


def test_a_servers_own_schema_is_written_in_and_read(films: tuple[str, Collection, Database]) -> None:
    release, collection, ours = films
    if release == "broken":
        with pytest.raises(FailedPrecondition, match="client of its release"):
            collection.upsert(["stalker"], [VECTOR])
        return
    collection.upsert(["stalker", "mirror"], [VECTOR, [1.0, 2.0, 3.0]], metadata=[METADATA, {"title": "Mirror"}], timestamp=17)
    collection.patch(Patch("mirror", set={"year": 1975}, unset=["title"]))
    ours.collection(collection.name).upsert(["ours"], [[3, 2, 1]], metadata=[{"of": "ours"}])
    for each in (collection, ours.collection(collection.name)):
        found = each.get(["stalker", "mirror", "ours"])
        assert [record.metadata for record in found] == [METADATA, {"year": 1975}, {"of": "ours"}]
        assert [record.timestamp for record in found] == [17, 17, 0]
        np.testing.assert_array_equal(
            np.stack([record.vector for record in found if record.vector is not None]), [VECTOR, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]
        )


def test_what_the_servers_schema_has_no_place_for_is_refused(films: tuple[str, Collection, Database]) -> None:
    release, collection, _ = films
    if release == "newer":
        collection.upsert(["gone"], [VECTOR], expires_at=4_000_000_000_000_000)
        collection.patch(Patch("gone", expires_at=NEVER))
        assert [record.expires_at for record in collection.get(["gone"])] == [None]
    elif release == "older":
        with pytest.raises(FailedPrecondition, match="no place for all"):
            collection.upsert(["gone"], [VECTOR], expires_at=4_000_000_000_000_000)
        with pytest.raises(FailedPrecondition, match="no place for all"):
            collection.patch(Patch("gone", expires_at=NEVER))
