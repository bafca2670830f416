"""The whole of it, end to end, with nothing made up: from an empty server to what lies on disk, and back after a restart."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import fastavro
import numpy as np
import pytest

from proximadb import Patch
from proximadb.avro.schemas import VECTOR_RECORD

from .driven import HALF_OF_THEM, Driver
from .log_file import LogRecord, read_log
from .server import REPOSITORY, Server
from .words import DIMENSION, words

WRITTEN = 2_000


def avro(text: str) -> Any:
    """A schema as a plain Avro tool takes it, instants as numbers."""
    return fastavro.parse_schema(
        json.loads(text, object_hook=lambda given: {key: each for key, each in given.items() if key != "logicalType"})
    )


def decoded(schema: Any, body: bytes) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(body), schema, None)


def rows_of(container: BinaryIO) -> Iterator[Any]:
    """Of an Avro container file, which says its schema itself."""
    return iter(fastavro.reader(container))


def record_of(schema: Any, record: LogRecord) -> Any:
    """A record begins with 0 and its schema's id."""
    assert record.value is not None
    assert record.value[0] == 0
    return decoded(schema, record.value[5:])


@pytest.mark.parametrize("driver", HALF_OF_THEM, ids=str)
def test_from_an_empty_server_to_the_disk_and_back(own_server: Callable[..., Server], driver: Driver) -> None:
    server, all_words = own_server("--gateway-partitions-default", "2"), words()
    names, vectors, metadata = all_words.names[:WRITTEN], all_words.vectors[:WRITTEN], all_words.metadata[:WRITTEN]
    with driver.connect(server.address(driver.transport)) as db:
        # Health.
        db.wait_until_ready()
        assert db.is_ready()
        assert db.diagnose().findings == ()
        assert db.list_collections() == []

        # Create.
        book = db.create_collection("book", dimension=DIMENSION, tags={"of": "words"})
        info = book.info()
        assert (info.name, info.dimension, info.partitions, info.tags) == ("book", DIMENSION, 2, {"of": "words"})

        # Insert real embeddings.
        inserted = book.upsert(names, vectors, metadata=metadata)
        assert inserted.refused == []
        assert None not in inserted.versions
        assert book.count() == WRITTEN

        # Search.
        at = names.index("house")
        hits = book.search(vectors[at], k=10, exact=True)
        normal = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        assert hits.ids == [names[row] for row in np.argsort(-(normal @ normal[at]), kind="stable")[:10]]
        assert hits[0].id == "house"
        long_ones = book.search(vectors[at], k=5, filter={"length": {"$gte": 9}})
        assert len(long_ones) == 5
        assert all(len(each) >= 9 for each in long_ones.ids)

        # Get.
        house, city = book.get(["house", "city", "no such word"])
        assert (house.id, city.id) == ("house", "city")
        assert house.metadata == metadata[at]
        assert house.version == inserted.versions[at]
        assert house.vector is not None
        assert house.vector.tobytes() == vectors[at].tobytes()

        # Upsert, and verify.
        book.upsert(["house"], -vectors[at : at + 1], metadata=[{"turned": True}], if_versions=[house.version])
        turned = book.get_one("house")
        assert turned is not None
        assert turned.metadata == {"turned": True}
        assert turned.vector is not None
        assert turned.vector.tobytes() == (-vectors[at]).tobytes()
        assert turned.version != house.version
        assert book.count() == WRITTEN
        assert "house" not in book.search(vectors[at], k=10, exact=True).ids
        assert book.search(-vectors[at], k=1, exact=True).ids == ["house"]
        assert book.patch(Patch("city", set={"green": True})).refused == []
        assert book.count({"green": True}) == 1

        # Delete.
        assert book.delete(["the", "of"]).refused == []
        assert book.get(["the", "of"]).ids == []
        assert book.count() == WRITTEN - 2
        assert "the" not in book.search(vectors[names.index("the")], k=10).ids

        # The catalog and the log on disk, with a plain Avro tool, while the server runs.
        log = read_log(server.data)
        catalog_schema = avro((REPOSITORY / "schemas/gen/avro/CatalogEvent.avsc").read_text())
        record_schema = avro(VECTOR_RECORD)
        of_book = {record.topic for record in log if record.key == b"city"}
        assert len(of_book) == 1
        book_topic = of_book.pop()
        (catalog_topic,) = {
            record.topic
            for record in log
            if record.topic < book_topic and b"of" in (record.value or b"") and b"book" in (record.value or b"")
        }
        events = [decoded(catalog_schema, record.value)["event"] for record in log if record.topic == catalog_topic and record.value]
        (created,) = [event for event in events if event.get("name") == "book"]
        assert created["tags"] == {"of": "words"}
        assert (created["settings"]["dimension"], created["settings"]["partitions"]) == (DIMENSION, 2)
        # Every write is there once, in the order of its partition.
        in_log = [record for record in log if record.topic == book_topic]
        for partition in (0, 1):
            assert [record.offset for record in in_log if record.partition == partition] == list(
                range(sum(each.partition == partition for each in in_log))
            )
        assert len(in_log) == WRITTEN + 1 + 1 + 2
        by_version = {(record.offset, record.key.decode()): record for record in in_log}
        for row in (at, 0, WRITTEN - 1):
            version = inserted.versions[row]
            assert version is not None
            written = record_of(record_schema, by_version[int(version.partition("-")[2]), names[row]])
            assert written["id"] == names[row]
            assert np.array(written["vector"], dtype=np.float32).tobytes() == vectors[row].tobytes()
            assert {key: each["value"] for key, each in written["metadata"].items()} == metadata[row]

        # A stop writes memory to segments; they are Avro container files.
        server.stop()
        live: dict[str, Any] = {}
        manifests = list((server.data / "shards" / str(info.log)).glob("*/manifest.avro"))
        assert len(manifests) == 2
        for path in manifests:
            with path.open("rb") as file:
                (manifest,) = rows_of(file)
            assert manifest["topic"] == f"proximadb-book-{info.log}"
            assert manifest["watermark"] == sum(f"{path.parent.name}" == str(record.partition) for record in in_log)
            for segment in manifest["segments"]:
                for container in (path.parent / "segments" / segment["id"]).glob("records-*.avro"):
                    with container.open("rb") as file:
                        live.update((row["record"]["id"], row["record"]) for row in rows_of(file))
        assert np.array(live["house"]["vector"], dtype=np.float32).tobytes() == (-vectors[at]).tobytes()
        assert live["city"]["metadata"]["green"] == {"value": True}
        assert set(names) - {"the", "of"} <= set(live)

        # Restart, search again.
        server.start_again()
        db.wait_until_ready()
        assert book.info() == info
        assert book.count() == WRITTEN - 2
        assert book.search(-vectors[at], k=1, exact=True).ids == ["house"]
        assert book.search(vectors[at], k=9, exact=True).ids == hits.ids[1:]
        assert book.count({"green": True}) == 1

        # Stats.
        stats = book.stats()
        assert (stats.records, stats.sealed, stats.growing, stats.lag) == (WRITTEN - 2, WRITTEN - 2, 0, 0)
        assert stats.disk_bytes > WRITTEN * DIMENSION * 4
        assert sum(partition.watermark for partition in stats.partitions) == len(in_log)
        assert book.verify().verdict == "alone"

        # And away.
        db.delete_collection("book")
        assert db.list_collections() == []
