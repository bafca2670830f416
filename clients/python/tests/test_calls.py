"""The core without input and output: what is repeated, how often, when, and to whom. Time and chance are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

import proximadb
from proximadb import Options, ProximaError
from proximadb.addresses import Addresses, parse_addresses
from proximadb.avro.encode import encode_records
from proximadb.avro.schemas import VECTOR_RECORD
from proximadb.calls import Attempt, Operation, Outcome, Pause, Reach, Servers, Step, Together, Window, attempts
from proximadb.errors import error_class
from proximadb.methods import COUNT, DELETE_COLLECTION, GET, SEARCH, UPSERT, Method
from proximadb.rows import rows_of
from proximadb.session import Session
from proximadb.tokens import Tokens, later
from proximadb.v1 import proximadb_pb2 as pb
from proximadb.wire import Answer
from proximadb.wire.json import response_error
from proximadb.wire.proto import ERROR_TRAILER, ProtoWire, status_error


@dataclass
class World:
    """Does steps in a time of its own."""

    #: What each attempt meets, in order; then all are answered.
    errors: list[ProximaError] = field(default_factory=list)
    dead: frozenset[int] = frozenset()
    #: What an attempt takes.
    seconds: float = 0.0
    now: float = 1_000.0
    sent: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def do(self, step: Step) -> object:
        if isinstance(step, Pause):
            self.waits.append(step.seconds)
            self.now += step.seconds
            return None
        if isinstance(step, Reach):
            self.now += step.timeout_s if step.server in self.dead else 0
            return step.server not in self.dead
        assert isinstance(step, Attempt)
        fields = {each.name: value for each, value in step.request.ListFields()}
        self.sent.append((step.server, fields))
        self.now += self.seconds
        if step.server in self.dead:
            raise proximadb.Unavailable("nobody is there")
        if self.errors:
            raise self.errors.pop(0)
        return Answer(step.method.response())

    def run(self, method: Method[Any, Any] = COUNT, servers: Servers | None = None, timeout: float = 60.0, **options: Any) -> object:
        chosen = Options(random=lambda: 1.0, clock=lambda: self.now, **options)
        operation = attempts(servers or Servers(1), chosen, method, method.request(collection="c"), timeout)
        return self.drive(operation)

    def drive(self, operation: Operation[Any]) -> object:
        try:
            step = next(operation)
            while True:
                try:
                    reply = self.do(step)
                except ProximaError as error:
                    step = operation.throw(error)
                else:
                    step = operation.send(reply)
        except StopIteration as stopped:
            return stopped.value


def unavailable(times: int) -> list[ProximaError]:
    return [proximadb.Unavailable("away") for _ in range(times)]


def test_unavailable_is_repeated_with_waits_that_double() -> None:
    world = World(unavailable(4))
    world.run()
    assert len(world.sent) == 5
    assert world.waits == [0.05, 0.1, 0.2, 0.4]


def test_by_default_it_rides_out_two_seconds_even_if_all_waits_are_short() -> None:
    world = World(unavailable(9))
    world.drive(attempts(Servers(1), Options(random=lambda: 0.0, clock=lambda: world.now), COUNT, pb.CountRequest(collection="c"), 60))
    assert sum(world.waits) > 2


def test_waits_have_jitter_and_a_ceiling() -> None:
    world = World(unavailable(9))
    chosen = Options(random=lambda: 0.0, clock=lambda: world.now, attempts_max=10)
    world.drive(attempts(Servers(1), chosen, COUNT, pb.CountRequest(collection="c"), 60))
    assert world.waits[:3] == [0.025, 0.05, 0.1]
    assert max(world.waits) == 1.0


def test_it_ends_after_so_many_attempts() -> None:
    world = World(unavailable(9))
    with pytest.raises(proximadb.Unavailable):
        world.run(attempts_max=3)
    assert len(world.sent) == 3


def test_it_ends_where_a_wait_would_go_beyond_the_deadline() -> None:
    world = World(unavailable(9), seconds=0.4)
    with pytest.raises(proximadb.Unavailable):
        world.run(timeout=0.9)
    assert len(world.sent) == 2
    assert world.now <= 1_000.9


def test_a_full_server_is_asked_again_when_it_says_so_and_never_otherwise() -> None:
    world = World([proximadb.ResourceExhausted("busy", retry_after_ms=700)])
    world.run()
    assert world.waits == [0.75]
    too_large = World([proximadb.ResourceExhausted("too large")])
    with pytest.raises(proximadb.ResourceExhausted):
        too_large.run()
    assert too_large.waits == []


FINAL = [
    proximadb.InvalidArgument, proximadb.NotFound, proximadb.Aborted, proximadb.DeadlineExceeded, proximadb.Internal, proximadb.DataLoss,
    proximadb.FailedPrecondition, proximadb.OutOfRange, proximadb.AlreadyExists, proximadb.Unimplemented, proximadb.Cancelled,
]  # fmt: skip


@pytest.mark.parametrize("kind", FINAL)
def test_nothing_else_is_repeated(kind: type[ProximaError]) -> None:
    world = World([kind("no")])
    with pytest.raises(kind):
        world.run()
    assert len(world.sent) == 1


def test_a_write_keeps_its_request_id_and_counts_its_attempts() -> None:
    world = World(unavailable(2))
    world.run(UPSERT)
    assert [fields.get("attempt", 0) for _, fields in world.sent] == [0, 1, 2]
    ids = {fields["request_id"] for _, fields in world.sent}
    assert len(ids) == 1
    assert 1 <= len(ids.pop()) <= 64


def test_a_collection_that_the_lost_attempt_deleted_is_deleted() -> None:
    World([proximadb.Unavailable("away"), proximadb.NotFound("gone")]).run(DELETE_COLLECTION)
    with pytest.raises(proximadb.NotFound):
        World([proximadb.NotFound("gone")]).run(DELETE_COLLECTION)


def test_a_retry_goes_to_another_server_and_so_do_later_calls() -> None:
    servers = Servers(3)
    world = World(unavailable(1))
    world.run(servers=servers)
    world.run(servers=servers)
    assert [server for server, _ in world.sent] == [0, 1, 1]


def test_a_server_that_cannot_be_reached_is_passed_over_within_its_time() -> None:
    servers = Servers(2)
    world = World(dead=frozenset({0}))
    world.run(servers=servers)
    world.run(servers=servers)
    assert [server for server, _ in world.sent] == [1, 1]
    assert world.now == 1_001.0


def test_one_server_is_not_asked_whether_it_can_be_reached() -> None:
    world = World(dead=frozenset({0}))
    with pytest.raises(proximadb.Unavailable):
        world.run(attempts_max=1)
    assert world.now == 1_000.0


def operations(world: Sequence[Callable[[], int]]) -> list[Operation[int]]:
    def one(make: Callable[[], int]) -> Operation[int]:
        yield Pause(0)
        return make()

    return [one(make) for make in world]


def test_after_a_failure_no_more_operations_are_taken() -> None:
    done: list[int] = []
    window = Window(Together(iter(operations([lambda: 1, lambda: 2, lambda: 3])), 2, done.append))
    assert (window.take(), window.take()) == (0, 1)
    window.settle(1, Outcome(None, proximadb.Unavailable("away")))
    assert window.take() is None
    window.settle(0, Outcome(7, None))
    assert [outcome.result for outcome in window.outcomes] == [7, None]
    assert done == [7]


CODES = [
    "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    "CANCELLED",
]  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_an_error_is_the_same_by_either_transport(code: str) -> None:
    details = [pb.ErrorDetail(record=0, field="f", reason="r"), pb.ErrorDetail(reason="s")]
    error = pb.Error(code=code, message="m", retry_after_ms=7, token="t", details=details)
    text = (
        f'{{"error": {{"code": "{code}", "message": "m", "retryAfterMs": 7, "token": "t", '
        '"details": [{"record": 0, "field": "f", "reason": "r"}, {"reason": "s"}]}}'
    )
    by_grpc = status_error(code, "short", [("x", "y"), (ERROR_TRAILER, error.SerializeToString())])
    by_rest = response_error(400, text.encode(), None)
    for each in (by_grpc, by_rest):
        assert type(each) is error_class(code)
        assert (each.code, each.message, each.retry_after_ms, each.token) == (code, "m", 7, "t")
        assert [(detail.record, detail.field, detail.reason) for detail in each.details] == [(0, "f", "r"), (None, None, "s")]
        assert each.retryable == (code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"))


def test_an_error_that_is_not_ours_keeps_what_it_says() -> None:
    lost = status_error("UNAVAILABLE", "connection refused", [])
    assert (type(lost), lost.message) == (proximadb.Unavailable, "connection refused")
    assert type(status_error("UNKNOWN", None, [(ERROR_TRAILER, b"\xff")])) is proximadb.Internal
    for status, kind in ((404, proximadb.NotFound), (502, proximadb.Unavailable), (503, proximadb.Unavailable), (500, proximadb.Internal)):
        error = response_error(status, b"<html>of a proxy", "3" if status == 503 else None)
        assert type(error) is kind
        assert "of a proxy" in error.message
        assert error.retry_after_ms == (3_000 if status == 503 else None)


def token(log: int, *offsets: int) -> str:
    from proximadb.tokens import _encoded

    return _encoded(pb.ReadToken(log=log, offsets=offsets))


def test_tokens_merge_by_maximum_and_those_of_a_newer_generation_win() -> None:
    assert later(None, None) is None
    assert later(token(1, 5), None) == later(None, token(1, 5)) == token(1, 5)
    assert later(token(1, 5, 300), token(1, 7, 2)) == token(1, 7, 300)
    assert later(token(3, 1), token(2, 9)) == later(token(2, 9), token(3, 1)) == token(3, 1)
    tokens = Tokens()
    for offsets in ((1, 0), (0, 4), (2, 1)):
        tokens.note("c", token(1, *offsets))
    assert tokens.of("c") == token(1, 2, 4)
    assert tokens.of("d") is None


def test_addresses() -> None:
    assert parse_addresses("a:1, b:2") == Addresses("grpc", ("a:1", "b:2"))
    assert parse_addresses(["grpc://a:1"]) == Addresses("grpc", ("a:1",))
    assert parse_addresses("http://a:1/,https://b") == Addresses("rest", ("http://a:1", "https://b"))
    refused: list[str | list[str]] = ["", [], "a:1,http://b:2", "ftp://a:1", "a:1,,b:2"]
    for wrong in refused:
        with pytest.raises(ValueError, match=r"host:port|by gRPC or all by REST|there are grpc"):
            parse_addresses(wrong)


def test_search_is_repeated_too() -> None:
    world = World(unavailable(1))
    world.run(SEARCH)
    assert len(world.sent) == 2
    assert "attempt" not in world.sent[1][1]


def test_a_record_of_an_unknown_writer_is_read_by_the_schema_that_the_server_tells_for_its_id() -> None:
    encoded = {schema_id: encode_records(schema_id, rows_of(["a"], [[1.0]], None, None, None), 0, 1)[0] for schema_id in (1, 7)}
    asked: list[Any] = []

    class Server(World):
        def do(self, step: Step) -> object:
            assert isinstance(step, Attempt)
            if not isinstance(step.request, pb.GetSchemaRequest):
                return Answer(pb.GetResponse(), list(encoded.values()))
            asked.append(step.request.id)
            return Answer(pb.GetSchemaResponse(name="VectorRecord", id=step.request.id, schema=VECTOR_RECORD))

    server = Server()
    session = Session(ProtoWire(), Servers(1), Options(clock=lambda: server.now))
    for _ in range(2):
        server.drive(session.call(GET, pb.GetRequest(collection="c")))
    assert asked == [1, 7]
    assert [each is not None and each.metadata for each in session.readers.read(list(encoded.values()))] == [{}, {}]


def test_a_server_that_is_too_old_to_tell_is_said_so() -> None:
    (record,) = encode_records(7, rows_of(["a"], [[1.0]], None, None, None), 0, 1)

    class Server(World):
        def do(self, step: Step) -> object:
            assert isinstance(step, Attempt)
            known = pb.GetSchemaResponse(name="VectorRecord", id=1, schema=VECTOR_RECORD)
            return Answer(known) if isinstance(step.request, pb.GetSchemaRequest) else Answer(pb.GetResponse(), [record])

    server = Server()
    with pytest.raises(proximadb.FailedPrecondition, match=r"schema 7, .*upgrade the server"):
        server.drive(Session(ProtoWire(), Servers(1), Options(clock=lambda: server.now)).call(GET, pb.GetRequest(collection="c")))
