"""Where a client is told to go: `host:port` is gRPC, `http://host:port` is REST; several, with commas or in a list, are servers of
one cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Addresses:
    transport: Literal["grpc", "rest"]
    #: Of gRPC without a scheme, of REST with it.
    each: tuple[str, ...]


def parse_addresses(given: str | Sequence[str]) -> Addresses:
    """:raises ValueError: for none, or for gRPC and REST mixed."""
    each = [address.strip().rstrip("/") for address in (given.split(",") if isinstance(given, str) else given)]
    rest = [address.startswith(("http://", "https://")) for address in each]
    if not each or "" in each:
        raise ValueError("an address is host:port for gRPC, or http://host:port for REST")
    if any(rest) and not all(rest):
        raise ValueError(f"all by gRPC or all by REST, not {', '.join(each)}")
    if not rest[0] and any("://" in address.removeprefix("grpc://") for address in each):
        raise ValueError(f"{each[0]}: there are grpc://, http:// and https://")
    return Addresses("rest", tuple(each)) if rest[0] else Addresses("grpc", tuple(address.removeprefix("grpc://") for address in each))
