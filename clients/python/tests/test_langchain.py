"""LangChain's own public tests of a vector store, and what they leave out."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from proximadb import connect, connect_async
from proximadb.langchain import ProximaVectorStore

from .server import Server

_numbers = itertools.count()
SIZE = VectorStoreIntegrationTests.get_embeddings().embed_query("x").__len__()


@pytest.fixture(params=["grpc", "rest"])
def address(server: Server, request: pytest.FixtureRequest) -> str:
    return server.address(request.param)


class TestStandard(VectorStoreIntegrationTests):
    """Blocking, and the asynchronous methods in threads."""

    @pytest.fixture
    def vectorstore(self, address: str) -> Iterator[ProximaVectorStore]:
        with connect(address) as db:
            yield ProximaVectorStore(db.create_collection(f"langchain-{next(_numbers)}", dimension=SIZE), self.get_embeddings())


class TestStandardAsyncio(VectorStoreIntegrationTests):
    """The asynchronous methods by the client for asyncio."""

    @pytest.fixture
    async def vectorstore(self, address: str) -> AsyncIterator[ProximaVectorStore]:
        with connect(address) as db:
            async with connect_async(address) as asynchronous:
                collection = db.create_collection(f"langchain-{next(_numbers)}", dimension=SIZE)
                yield ProximaVectorStore(collection, self.get_embeddings(), async_collection=asynchronous.collection(collection.name))


async def test_filters_scores_diversity_and_deletes(address: str) -> None:
    embedding = DeterministicFakeEmbedding(size=8)
    texts = ["one", "two", "three", "four"]
    async with connect_async(address) as asynchronous:
        with connect(address) as db:
            collection = db.create_collection(f"langchain-{next(_numbers)}", dimension=8)
            store = ProximaVectorStore.from_texts(
                texts, embedding, [{"length": len(text), "tags": {"first": text[0]}} for text in texts], ids=texts, collection=collection
            )
            both = ProximaVectorStore(collection, embedding, async_collection=asynchronous.collection(collection.name))
            filter = {"metadata.tags.first": "t"}
            assert [each.id for each in store.similarity_search("two", k=2, filter=filter)] == ["two", "three"]
            asynchronous.collection(collection.name).token = collection.token
            assert await both.asimilarity_search("two", k=2, filter=filter) == store.similarity_search("two", k=2, filter=filter)
            (best, score), *_ = store.similarity_search_with_score("three", k=4)
            assert best == Document(id="three", page_content="three", metadata={"length": 5, "tags": {"first": "t"}})
            assert score == pytest.approx(1)
            assert await both.asimilarity_search_with_score("three", k=1) == [(best, score)]
            relevance = store.similarity_search_with_relevance_scores("three", k=4)
            assert relevance[0][1] == pytest.approx(1)
            assert all(0 <= each <= 1 for _, each in relevance)
            diverse = store.max_marginal_relevance_search("one", k=3, fetch_k=4)
            assert diverse[0].id == "one"
            assert len({each.id for each in diverse}) == 3
            assert await both.amax_marginal_relevance_search("one", k=3, fetch_k=4) == diverse
            assert store.as_retriever(search_kwargs={"k": 1}).invoke("four")[0].id == "four"
            assert store.delete(filter={"metadata.length": {"$gt": 3}}) is True
            assert await both.adelete(["one"]) is True
            assert store.delete() is None
            assert [each.id for each in await both.aget_by_ids(texts)] == ["two"]
