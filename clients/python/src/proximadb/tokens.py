"""Read tokens: opaque but for one thing, that two of them merge by maximum."""

from __future__ import annotations

import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode

from .v1 import proximadb_pb2 as pb


def later(left: str | None, right: str | None) -> str | None:
    """The token at which a read sees what both see. Of two generations of a collection the newer one's is."""
    if left is None or right is None or left == right:
        return right if left is None else left
    one, other = _decoded(left), _decoded(right)
    if one.log != other.log:
        return left if one.log > other.log else right
    offsets = list(map(max, one.offsets, other.offsets))
    if offsets == list(one.offsets):
        return left
    return right if offsets == list(other.offsets) else _encoded(pb.ReadToken(log=one.log, offsets=offsets))


def _decoded(token: str) -> pb.ReadToken:
    return pb.ReadToken.FromString(urlsafe_b64decode(token + "=" * (-len(token) % 4)))


def _encoded(token: pb.ReadToken) -> str:
    return urlsafe_b64encode(token.SerializeToString()).rstrip(b"=").decode()


class Tokens:
    """What the writes of a session have to be read at, by collection. Of all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}

    def of(self, collection: str) -> str | None:
        return self._tokens.get(collection)

    def note(self, collection: str, token: str) -> None:
        with self._lock:
            merged = later(self._tokens.get(collection), token)
            if merged is not None:
                self._tokens[collection] = merged

    def replace(self, collection: str, token: str | None) -> None:
        with self._lock:
            if token is None:
                self._tokens.pop(collection, None)
            else:
                self._tokens[collection] = token
