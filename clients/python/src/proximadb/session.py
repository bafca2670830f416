"""What the calls of one client share, whether they block or not."""

from __future__ import annotations

from dataclasses import dataclass, field

from .calls import Operation, Options, Servers, attempts
from .contents import Readers
from .errors import FailedPrecondition
from .methods import GET_SCHEMA, Method, Request, Response
from .releases import Translate, translator_of
from .tokens import Tokens
from .v1 import proximadb_pb2 as pb
from .wire import Answer, Wire


@dataclass(frozen=True, slots=True)
class Writer:
    #: What records begin with; 0 where they do not.
    schema_id: int = 0
    #: Into the server's schema, where it is not ours.
    translate: Translate | None = None

    def finish(self, records: list[bytes]) -> list[bytes]:
        return records if self.translate is None else list(map(self.translate, records))


@dataclass(slots=True)
class Session:
    wire: Wire
    servers: Servers
    options: Options
    #: So that a session reads its own writes.
    tokens: Tokens = field(default_factory=Tokens)
    readers: Readers = field(default_factory=Readers)
    writers: dict[str, Writer] = field(default_factory=dict)

    def call(self, method: Method[Request, Response], request: Request, timeout: float | None = None) -> Operation[Answer[Response]]:
        """An answer, all of whose records can be read."""
        answer = yield from attempts(self.servers, self.options, method, request, timeout)
        while (unknown := next(self.readers.unknown(answer.contents), None)) is not None:
            yield from self._learn(unknown, timeout)
        return answer

    def writer(self, name: str, timeout: float | None) -> Operation[Writer]:
        """How the records of a schema are written for this server."""
        if not self.wire.needs_schema_ids:
            return Writer()
        if name not in self.writers:
            told = (yield from attempts(self.servers, self.options, GET_SCHEMA, pb.GetSchemaRequest(name=name), timeout)).message
            self.writers[name] = Writer(told.id, translator_of(name, told.schema))
        return self.writers[name]

    def _learn(self, schema_id: int, timeout: float | None) -> Operation[None]:
        """How to read the records of a writer, who may have had another schema than this client and this server."""
        request = pb.GetSchemaRequest(name="VectorRecord", id=schema_id)
        told = (yield from attempts(self.servers, self.options, GET_SCHEMA, request, timeout)).message
        if told.id != schema_id:
            raise FailedPrecondition(f"a record is written in schema {schema_id}, which the server is too old to tell: upgrade the server")
        self.readers.learn(schema_id, told.schema)
