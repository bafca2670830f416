"""One table of cases for both clients and both transports, against a real server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest

import proximadb
from proximadb import NEVER, Collection, Database, Hnsw, MetadataValue, Near, Patch

from .driven import Driver
from .server import Server
from .words import Words

METADATA: dict[str, MetadataValue] = {
    "none": None, "yes": True, "no": False, "long": 2**63 - 1, "least": -(2**63), "double": 1.0, "tiny": 5e-324, "huge": 1e300,
    "text": "ü ☂ \"\\ \0", "raw": b"\0\xff", "list": [1, 1.5, "x", [None, b"y"]], "map": {"deep": {"er": [{"est": True}]}},
    "like bytes": {"$bytes": "AA=="}, "like a map": {"$map": {"$bytes": 1}}, "empty": {}, "nothing": [], "a.b": 1, "$c": 2,
}  # fmt: skip


class TestCollections:
    def test_one_is_created_described_changed_listed_and_deleted(self, db: Database, fresh_name: Callable[[], str]) -> None:
        name = fresh_name()
        created = db.create_collection(
            name, dimension=7, metric="euclidean", partitions=2, index="hnsw", hnsw=Hnsw(m=8, ef_construction=64, quantization="f32"),
            storage="disk", recall_target=0.9, description="words", tags={"team": "search"},
        )  # fmt: skip
        assert created.name == name
        info = created.info()
        assert (info.name, info.dimension, info.metric, info.partitions) == (name, 7, "euclidean", 2)
        assert (info.index, info.hnsw, info.storage) == ("hnsw", Hnsw(8, 64, "f32"), "disk")
        assert (info.recall_target, info.description, info.tags) == (0.9, "words", {"team": "search"})
        assert info.log > 0
        assert abs(info.created_at / 1e6 - datetime.now(timezone.utc).timestamp()) < 600
        assert created.update(description="other").tags == {"team": "search"}
        assert created.update(tags={}).description == "other"
        assert [each for each in db.list_collections() if each.name == name] == [created.info()]
        db.delete_collection(name)
        with pytest.raises(proximadb.NotFound):
            created.info()

    def test_what_is_left_out_has_its_default(self, small: Collection) -> None:
        info = small.info()
        assert (info.metric, info.index, info.storage, info.recall_target, info.tags) == ("cosine", "hnsw", "memory", 0.95, {})

    def test_one_that_is_there_will_do_where_it_fits(self, db: Database, small: Collection) -> None:
        with pytest.raises(proximadb.AlreadyExists):
            db.create_collection(small.name, dimension=4)
        assert db.create_collection(small.name, dimension=4, exist_ok=True).info() == small.info()
        others: list[dict[str, Any]] = [{"dimension": 5}, {"dimension": 4, "metric": "dot"}]
        for other in others:
            with pytest.raises(proximadb.AlreadyExists):
                db.create_collection(small.name, exist_ok=True, **other)

    def test_a_reindex_is_started_and_watched(self, small: Collection) -> None:
        with pytest.raises(proximadb.NotFound):
            small.reindex_state()
        small.upsert(["a", "b"], np.eye(4)[:2])
        old = small.info()
        assert small.reindex(partitions=2, metric="dot").partitions == old.partitions
        while (state := small.reindex_state()).state != "done":
            pass
        assert (state.replaces, state.copied, small.info().metric, small.info().log) == (old.log, 2, "dot", state.log)
        # A token of the old log is satisfied by the new one.
        assert small.count() == 2
        with pytest.raises(proximadb.NotFound):
            small.abort_reindex()


class TestRecords:
    def test_what_is_written_comes_back_as_it_was(self, small: Collection) -> None:
        vectors = np.array([[0.1, -7, 3e18, 16777216], [1, 2, 3, 4.5]], dtype=np.float32)
        expires = datetime(2100, 1, 1, tzinfo=timezone.utc)
        result = small.upsert(["a/ü", "b"], vectors, metadata=[METADATA, {}], timestamp=[2**62, -5], expires_at=[expires, None])
        assert len(result.versions) == 2
        assert result.refused == []
        a, b = small.get(["a/ü", "nobody", "b"])
        assert (a.id, a.version, a.timestamp, a.expires_at) == ("a/ü", result.versions[0], 2**62, 4_102_444_800_000_000)
        assert (b.id, b.version, b.timestamp, b.expires_at, b.metadata) == ("b", result.versions[1], -5, None, {})
        assert a.metadata == METADATA
        # An int comes back as an int, a float as a float, a bool as a bool.
        assert a.metadata is not None
        assert repr({key: a.metadata[key] for key in METADATA}) == repr(METADATA)
        for record, vector in ((a, vectors[0]), (b, vectors[1])):
            assert record.vector is not None
            assert record.vector.tobytes() == vector.tobytes()

    def test_a_get_is_asked_for_parts_and_for_many(self, small: Collection) -> None:
        ids = [str(number) for number in range(2_500)]
        small.upsert(ids, np.ones((2_500, 4)), metadata={"n": np.arange(2_500)})
        records = small.get(ids[::-1], include=["vector"])
        assert records.ids == ids[::-1]
        assert records.vectors is not None
        assert records.vectors.shape == (2_500, 4)
        assert records[0].metadata is None
        one = small.get_one("7", include=["metadata"])
        assert one is not None
        assert (one.vector, one.metadata) == (None, {"n": 7})
        assert small.get_one("nobody") is None
        assert small.get([]).ids == []

    def test_conditions_decide_record_by_record(self, small: Collection) -> None:
        vectors = np.eye(4)
        first = small.upsert(["a", "b"], vectors[:2])
        some = small.upsert(["b", "c"], vectors[2:], if_absent=True)
        assert [(each.record, each.id, each.reason) for each in some.refused] == [(0, "b", "exists")]
        assert some.versions[0] is None
        assert some.versions[1] is not None
        with pytest.raises(proximadb.Aborted) as raised:
            small.upsert(["a", "b"], vectors[:2], if_absent=True)
        assert [(each.record, each.reason) for each in raised.value.details] == [(0, "exists"), (1, "exists")]
        versions = small.upsert(["a", "b", "d"], vectors[:3], if_versions=[first.versions[0], "1-0", None])
        assert [(each.id, each.reason) for each in versions.refused] == [("b", "version_mismatch")]
        present = small.upsert(["a", "x"], vectors[:2], if_present=True)
        assert [(each.id, each.reason) for each in present.refused] == [("x", "missing")]
        deleted = small.delete(["a", "nobody"], if_present=True)
        assert [(each.id, each.reason) for each in deleted.refused] == [("nobody", "missing")]
        assert [each.reason for each in small.delete(["b", "d"], if_versions=["1-0", versions.versions[2]]).refused] == ["version_mismatch"]
        with pytest.raises(proximadb.InvalidArgument, match="only one of"):
            small.upsert(["a"], vectors[:1], if_absent=True, if_present=True)
        assert sorted(small.get(list("abcdx")).ids) == ["b", "c"]

    def test_a_patch_changes_parts(self, small: Collection) -> None:
        small.upsert(["a", "b"], np.eye(4)[:2], metadata=[{"keep": 1, "drop": 2}, {}], expires_at=2**60)
        result = small.patch([
            Patch("a", set={"new": [1.0, b"x"]}, unset=["drop", "nothing"], timestamp=9, expires_at=NEVER),
            Patch("b", vector=[9, 8, 7, 6], expires_at=2**61), Patch("nobody", set={"x": 1}),
        ])  # fmt: skip
        assert [(each.record, each.id, each.reason) for each in result.refused] == [(2, "nobody", "missing")]
        a, b = small.get(["a", "b"])
        assert (a.metadata, a.timestamp, a.expires_at) == ({"keep": 1, "new": [1.0, b"x"]}, 9, None)
        assert b.vector is not None
        assert (b.vector.tolist(), b.expires_at) == ([9, 8, 7, 6], 2**61)
        with pytest.raises(proximadb.Aborted):
            small.patch(Patch("nobody", unset=["x"]))

    def test_deletes_by_ids_and_by_filter(self, small: Collection) -> None:
        ids = [f"{number:02}" for number in range(40)]
        small.upsert(ids, np.ones((40, 4)), metadata={"n": list(range(40))})
        assert small.delete(["00", "nobody"]).refused == []
        assert small.delete_where({"n": {"$lt": 10}}, limit=4).deleted == 4
        assert small.count({"n": {"$lt": 10}}) == 5
        assert small.delete_where({"n": {"$lt": 20}}).deleted == 15
        assert [record.id for record in small.scroll()] == ids[20:]

    def test_a_scroll_goes_through_all_in_the_order_of_the_ids(self, small: Collection) -> None:
        ids = [f"{number:03}" for number in range(250)]
        small.upsert(ids, np.arange(1_000).reshape(250, 4) + 1, metadata={"n": list(range(250))})
        pages = list(small.pages({"n": {"$gte": 30}}, page_size=100))
        assert [len(page) for page in pages] == [100, 100, 20]
        assert [record_id for page in pages for record_id in page.ids] == ids[30:]
        assert pages[0].vectors is not None
        assert pages[0].vectors[:, 0].tolist() == [4 * number + 1 for number in range(30, 130)]
        assert [record.metadata for record in small.scroll({"n": {"$lt": 2}}, include=["metadata"])] == [{"n": 0}, {"n": 1}]
        assert list(small.scroll({"n": -1})) == []

    def test_nothing_is_nothing(self, small: Collection) -> None:
        assert small.upsert([], np.empty((0, 4))).versions == []
        assert small.upsert([], []).token is None
        assert small.delete([]).versions == []
        assert small.search_many(np.empty((0, 4))) == []
        assert small.search([1, 0, 0, 0]).ids == []
        assert small.count() == 0


def score_of(metric: str, left: Any, right: Any) -> float:
    left, right = left.astype(np.float64), right.astype(np.float64)
    if metric == "dot":
        return float(left @ right)
    if metric == "cosine":
        return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
    return -float(np.linalg.norm(left - right, ord=1 if metric == "manhattan" else 2))


class TestSearch:
    def test_the_nearest_words_are_found(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        for at in (0, 99, 1_234):
            hits = collection.search(words.vectors[at], k=5, exact=True)
            assert hits.ids == words.nearest(words.vectors[at], 5)
            assert hits.ids[0] == words.names[at]
            assert hits[0].metadata == words.metadata[at]
            assert hits[0].vector is None
            expected = [score_of("cosine", words.vectors[at], words.vectors[words.names.index(each)]) for each in hits.ids]
            assert np.allclose(hits.scores, expected, atol=1e-5)
            assert np.allclose([hit.score for hit in hits], [1 - hit.distance for hit in hits])

    def test_by_default_nearly_all_of_them(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        queries = words.vectors[::100]
        found = collection.search_many(queries, k=10)
        shares = [len({*hits.ids} & {*words.nearest(query, 10)}) / 10 for query, hits in zip(queries, found)]
        assert np.mean(shares) > 0.9

    def test_hits_carry_what_was_asked_for(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        query = words.vectors[7]
        both = collection.search(query, k=4, include=["vector", "metadata"])
        assert both.vectors is not None
        assert both.vectors.shape == (4, 100)
        assert both.vectors.dtype == np.float32
        for row, hit in enumerate(both):
            at = words.names.index(hit.id)
            assert both.vectors[row].tobytes() == words.vectors[at].tobytes()
            assert hit.vector is not None
            assert np.shares_memory(hit.vector, both.vectors)
            assert hit.metadata == words.metadata[at]
        bare = collection.search(query, k=4, include=[])
        assert bare.ids == both.ids
        assert {(hit.metadata, hit.vector is None) for hit in bare} == {(None, True)}
        assert [hit.version for hit in bare] == [hit.version for hit in both]

    def test_offset_threshold_and_a_stored_record_as_the_query(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        ten = collection.search(words.vectors[50], k=10, exact=True)
        assert collection.search(words.vectors[50], k=4, offset=6, exact=True).ids == ten.ids[6:]
        threshold = float(ten.scores[3])
        assert collection.search(words.vectors[50], score_threshold=threshold - 1e-9, exact=True).ids == ten.ids[:4]
        # A stored record is not near itself.
        assert collection.search(Near(words.names[50]), k=3, exact=True).ids in (ten.ids[:3], ten.ids[1:4])
        with pytest.raises(proximadb.NotFound):
            collection.search(Near("no such word"))

    def test_many_queries_are_answered_in_their_order(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        many = collection.search_many(words.vectors[:250], k=2, exact=True, include=["vector"])
        assert [hits.ids[0] for hits in many] == words.names[:250]
        assert all(hits.vectors is not None and hits.vectors.shape == (2, 100) for hits in many)
        nears = collection.search_many([Near(name) for name in words.names[:3]], k=3, exact=True)
        assert [len(hits) for hits in nears] == [3, 3, 3]

    def test_explain_says_how(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        explain = collection.search(words.vectors[0], filter={"length": 3}, explain=True).explain
        assert explain is not None
        matching = sum(len(name) == 3 for name in words.names)
        assert sum(segment.matching or 0 for segment in explain.segments) == matching
        assert all(segment.strategy and segment.micros >= 0 for segment in explain.segments)
        assert collection.search(words.vectors[0]).explain is None

    def test_coverage_says_of_what(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        hits = collection.search(words.vectors[0], allow_partial=True)
        assert hits.coverage is not None
        assert (hits.coverage.partitions, hits.coverage.answered, hits.coverage.missing) == (3, 3, ())
        assert collection.search(words.vectors[0]).coverage is None

    @pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean", "manhattan"])
    def test_every_metric(self, db: Database, fresh_name: Callable[[], str], metric: Any) -> None:
        collection = db.create_collection(fresh_name(), dimension=8, metric=metric)
        vectors = np.random.default_rng(3).standard_normal((100, 8)).astype(np.float32)
        ids = [str(number) for number in range(100)]
        collection.upsert(ids, vectors)
        hits = collection.search(vectors[5], k=100, exact=True)
        scores = {each: score_of(metric, vectors[5], vectors[row]) for row, each in enumerate(ids)}
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert np.allclose(hits.scores, [scores[each] for each in hits.ids], atol=1e-4)

    def test_a_frame_of_hits(self, book: tuple[Collection, Words]) -> None:
        collection, words = book
        frame = collection.search(words.vectors[0], k=3).to_pandas()
        assert list(frame.columns) == ["id", "score", "distance", "version", "length", "first", "rank", "odd"]
        assert frame["id"][0] == words.names[0]


FILTERS: list[tuple[dict[str, Any], Callable[[Any], bool]]] = [
    ({}, lambda m: True),
    ({"first": "a"}, lambda m: m["first"] == "a"),
    ({"first": {"$ne": "a"}}, lambda m: m["first"] != "a"),
    ({"rank": {"$gt": 4_990}}, lambda m: m["rank"] > 4_990),
    ({"rank": {"$gte": 4_990.5}}, lambda m: m["rank"] > 4_990),
    ({"rank": {"$gte": 3, "$lt": 6}}, lambda m: 3 <= m["rank"] < 6),
    ({"rank": {"$lte": np.int64(3)}}, lambda m: m["rank"] <= 3),
    ({"first": {"$in": ["a", "b"]}}, lambda m: m["first"] in "ab"),
    ({"rank": {"$in": np.array([1, 2, 5])}}, lambda m: m["rank"] in (1, 2, 5)),
    ({"first": {"$nin": ["a", "b"]}}, lambda m: m["first"] not in "ab"),
    ({"first": {"$in": []}}, lambda m: False),
    ({"nothing": {"$exists": False}}, lambda m: True),
    ({"odd": {"$exists": True}}, lambda m: True),
    ({"odd": True, "rank": {"$lt": 50}}, lambda m: m["odd"] and m["rank"] < 50),
    ({"first": {"$startsWith": "z"}}, lambda m: m["first"] == "z"),
    ({"first": {"$contains": "q"}}, lambda m: m["first"] == "q"),
    ({"$or": [{"rank": 1}, {"rank": 29}]}, lambda m: m["rank"] in (1, 29)),
    ({"$not": {"rank": {"$gt": 2}}}, lambda m: m["rank"] <= 2),
    ({"$and": [{"odd": False}, {"$not": {"length": {"$lt": 12}}}]}, lambda m: not m["odd"] and m["length"] >= 12),
    ({"length": None}, lambda m: False),
]


class TestFilters:
    @pytest.mark.parametrize(("filter", "matches"), FILTERS, ids=[str(given) for given, _ in FILTERS])
    def test_what_matches_is_counted_scrolled_and_found(
        self, book: tuple[Collection, Words], filter: dict[str, Any], matches: Callable[[Any], bool]
    ) -> None:
        collection, words = book
        among = np.array([bool(matches(each)) for each in words.metadata])
        assert collection.count(filter) == among.sum()
        expected = words.nearest(words.vectors[500], 10, among)[: among.sum()]
        assert collection.search(words.vectors[500], k=10, filter=filter, exact=True).ids == expected
        assert len(collection.search(words.vectors[500], k=10, filter=filter)) == min(10, among.sum())

    def test_the_records_own_timestamp(self, small: Collection) -> None:
        small.upsert(["a", "b", "c"], np.eye(4)[:3], timestamp=[1, 2**53 + 1, 3])
        assert [record.id for record in small.scroll({"$timestamp": {"$gt": 1}})] == ["b", "c"]
        assert [record.id for record in small.scroll({"$timestamp": 2**53 + 1})] == ["b"]
        assert [hit.id for hit in small.search(np.eye(4)[1], filter={"$not": {"$timestamp": {"$gte": 3}}})] == ["a"]

    def test_nested_paths_and_keys_with_dots(self, small: Collection) -> None:
        small.upsert(["a", "b"], np.eye(4)[:2], metadata=[METADATA, {"list": [{"x": 5}]}])
        for filter in (
            {"map.deep.er.est": True},
            {"a\\.b": 1},
            {"\\$c": 2},
            {"long": 2**63 - 1},
            {"none": None},
            {"double": 1},
            {"list": "x"},
        ):
            assert [record.id for record in small.scroll(filter)] == ["a"], filter
        assert [record.id for record in small.scroll({"list.x": {"$gt": 4}})] == ["b"]

    @pytest.mark.parametrize(
        ("filter", "field"),
        [
            ({"a": {"$gtt": 1}}, "filter.a.$gtt"), ({"$or": [{"a": 1}, 5]}, "filter.$or[1]"), ({"$nor": []}, "filter.$nor"),
            ({"a": {}}, "filter.a"), ({"a": {"b": 1}}, "filter.a.b"), ({"a": [1]}, "filter.a"), ({"a": {"$in": 5}}, "filter.a.$in"),
            ({"a": {"$in": [1, {}]}}, "filter.a.$in[1]"), ({"a": {"$gt": None}}, "filter.a.$gt"),
            ({"a": {"$exists": 1}}, "filter.a.$exists"),
            ({"a": {"$startsWith": 1}}, "filter.a.$startsWith"), ({"a": 2**63}, "filter.a"), ({"a": float("nan")}, "filter.a"),
            ({"": 1}, "filter."),
            ({"a\\": 1}, "filter.a\\"), ({"a..b": 1}, "filter.a..b"), ({"$and": {"a": 1}}, "filter.$and"), ([], "filter"),
            ({5: 1}, "filter.5"),
        ],
    )  # fmt: skip
    def test_a_wrong_one_is_refused_by_its_place(self, small: Collection, filter: Any, field: str) -> None:
        with pytest.raises(proximadb.InvalidArgument) as raised:
            small.count(filter)
        assert raised.value.details[0].field == field

    def test_limits_are_the_servers(self, small: Collection) -> None:
        deep: dict[str, Any] = {"a": 1}
        for _ in range(20):
            deep = {"$not": deep}
        with pytest.raises(proximadb.InvalidArgument) as raised:
            small.count(deep)
        assert (raised.value.details[0].field or "").startswith("filter.$not")


class TestSession:
    def test_a_session_reads_its_own_writes(self, small: Collection) -> None:
        assert small.token is None
        for number in range(20):
            small.upsert([str(number)], np.ones((1, 4)))
            assert small.count() == number + 1
            assert len(small.search(np.ones(4), k=100)) == number + 1

    def test_another_session_sees_them_at_its_token(self, small: Collection, server: Server, driver: Driver) -> None:
        with driver.connect(server.address(driver.transport)) as other:
            theirs = other.collection(small.name)
            for number in range(10):
                token = small.upsert([str(number)], np.ones((1, 4))).token
                assert theirs.count(token=token) == number + 1
            small.upsert(["last"], np.ones((1, 4)))
            theirs.token = small.token
            assert theirs.token == small.token
            assert theirs.get_one("last") is not None

    def test_other_levels_of_consistency(self, small: Collection) -> None:
        small.upsert(["a", "b", "c"], np.eye(4)[:3])
        assert small.count(consistency="strong") == 3
        assert small.count(consistency="bounded", max_staleness_ms=0) <= 3
        assert small.count(consistency="eventual") <= 3
        assert small.count(consistency="session") == 3
        with pytest.raises(proximadb.InvalidArgument) as raised:
            small.count(consistency="certain")  # type: ignore[arg-type]
        assert raised.value.details[0].field == "consistency"

    def test_a_token_of_another_collection_or_of_none_is_refused(
        self, db: Database, small: Collection, fresh_name: Callable[[], str]
    ) -> None:
        other = db.create_collection(fresh_name(), dimension=4)
        other.upsert(["a"], np.ones((1, 4)))
        with pytest.raises(proximadb.FailedPrecondition):
            small.count(token=other.token)
        with pytest.raises(proximadb.InvalidArgument):
            small.count(token="!")

    def test_a_collection_that_was_made_again_is_another_one(self, db: Database, small: Collection) -> None:
        small.upsert(["a"], np.ones((1, 4)))
        db.delete_collection(small.name)
        db.create_collection(small.name, dimension=4)
        assert small.count() == 0


class TestLookingAfter:
    def test_stats_verify_diagnose(self, db: Database, book: tuple[Collection, Words]) -> None:
        collection, words = book
        stats = collection.stats()
        assert (stats.collection, stats.records) == (collection.name, len(words.names))
        assert [partition.partition for partition in stats.partitions] == [0, 1, 2]
        assert {partition.state for partition in stats.partitions} == {"serving"}
        assert sum(partition.end for partition in stats.partitions) == len(words.names)
        verified = collection.verify()
        assert verified.verdict == "alone"
        assert sum(partition.replicas[0].records for partition in verified.partitions) == len(words.names)
        assert db.diagnose().findings == ()

    def test_readiness(self, db: Database) -> None:
        db.wait_until_ready()
        assert db.is_ready()


class TestErrors:
    def test_each_names_its_code_its_place_and_who_acts(self, db: Database, small: Collection, fresh_name: Callable[[], str]) -> None:
        nowhere = db.collection(fresh_name())
        cases: list[tuple[Callable[[], object], type[proximadb.ProximaError], str, str, str | None]] = [
            (lambda: nowhere.count(), proximadb.NotFound, "NOT_FOUND", "caller", None),
            (lambda: nowhere.upsert(["a"], np.ones((1, 4))), proximadb.NotFound, "NOT_FOUND", "caller", None),
            (lambda: db.delete_collection(nowhere.name), proximadb.NotFound, "NOT_FOUND", "caller", None),
            (lambda: db.create_collection("no name", dimension=4), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "name"),
            (lambda: db.create_collection("name", dimension=0), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "dimension"),
            (lambda: small.search(np.ones(3)), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "vector"),
            (lambda: small.search(np.ones((1, 4))), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "vector"),
            (lambda: small.search([1, np.nan, 1, 1]), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "vector[1]"),
            (lambda: small.search(np.ones(4), k=0), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "k"),
            (lambda: small.search(np.ones(4), k=10_001), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "k"),
            (lambda: small.search(np.ones(4), include=["all"]), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "include"),  # type: ignore[list-item]
            (lambda: small.upsert(["a"], np.ones((1, 3))), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "vector"),
            (lambda: small.upsert([""], np.ones((1, 4))), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "id"),
            (lambda: small.upsert(["a"], np.zeros((1, 4))), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "vector"),
            (lambda: small.upsert("ab", np.ones((2, 4))), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "ids"),
            (lambda: small.get("ab"), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "ids"),
            (lambda: small.delete("ab"), proximadb.InvalidArgument, "INVALID_ARGUMENT", "caller", "ids"),
        ]  # fmt: skip
        for call, kind, code, actor, field in cases:
            with pytest.raises(proximadb.ProximaError) as raised:
                call()
            error = raised.value
            assert (type(error), error.code, error.who_acts, error.retryable) == (kind, code, actor, False), str(error)
            assert str(error).startswith(code)
            assert error.message
            assert field is None or any((each.field or "").startswith(field) for each in error.details), error.details
        assert small.count() == 0

    def test_the_record_at_fault_is_named_and_nothing_is_written(self, small: Collection) -> None:
        with pytest.raises(proximadb.InvalidArgument) as raised:
            small.upsert(["a", "b", "x" * 600], np.ones((3, 4)))
        assert [(each.record, each.field) for each in raised.value.details] == [(2, "id")]
        assert small.count() == 0

    def test_a_call_that_has_no_time_is_not_sent(self, small: Collection) -> None:
        with pytest.raises(proximadb.DeadlineExceeded):
            small.count(timeout=0)
