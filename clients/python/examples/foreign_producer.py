"""
Writes records with nothing but a Kafka client and an Avro library, past ProximaDB's gateways, and finds them by search.

    python foreign_producer.py --bootstrap 127.0.0.1:9092 --gateway http://127.0.0.1:5678 --query http://127.0.0.1:5680 --collection books

What makes a record count: its key is the id in UTF-8; its partition is that of Kafka's default partitioner, which librdkafka calls
murmur2_random; its value is 0, the schema's id in 4 bytes big-endian, and the Avro body with the same id. What is wrong is in the ledger
(`proximadb stats`), and stops nobody. Needs `confluent-kafka` and `fastavro`.
"""

from __future__ import annotations

import argparse
import io
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import fastavro
from confluent_kafka import KafkaError, KafkaException, Message, Producer

WORDS = {"north": [0.0, 1.0], "south": [0.0, -1.0], "east": [1.0, 0.0], "west": [-1.0, 0.0]}


def ask(address: str, path: str, body: object = None) -> Any:
    """One call of the REST API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data=data, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def values(schema_id: int, schema: Any) -> Iterator[tuple[str, bytes]]:
    """Ids, and records in Confluent's wire format."""
    for word, vector in WORDS.items():
        out = io.BytesIO()
        out.write(b"\0" + schema_id.to_bytes(4, "big"))
        record = {"id": word, "vector": vector, "metadata": {"by": {"value": "a foreign producer"}}}
        fastavro.schemaless_writer(out, schema, record)
        yield word, out.getvalue()


def produce(bootstrap: str, topic: str, records: Iterator[tuple[str, bytes]]) -> None:
    """:raises KafkaException: if a record is not acknowledged by all replicas."""
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "acks": "all", "enable.idempotence": True})
    for word, value in records:
        producer.produce(topic, key=word.encode(), value=value, on_delivery=delivered)
    producer.flush(60)
    if failed:
        raise KafkaException(failed[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("bootstrap", "gateway", "query", "collection"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    collection = ask(given.gateway, f"/v1/collections/{given.collection}")
    told = ask(given.gateway, "/v1/schemas/VectorRecord")
    # Each generation of a collection has a topic of its own.
    topic = f"proximadb-{collection['name']}-{collection['log']}"
    produce(given.bootstrap, topic, values(told["id"], fastavro.parse_schema(json.loads(told["schema"]))))
    for word, vector in WORDS.items():
        search = {"vector": vector, "k": 1, "filter": {"by": "a foreign producer"}, "consistency": "strong"}
        (hit,) = ask(given.query, f"/v1/collections/{given.collection}/search", search)["hits"]
        print(f"{word}: found {hit['id']}")


if __name__ == "__main__":
    main()
