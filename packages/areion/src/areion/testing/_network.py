"""Connections in memory as httpcore sees them: its own HTTP/1.1 client talks to the server over these."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Any, Final

from areion.testing._application import RunningApplication
from areion.testing._httpx import httpcore
from areion.testing._memory import MemoryStream
from areion.testing._portal import Portal
from areion.testing._server import InMemoryConnection

POOL_SIZE: Final = 1000
"""Connections a client may have at once: more than a test uses, fewer than the server's limit."""


async def _read(stream: MemoryStream, most: int, seconds: float | None) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await stream.receive(most)
    except TimeoutError as error:
        raise httpcore.ReadTimeout(f"nothing came within {seconds} seconds") from error


async def _write(stream: MemoryStream, data: bytes, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stream.send(data)
    except TimeoutError as error:
        raise httpcore.WriteTimeout(f"nothing was taken within {seconds} seconds") from error
    except OSError as error:
        raise httpcore.WriteError(str(error)) from error


async def _connect(application: RunningApplication, host: str, port: int) -> MemoryStream:
    try:
        return application.connect(host, port)
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


def _secure(stream: MemoryStream) -> None:
    """Let the server believe that the connection is encrypted."""
    if isinstance(stream.protocol, InMemoryConnection):
        stream.protocol.scheme = "https"


def _extra(stream: MemoryStream, info: str) -> Any:
    return stream.readable if info == "is_readable" else None


class AsyncMemoryNetwork(httpcore.AsyncNetworkStream):
    """One connection, used on the application's own loop.

    Attributes:
        stream: The client's end.
    """

    def __init__(self, stream: MemoryStream) -> None:
        self.stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        """Receive up to ``max_bytes``."""
        return await _read(self.stream, max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        """Send."""
        await _write(self.stream, buffer, timeout)

    async def aclose(self) -> None:
        """Close."""
        self.stream.close()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - nothing is encrypted
        server_hostname: str | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Pass for encrypted from now on."""
        _secure(self.stream)
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell whether the connection ``is_readable``."""
        return _extra(self.stream, info)


class MemoryNetwork(httpcore.NetworkStream):
    """One connection, used from another thread than the application's.

    Attributes:
        stream: The client's end.
    """

    def __init__(self, portal: Portal, stream: MemoryStream) -> None:
        self.stream = stream
        self._portal = portal

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive up to ``max_bytes``."""
        return self._portal.call(_read(self.stream, max_bytes, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._portal.call(_write(self.stream, buffer, timeout))

    def close(self) -> None:
        """Close."""
        self._portal.call(_call(self.stream.close))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - nothing is encrypted
        server_hostname: str | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Pass for encrypted from now on."""
        _secure(self.stream)
        return self

    def get_extra_info(self, info: str) -> Any:
        """Tell whether the connection ``is_readable``."""
        return _extra(self.stream, info)


async def _call(function: Callable[[], None]) -> None:
    function()


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, application: RunningApplication) -> None:
        self._application = application

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - it takes no time
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        return AsyncMemoryNetwork(await _connect(self._application, host, port))


class _Backend(httpcore.NetworkBackend):
    def __init__(self, application: RunningApplication, portal: Portal) -> None:
        self._application = application
        self._portal = portal

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - it takes no time
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return MemoryNetwork(self._portal, self._portal.call(_connect(self._application, host, port)))


def async_pool(application: RunningApplication) -> httpcore.AsyncConnectionPool:
    """Return a client of the application, for its own loop."""
    return httpcore.AsyncConnectionPool(
        ssl_context=_no_tls(), max_connections=POOL_SIZE, network_backend=_AsyncBackend(application)
    )


def pool(application: RunningApplication, portal: Portal) -> httpcore.ConnectionPool:
    """Return a client of the application, for other threads."""
    return httpcore.ConnectionPool(
        ssl_context=_no_tls(), max_connections=POOL_SIZE, network_backend=_Backend(application, portal)
    )


def _no_tls() -> ssl.SSLContext:
    """Return a context that nobody uses: without one, httpcore would read all authorities from the disk."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
