"""An httpx transport that leads to an application in the same process.

``httpx.Client(transport=AreionTransport(server))`` and ``httpx.AsyncClient(transport=AreionTransport(server))``
are what ``TestClient`` and ``AsyncTestClient`` are made of.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from areion.server import AreionServer
from areion.testing._application import RunningApplication, as_server, take_failure
from areion.testing._httpx import httpcore, httpx
from areion.testing._network import AsyncMemoryNetwork, MemoryNetwork, async_pool, pool
from areion.testing._portal import Portal
from areion.watchdog import Blockage, check_threshold


class AreionTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Sends requests to an application in memory.

    The application starts, with orchestrator and startup hooks, when the client is entered (``with``), or else
    at the first request; it stops, with shutdown hooks, when the client is closed. For an ``httpx.Client`` it
    runs on a loop in a thread of its own, so a test may block; for an ``httpx.AsyncClient`` on the running loop.

    Args:
        app: An ``AreionServer``, an ``AreionServerBuilder``, or a router. Whatever HTTP server it is built with,
            areion-http's connection is used, without its listeners.
        raise_server_exceptions: Raise in the test what a handler raises and nothing in the application turns
            into a response. False gives the response that a client would get, a 500.
        client: Address that the application sees; None as over a unix socket.
        fail_on_blocking: Raise ``BlockedLoopError`` in the test when the application has kept its loop from
            anything else for so many seconds. None for never.

    Raises:
        TypeError: If ``app`` is none of these.
        ValueError: If ``fail_on_blocking`` is no such number.
    """

    def __init__(
        self,
        app: Any,
        *,
        raise_server_exceptions: bool = True,
        client: tuple[str, int] | None = ("127.0.0.1", 50000),
        fail_on_blocking: float | None = None,
    ) -> None:
        self.server: AreionServer = as_server(app)
        self._raise = raise_server_exceptions
        self._client = client
        self._fail_on_blocking = (
            None if fail_on_blocking is None else check_threshold("fail_on_blocking", fail_on_blocking)
        )
        self._lock = threading.Lock()
        self._side: _Side | None = None
        self._async_lock = asyncio.Lock()
        self._async_side: _AsyncSide | None = None

    # -- for httpx.Client ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start the application.

        Raises:
            Exception: What a startup hook raises.
        """
        self._started()
        return self

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, wait for the head of the response.

        Raises:
            Exception: What the handler has raised, with ``raise_server_exceptions``.
            BlockedLoopError: With ``fail_on_blocking``.
            httpx.TransportError: If there was no response.
        """
        side = self._started()
        try:
            with _as_httpx_errors():
                response = side.pool.handle_request(_core_request(request))
        except (httpx.TransportError, RuntimeError):
            side.portal.check()
            raise
        network = response.extensions["network_stream"]
        try:
            if self._raise:
                _raise_failure(network)
            side.check_blocking()
        except BaseException:
            response.close()
            raise
        assert isinstance(response.stream, Iterable)
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response.stream, network if self._raise else None, side.check_blocking),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Stop the application.

        Raises:
            Exception: What ended it before.
        """
        with self._lock:
            side, self._side = self._side, None
        if side is not None:
            side.close()

    def _started(self) -> _Side:
        with self._lock:
            if self._side is None:
                self._side = _Side(self._application(shares_loop=False))
            return self._side

    def __del__(self) -> None:
        side: _Side | None = getattr(self, "_side", None)
        if side is not None and not sys.is_finalizing():
            side.portal.stop(wait=False)
            text = f"unclosed {self!r}: use its client in a with statement"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)

    # -- for httpx.AsyncClient ----------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start the application.

        Raises:
            Exception: What a startup hook raises.
        """
        await self._async_started()
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, wait for the head of the response.

        Raises:
            Exception: What the handler has raised, with ``raise_server_exceptions``.
            BlockedLoopError: With ``fail_on_blocking``.
            httpx.TransportError: If there was no response.
        """
        side = await self._async_started()
        with _as_httpx_errors():
            response = await side.pool.handle_async_request(_core_request(request))
        network = response.extensions["network_stream"]
        try:
            if self._raise:
                _raise_failure(network)
            await side.check_blocking()
        except BaseException:
            await response.aclose()
            raise
        assert isinstance(response.stream, AsyncIterable)
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_AsyncBody(response.stream, network if self._raise else None, side.check_blocking),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Stop the application.

        Raises:
            Exception: What ended it before.
        """
        side, self._async_side = self._async_side, None
        if side is not None:
            await side.close()

    async def _async_started(self) -> _AsyncSide:
        async with self._async_lock:
            if self._async_side is None:
                side = _AsyncSide(self._application(shares_loop=True))
                await side.application.start()
                self._async_side = side
            return self._async_side

    def _application(self, *, shares_loop: bool) -> RunningApplication:
        return RunningApplication(
            self.server, self._client, fail_on_blocking=self._fail_on_blocking, shares_loop=shares_loop
        )


def _raise_failure(network: object) -> None:
    """Raise what went wrong in the application on this connection."""
    if isinstance(network, (MemoryNetwork, AsyncMemoryNetwork)):
        failure = take_failure(network.stream)
        if failure is not None:
            raise failure


class BlockedLoopError(AssertionError):
    """The application has blocked its event loop for longer than the test allows.

    Attributes:
        blockages: Who, where, and for how long.
    """

    def __init__(self, blockages: Sequence[Blockage]) -> None:
        super().__init__("\n".join(map(str, blockages)))
        self.blockages = tuple(blockages)


class _Side:
    """What an ``httpx.Client`` needs: a thread with a loop, the application on it, connections to it."""

    def __init__(self, application: RunningApplication) -> None:
        self.application = application
        self.portal = Portal()
        self.portal.start()
        try:
            self.portal.call(application.start())
        except BaseException:
            self.portal.stop()
            raise
        self.pool = pool(application, self.portal)

    def close(self) -> None:
        try:
            self.pool.close()
            self.portal.call(self.application.stop())
            self.check_blocking()
        finally:
            self.portal.stop()

    def check_blocking(self) -> None:
        if self.application.is_watched and (blockages := self.portal.call(self.application.blockages())):
            raise BlockedLoopError(blockages)


class _AsyncSide:
    """What an ``httpx.AsyncClient`` needs: the application on the running loop, connections to it."""

    def __init__(self, application: RunningApplication) -> None:
        self.application = application
        self.pool = async_pool(application)

    async def close(self) -> None:
        try:
            await self.pool.aclose()
        finally:
            await self.application.stop()
        await self.check_blocking()

    async def check_blocking(self) -> None:
        if blockages := await self.application.blockages():
            raise BlockedLoopError(blockages)


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes], network: object, check: Callable[[], None]) -> None:
        self._stream = stream
        self._network = network
        self._check_blocking = check

    def __iter__(self) -> Iterator[bytes]:
        try:
            with _as_httpx_errors():
                yield from self._stream
        except httpx.TransportError:
            _raise_failure(self._network)
            raise

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()
        self._check_blocking()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(
        self, stream: AsyncIterable[bytes], network: object, check: Callable[[], Awaitable[None]]
    ) -> None:
        self._stream = stream
        self._network = network
        self._check_blocking = check

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            with _as_httpx_errors():
                async for piece in self._stream:
                    yield piece
        except httpx.TransportError:
            _raise_failure(self._network)
            raise

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()
        await self._check_blocking()


def _core_request(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def _as_httpx_errors() -> Iterator[None]:
    """Raise httpcore's exceptions as httpx's of the same name."""
    try:
        yield
    except Exception as error:
        for kind in type(error).__mro__:
            if kind.__module__.startswith("httpcore") and hasattr(httpx, kind.__name__):
                raise getattr(httpx, kind.__name__)(str(error)) from error
        raise
