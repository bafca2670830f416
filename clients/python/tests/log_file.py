"""
The records of a standalone server's log, read from its file. It is LMDB's, in a format that no released library of Python reads, so its
leaves are read here. Keys, and the frame around a record's bytes, are as packages/log/src/embedded has them (keys.ts, record-codec.ts).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES = 4_096
#: Of a page: its number, its transaction, padding, flags, the end of the list of its nodes, and where they begin.
_page = struct.Struct("<QQHHHH")
LEAF = 2
#: Of a node: the size of its value in two halves, flags, the size of its key.
_node = struct.Struct("<HHHH")
#: Of a record: 4, its topic's number, partition, offset.
_key = struct.Struct(">BIIQ")
RECORD = 4


@dataclass(frozen=True)
class LogRecord:
    topic: int
    partition: int
    offset: int
    key: bytes
    value: bytes | None


def read_log(data: Path) -> list[LogRecord]:
    """In the order of topics, partitions and offsets; without those so large that they lie on pages of their own."""
    file = (data / "log" / "data.mdb").read_bytes()
    found: dict[bytes, LogRecord] = {}
    for start in range(0, len(file), PAGE_BYTES):
        for key, stored in _nodes(file[start : start + PAGE_BYTES]):
            if len(key) == _key.size and key[0] == RECORD:
                # A page that was written anew leaves the old one, with the same records.
                found[key] = _record(key, stored)
    return [found[key] for key in sorted(found)]


def _nodes(page: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a leaf."""
    _, _, _, flags, lower, _ = _page.unpack_from(page)
    if flags != LEAF:
        return
    for place in range(lower // 2):
        at = _page.size + int.from_bytes(page[_page.size + 2 * place :][:2], "little")
        low, high, node_flags, key_size = _node.unpack_from(page, at)
        at += _node.size
        if node_flags == 0:
            yield page[at : at + key_size], page[at + key_size :][: high << 16 | low]


def _record(key: bytes, stored: bytes) -> LogRecord:
    is_null, headers, key_size = stored[8] & 1, stored[9], int.from_bytes(stored[10:12], "big")
    at = 12 + key_size
    for _ in range(headers):
        at += 1 + (1 + stored[at + 1] if stored[at] == 0 else 0)
        at += 4 + int.from_bytes(stored[at : at + 4], "big")
    _, topic, partition, offset = _key.unpack(key)
    return LogRecord(topic, partition, offset, stored[12 : 12 + key_size], None if is_null else stored[at:])
