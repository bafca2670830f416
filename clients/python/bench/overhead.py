"""
What the client itself takes: µs to encode a record beside an Avro library, and µs of this process's processor time for a record
written and for a search, against a real server. Prints one object of JSON.

    python bench/overhead.py --grpc 127.0.0.1:5679 --rest http://127.0.0.1:5678 [--records 10000] [--searches 1000]

Times of processor include the threads of gRPC, and leave out what is waited for. Medians of rounds, in which what is compared takes turns.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import fastavro
import numpy as np

# Of this checkout, whether it is installed or not.
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import proximadb
from proximadb import Metadata
from proximadb.avro.decode import decode_record
from proximadb.avro.encode import encode_records
from proximadb.avro.schemas import VECTOR_RECORD
from proximadb.contents import stacked
from proximadb.rows import rows_of

DIMENSION = 768
ROUNDS = 5


def measured(clock: Callable[[], float], count: int, *works: Callable[[], object]) -> list[float]:
    """µs of one of so many, the median of rounds in which the works take turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for times, work in zip(taken, works):
            begin = clock()
            work()
            times.append((clock() - begin) / count * 1e6)
    return [round(median(times), 3) for times in taken]


def with_library(ids: list[str], vectors: Any, metadata: list[Metadata]) -> list[bytes]:
    """A record at a time, as an Avro library does it."""
    plain = json.loads(VECTOR_RECORD, object_hook=lambda given: {key: each for key, each in given.items() if key != "logicalType"})
    schema = fastavro.parse_schema(plain)
    encoded = []
    for row, name in enumerate(ids):
        out = io.BytesIO()
        out.write(b"\0\0\0\0\1")
        wrapped = {key: {"value": value} for key, value in metadata[row].items()}
        record = {"id": name, "vector": vectors[row].tolist(), "metadata": wrapped, "timestamp": 0, "expires_at": None}
        fastavro.schemaless_writer(out, schema, record)
        encoded.append(out.getvalue())
    return encoded


def encoding(records: int) -> dict[str, float]:
    vectors = np.random.default_rng(1).standard_normal((records, DIMENSION)).astype(np.float32)
    ids = [f"record-{row}" for row in range(records)]
    metadata: list[Metadata] = [{"lang": "en", "year": 1900 + row % 100, "share": row / records} for row in range(records)]

    def ours() -> list[bytes]:
        return encode_records(1, rows_of(ids, vectors, metadata, None, None), 0, records)

    encoded = ours()
    if encoded != with_library(ids, vectors, metadata):
        raise AssertionError("the two ways of encoding differ")
    own, library, decode = measured(
        time.perf_counter, records, ours, lambda: with_library(ids, vectors, metadata),
        lambda: stacked([vector for each in encoded if (vector := decode_record(each).vector) is not None]),
    )  # fmt: skip
    return {"encodeMicros": own, "avroLibraryMicros": library, "timesAsFast": round(library / own, 1), "decodeMicros": decode}


def calling(address: str, records: int, searches: int) -> dict[str, float]:
    rng = np.random.default_rng(2)
    vectors = rng.standard_normal((records, DIMENSION)).astype(np.float32)
    ids = [f"record-{row}" for row in range(records)]
    metadata: list[Metadata] = [{"lang": "en", "year": 1900 + row % 100} for row in range(records)]
    with proximadb.connect(address) as db:
        name = f"overhead-{time.time_ns()}"
        # Searched exactly, and small: what the server does is waited for, and not measured.
        collection = db.create_collection(name, dimension=DIMENSION, index="flat")
        try:
            (write,) = measured(time.process_time, records, lambda: collection.upsert(ids, vectors, metadata=metadata))
            queries = vectors[:searches]
            (search,) = measured(time.process_time, len(queries), lambda: [collection.search(query, k=10) for query in queries])
            (batched,) = measured(time.process_time, len(queries), lambda: collection.search_many(queries, k=10))
        finally:
            db.delete_collection(name)
    return {"writeMicrosPerRecord": write, "searchMicros": search, "searchManyMicrosPerQuery": batched}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grpc", required=True, help="host:port")
    parser.add_argument("--rest", required=True, help="http://host:port")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=1_000)
    given = parser.parse_args()
    stored = min(given.records, 2_000)
    print(json.dumps({
        "dimension": DIMENSION, "records": given.records, "encoding": encoding(given.records),
        "grpc": calling(given.grpc, stored, min(given.searches, stored)), "rest": calling(given.rest, stored, min(given.searches, stored)),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
