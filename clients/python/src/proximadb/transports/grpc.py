"""gRPC, blocking and for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio

from ..calls import Attempt, Options, Reach, Ready
from ..errors import ProximaError
from ..v1.proximadb_pb2_grpc import ProximaDBStub
from ..wire import Answer
from ..wire.proto import ProtoWire, proto_answer, status_error

_HEALTH = "/grpc.health.v1.Health/Check"
#: The answer of grpc.health.v1 for a server that serves: field 1 is 1. The question for the whole server is an empty message.
_SERVING = b"\x08\x01"


def _channel_options(options: Options) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", options.message_bytes_max),
        ("grpc.max_send_message_length", -1),
        # Repeated here, by our rules, and nowhere below.
        ("grpc.enable_retries", 0),
        # Clients of one process would share a connection, and with it its flow control.
        ("grpc.use_local_subchannel_pool", 1),
        # A server that restarts is looked for again soon.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
        # One that is frozen, or whose host is gone, is found out while a call waits for it.
        ("grpc.keepalive_time_ms", 5000),
        ("grpc.keepalive_timeout_ms", 5000),
    ]


def _stub(channel: grpc.Channel | grpc.aio.Channel) -> Any:
    """A callable a method, by its name."""
    return ProximaDBStub(channel)  # type: ignore[no-untyped-call]


def _as_it_is(message: bytes) -> bytes:
    return message


class GrpcTransport:
    wire = ProtoWire()

    def __init__(self, addresses: Sequence[str], options: Options) -> None:
        self._channels = [grpc.insecure_channel(address, _channel_options(options)) for address in addresses]
        self._stubs = [_stub(channel) for channel in self._channels]

    def attempt(self, step: Attempt) -> Answer[Any]:
        try:
            return proto_answer(getattr(self._stubs[step.server], step.method.name)(step.request, timeout=step.timeout_s))
        except grpc.RpcError as error:
            raise _error(error) from error

    def reach(self, step: Reach) -> bool:
        try:
            grpc.channel_ready_future(self._channels[step.server]).result(timeout=step.timeout_s)
        except grpc.FutureTimeoutError:
            return False
        return True

    def ready(self, step: Ready) -> bool:
        check: Any = self._channels[step.server].unary_unary(_HEALTH, _as_it_is, _as_it_is)
        try:
            return bool(check(b"", timeout=step.timeout_s) == _SERVING)
        except grpc.RpcError as error:
            raise _error(error) from error

    def close(self) -> None:
        for channel in self._channels:
            channel.close()


class AsyncGrpcTransport:
    wire = ProtoWire()

    def __init__(self, addresses: Sequence[str], options: Options) -> None:
        self._addresses = addresses
        self._options = options
        # Channels belong to the loop that first uses them.
        self._channels: list[grpc.aio.Channel] = []
        self._stubs: list[Any] = []

    def _open(self) -> None:
        if not self._channels:
            self._channels = [grpc.aio.insecure_channel(address, _channel_options(self._options)) for address in self._addresses]
            self._stubs = [_stub(channel) for channel in self._channels]

    async def attempt(self, step: Attempt) -> Answer[Any]:
        self._open()
        try:
            return proto_answer(await getattr(self._stubs[step.server], step.method.name)(step.request, timeout=step.timeout_s))
        except grpc.aio.AioRpcError as error:
            raise _error(error) from error

    async def reach(self, step: Reach) -> bool:
        self._open()
        try:
            await asyncio.wait_for(self._channels[step.server].channel_ready(), step.timeout_s)
        except asyncio.TimeoutError:
            return False
        return True

    async def ready(self, step: Ready) -> bool:
        self._open()
        check: Any = self._channels[step.server].unary_unary(_HEALTH, _as_it_is, _as_it_is)
        try:
            return bool(await check(b"", timeout=step.timeout_s) == _SERVING)
        except grpc.aio.AioRpcError as error:
            raise _error(error) from error

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close(None)


def _error(error: Any) -> ProximaError:
    """What gRPC throws has the methods of a call, which its type does not say."""
    return status_error(error.code().name, error.details(), error.trailing_metadata() or ())
