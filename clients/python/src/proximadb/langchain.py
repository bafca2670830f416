"""
A vector store of LangChain on a collection: `pip install 'proximadb[langchain]'`.

The text of a document lies in its record's metadata under the key `text`, the document's own metadata under `metadata`. So a filter on
the document's metadata is written with that prefix: `{"metadata.year": {"$gte": 2020}}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from .aio import AsyncCollection
from .client import Collection
from .filters import Filter
from .metadata import Metadata
from .results import Hit, Hits, Record

TEXT, METADATA = "text", "metadata"


class ProximaVectorStore(VectorStore):
    """
    Documents in a collection whose dimension is that of the embeddings. It owns neither: who connected, closes.

    :param collection: for the blocking methods.
    :param async_collection: the same one of :func:`proximadb.connect_async`, for the others. Without it they run in a thread.
    """

    def __init__(self, collection: Collection, embedding: Embeddings, *, async_collection: AsyncCollection | None = None) -> None:
        self._collection = collection
        self._embedding = embedding
        self._async = async_collection

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        collection: Collection | None = None,
        **kwargs: Any,
    ) -> ProximaVectorStore:
        if collection is None:
            raise ValueError("from_texts needs the collection: ProximaVectorStore.from_texts(texts, embedding, collection=...)")
        store = cls(collection, embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str | None] | list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Writes texts in place of those with the same ids. :returns: the ids."""
        given = list(texts)
        names, metadata = _records(given, metadatas, ids)
        self._collection.upsert(names, _matrix(self._embedding.embed_documents(given)), metadata=metadata, **kwargs)
        return names

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str | None] | list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        if self._async is None:
            return await run_in_executor(None, self.add_texts, texts, metadatas, ids=ids, **kwargs)
        given = list(texts)
        names, metadata = _records(given, metadatas, ids)
        await self._async.upsert(names, _matrix(await self._embedding.aembed_documents(given)), metadata=metadata, **kwargs)
        return names

    def delete(self, ids: list[str] | None = None, *, filter: Filter | None = None, **kwargs: Any) -> bool | None:
        """Deletes by ids, or by a filter. Without either it deletes nothing, and says None."""
        if ids is not None:
            self._collection.delete(ids, **kwargs)
        elif filter is not None:
            self._collection.delete_where(filter, **kwargs)
        else:
            return None
        return True

    async def adelete(self, ids: list[str] | None = None, *, filter: Filter | None = None, **kwargs: Any) -> bool | None:
        if self._async is None:
            return await super().adelete(ids, filter=filter, **kwargs)
        if ids is not None:
            await self._async.delete(ids, **kwargs)
        elif filter is not None:
            await self._async.delete_where(filter, **kwargs)
        else:
            return None
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return [_document(record) for record in self._collection.get(list(ids), include=["metadata"])]

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        if self._async is None:
            return await super().aget_by_ids(ids)
        return [_document(record) for record in await self._async.get(list(ids), include=["metadata"])]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """:param kwargs: as of :meth:`proximadb.Collection.search`: `filter`, `ef`, `exact`, …"""
        return self.similarity_search_by_vector(self._embedding.embed_query(query), k, **kwargs)

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return await self.asimilarity_search_by_vector(await self._embedding.aembed_query(query), k, **kwargs)

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        """With the collection's scores: higher is better, for every metric."""
        return _scored(self._collection.search(self._embedding.embed_query(query), k, **kwargs))

    async def asimilarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        if self._async is None:
            return await super().asimilarity_search_with_score(query, k, **kwargs)
        return _scored(await self._async.search(await self._embedding.aembed_query(query), k, **kwargs))

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        return [_document(hit) for hit in self._collection.search(embedding, k, **kwargs)]

    async def asimilarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        if self._async is None:
            return await super().asimilarity_search_by_vector(embedding, k, **kwargs)
        return [_document(hit) for hit in await self._async.search(embedding, k, **kwargs)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return self.max_marginal_relevance_search_by_vector(self._embedding.embed_query(query), k, fetch_k, lambda_mult, **kwargs)

    async def amax_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        embedding = await self._embedding.aembed_query(query)
        return await self.amax_marginal_relevance_search_by_vector(embedding, k, fetch_k, lambda_mult, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        hits = self._collection.search(embedding, fetch_k, include=["metadata", "vector"], **kwargs)
        return _diverse(hits, embedding, k, lambda_mult)

    async def amax_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        if self._async is None:
            return await super().amax_marginal_relevance_search_by_vector(embedding, k, fetch_k, lambda_mult, **kwargs)
        hits = await self._async.search(embedding, fetch_k, include=["metadata", "vector"], **kwargs)
        return _diverse(hits, embedding, k, lambda_mult)

    def _select_relevance_score_fn(self) -> Any:
        """Of 0 to 1, as LangChain wants it: for cosine, which is from -1 to 1."""
        if self._collection.info().metric != "cosine":
            raise ValueError("relevance scores are from 0 to 1, and only those of cosine can be made so: use similarity_search_with_score")
        return lambda score: (1 + score) / 2


def _records(
    texts: Sequence[str], metadatas: Sequence[dict[str, Any]] | None, ids: Sequence[str | None] | None
) -> tuple[list[str], list[Metadata]]:
    names = [name or uuid4().hex for name in (ids or [None] * len(texts))]
    return names, [{TEXT: text, METADATA: metadata} for text, metadata in zip(texts, metadatas or [{}] * len(texts), strict=True)]


def _matrix(embeddings: list[list[float]]) -> Any:
    return np.asarray(embeddings, dtype=np.float32)


def _document(row: Hit | Record) -> Document:
    held: Any = row.metadata or {}
    return Document(id=row.id, page_content=held.get(TEXT, ""), metadata=held.get(METADATA, {}))


def _scored(hits: Hits) -> list[tuple[Document, float]]:
    return [(_document(hit), hit.score) for hit in hits]


def _diverse(hits: Hits, embedding: list[float], k: int, lambda_mult: float) -> list[Document]:
    if hits.vectors is None or len(hits) == 0:
        return []
    chosen: Iterator[int] = iter(maximal_marginal_relevance(np.asarray(embedding), list(hits.vectors), lambda_mult, k))
    return [_document(hits[at]) for at in chosen]
