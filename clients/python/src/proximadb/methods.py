"""The methods of the API, as both transports call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from google.protobuf.message import Message

from .v1 import proximadb_pb2 as pb

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Request, Response]):
    name: str
    request: type[Request]
    response: type[Response]
    verb: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    #: A name in braces is a field of the request.
    path: str


_COLLECTION = "/v1/collections/{collection}"

CREATE_COLLECTION = Method("CreateCollection", pb.CreateCollectionRequest, pb.Collection, "POST", "/v1/collections")
GET_COLLECTION = Method("GetCollection", pb.GetCollectionRequest, pb.Collection, "GET", _COLLECTION)
LIST_COLLECTIONS = Method("ListCollections", pb.ListCollectionsRequest, pb.ListCollectionsResponse, "GET", "/v1/collections")
UPDATE_COLLECTION = Method("UpdateCollection", pb.UpdateCollectionRequest, pb.Collection, "PATCH", _COLLECTION)
DELETE_COLLECTION = Method("DeleteCollection", pb.DeleteCollectionRequest, pb.DeleteCollectionResponse, "DELETE", _COLLECTION)
REINDEX_COLLECTION = Method("ReindexCollection", pb.ReindexCollectionRequest, pb.Reindex, "POST", f"{_COLLECTION}/reindex")
GET_REINDEX = Method("GetReindex", pb.GetReindexRequest, pb.Reindex, "GET", f"{_COLLECTION}/reindex")
ABORT_REINDEX = Method("AbortReindex", pb.AbortReindexRequest, pb.AbortReindexResponse, "DELETE", f"{_COLLECTION}/reindex")
UPSERT = Method("Upsert", pb.UpsertRequest, pb.WriteResponse, "PUT", f"{_COLLECTION}/records")
PATCH = Method("Patch", pb.PatchRequest, pb.WriteResponse, "PATCH", f"{_COLLECTION}/records")
DELETE = Method("Delete", pb.DeleteRequest, pb.DeleteResponse, "POST", f"{_COLLECTION}/records/delete")
GET = Method("Get", pb.GetRequest, pb.GetResponse, "POST", f"{_COLLECTION}/records/get")
SCROLL = Method("Scroll", pb.ScrollRequest, pb.ScrollResponse, "POST", f"{_COLLECTION}/records/scroll")
COUNT = Method("Count", pb.CountRequest, pb.CountResponse, "POST", f"{_COLLECTION}/records/count")
SEARCH = Method("Search", pb.SearchRequest, pb.SearchResponse, "POST", f"{_COLLECTION}/search")
SEARCH_BATCH = Method("SearchBatch", pb.SearchBatchRequest, pb.SearchBatchResponse, "POST", f"{_COLLECTION}/search/batch")
GET_SCHEMA = Method("GetSchema", pb.GetSchemaRequest, pb.GetSchemaResponse, "GET", "/v1/schemas/{name}")
STATS = Method("Stats", pb.StatsRequest, pb.StatsResponse, "GET", f"{_COLLECTION}/stats")
VERIFY = Method("Verify", pb.VerifyRequest, pb.VerifyResponse, "GET", f"{_COLLECTION}/verify")
DIAGNOSE = Method("Diagnose", pb.DiagnoseRequest, pb.DiagnoseResponse, "GET", "/v1/diagnosis")
