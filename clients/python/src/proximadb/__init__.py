"""
Client of ProximaDB, a vector database on a message log.

>>> with proximadb.connect("127.0.0.1:5679") as db:        # or "http://127.0.0.1:5678"; connect_async for asyncio
...     books = db.create_collection("books", dimension=768)
...     books.upsert(ids, vectors, metadata=metadata)
...     hits = books.search(query, k=10, filter={"lang": "en"})
"""

from .aio import AsyncCollection, AsyncDatabase, connect_async
from .calls import Options
from .client import Collection, Database, connect
from .errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    Detail,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    ProximaError,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
)
from .filters import Filter
from .metadata import Metadata, MetadataValue
from .operations.collection import Near
from .results import (
    CollectionInfo,
    DeleteResult,
    Diagnosis,
    Hit,
    Hits,
    Hnsw,
    Record,
    Records,
    Refused,
    Reindex,
    Stats,
    Verification,
    WriteResult,
)
from .rows import NEVER, Patch

__version__ = "0.1.0"

__all__ = [
    "NEVER", "Aborted", "AlreadyExists", "AsyncCollection", "AsyncDatabase", "Cancelled", "Collection", "CollectionInfo",
    "DataLoss", "Database", "DeadlineExceeded", "DeleteResult", "Detail", "Diagnosis", "FailedPrecondition", "Filter", "Hit",
    "Hits", "Hnsw", "Internal", "InvalidArgument", "Metadata", "MetadataValue", "Near", "NotFound", "Options", "OutOfRange",
    "Patch", "PermissionDenied", "ProximaError", "Record", "Records", "Refused", "Reindex", "ResourceExhausted", "Stats",
    "Unauthenticated", "Unavailable", "Unimplemented", "Verification", "WriteResult", "connect", "connect_async",
]  # fmt: skip
