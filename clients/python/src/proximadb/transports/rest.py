"""REST, blocking and for asyncio, by httpx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from ..calls import Attempt, Options, Reach, Ready
from ..errors import DeadlineExceeded, Internal, ProximaError, Unavailable
from ..wire import Answer
from ..wire.json import JsonWire, json_answer, request_body, request_path, response_error

_READY = "/health/ready"
_LIVE = "/health/live"
_HEADERS = {"content-type": "application/json"}


class _Requests:
    """What is sent, and what is made of what comes, for either kind of client."""

    def __init__(self, addresses: Sequence[str], options: Options) -> None:
        self._addresses = addresses
        self._connect_s_max = options.connect_s_max if len(addresses) > 1 else None

    def of(self, step: Attempt) -> dict[str, Any]:
        body = request_body(step.method, step.request, step.timeout_s)
        return {
            "method": step.method.verb,
            "url": self.url(step.server, request_path(step.method, step.request)),
            "content": body,
            "headers": None if body is None else _HEADERS,
            "timeout": self.timeout(step.timeout_s),
        }

    def url(self, server: int, path: str) -> str:
        return self._addresses[server] + path

    def timeout(self, timeout_s: float) -> httpx.Timeout:
        connect = timeout_s if self._connect_s_max is None else min(timeout_s, self._connect_s_max)
        return httpx.Timeout(timeout_s, connect=connect)


def _answer(step: Attempt, response: httpx.Response) -> Answer[Any]:
    if response.status_code != httpx.codes.OK:
        raise response_error(response.status_code, response.content, response.headers.get("retry-after"))
    try:
        return json_answer(step.method, response.content)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Internal(f"{step.method.name} was answered with what is no answer: {error}") from error


def _error(error: httpx.TransportError) -> ProximaError:
    if isinstance(error, (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout)):
        return DeadlineExceeded(f"no answer in time: {type(error).__name__}")
    return Unavailable(f"{type(error).__name__}: {error}")


class RestTransport:
    wire = JsonWire()

    def __init__(self, addresses: Sequence[str], options: Options) -> None:
        self._requests = _Requests(addresses, options)
        self._client = httpx.Client()

    def attempt(self, step: Attempt) -> Answer[Any]:
        try:
            return _answer(step, self._client.request(**self._requests.of(step)))
        except httpx.TransportError as error:
            raise _error(error) from error

    def reach(self, step: Reach) -> bool:
        return self._is_ok(step.server, _LIVE, step.timeout_s)

    def ready(self, step: Ready) -> bool:
        return self._is_ok(step.server, _READY, step.timeout_s)

    def _is_ok(self, server: int, path: str, timeout_s: float) -> bool:
        try:
            return self._client.get(self._requests.url(server, path), timeout=timeout_s).is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._client.close()


class AsyncRestTransport:
    wire = JsonWire()

    def __init__(self, addresses: Sequence[str], options: Options) -> None:
        self._requests = _Requests(addresses, options)
        self._client = httpx.AsyncClient()

    async def attempt(self, step: Attempt) -> Answer[Any]:
        try:
            return _answer(step, await self._client.request(**self._requests.of(step)))
        except httpx.TransportError as error:
            raise _error(error) from error

    async def reach(self, step: Reach) -> bool:
        return await self._is_ok(step.server, _LIVE, step.timeout_s)

    async def ready(self, step: Ready) -> bool:
        return await self._is_ok(step.server, _READY, step.timeout_s)

    async def _is_ok(self, server: int, path: str, timeout_s: float) -> bool:
        try:
            return (await self._client.get(self._requests.url(server, path), timeout=timeout_s)).is_success
        except httpx.TransportError:
            return False

    async def close(self) -> None:
        await self._client.aclose()
