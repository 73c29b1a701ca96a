"""A server without sockets: connections whose other end is the caller, and time that passes when it is told to.

The protocol here is the real one; only the transport and the clock are stand-ins. They behave as asyncio's do:
what is written while the client does not read piles up, and above a limit the protocol is asked to pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from areion_http import _deadlines
from areion_http._connection import HttpConnection
from areion_http._drain import drain
from areion_http._shared import Shared
from areion_http.config import HttpConfig
from areion_http.request import HttpRequest
from areion_http.server import reading

# Those of asyncio's socket transports.
_HIGH_WATER: Final = 64 * 1024
_QUIET_TURNS: Final = 4
_PATIENCE: Final = 10.0


class MemoryTransport(asyncio.Transport):
    """A transport whose other end is a :class:`MemoryConnection`.

    Attributes:
        written: What the client has got and not taken yet.
        waiting: What was written while the client does not read.
        reading: Whether the client reads.
        taking: Whether the protocol takes input.
        half_closed: Whether the server has closed its side.
        closing: Whether the server has closed the connection, or dropped it.
        aborted: Whether it has dropped the connection.
    """

    def __init__(self, protocol: asyncio.Protocol, info: dict[str, Any]) -> None:
        super().__init__(info)
        self._protocol = protocol
        self._high, self._low = _HIGH_WATER, _HIGH_WATER // 4
        self._asked_to_pause = False
        self._lost = False
        self.written = bytearray()
        self.waiting = bytearray()
        self.reading = True
        self.taking = True
        self.half_closed = self.closing = self.aborted = False

    # -- what protocols call ------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.half_closed:
            raise RuntimeError("write() after write_eof()")
        if self.aborted or self._lost:
            return
        if self.reading:
            self.written += data
        else:
            self.waiting += data
            self._maybe_pause()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.half_closed = True

    def get_write_buffer_size(self) -> int:
        return len(self.waiting)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = _HIGH_WATER if high is None else high
        self._low = self._high // 4 if low is None else low
        self._maybe_pause()

    def pause_reading(self) -> None:
        self.taking = False

    def resume_reading(self) -> None:
        self.taking = True

    def is_reading(self) -> bool:
        return self.taking

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._maybe_lose()

    def abort(self) -> None:
        self.closing = self.aborted = True
        self.waiting.clear()
        self._maybe_lose()

    # -- what the client does -----------------------------------------------------------------------------

    def client_reads(self, reads: bool) -> None:
        """Let the client stop to read, or go on."""
        self.reading = reads
        if reads:
            self.client_takes(len(self.waiting))

    def client_takes(self, count: int) -> None:
        """Let the client read so many of the bytes that wait."""
        self.written += self.waiting[:count]
        del self.waiting[:count]
        if self._asked_to_pause and len(self.waiting) <= self._low:
            self._asked_to_pause = False
            self._protocol.resume_writing()
        self._maybe_lose()

    def lose(self, error: Exception | None = None) -> None:
        """Let the connection break."""
        if not self._lost:
            self._lost = self.closing = True
            self.waiting.clear()
            self._protocol.connection_lost(error)

    def _maybe_pause(self) -> None:
        if len(self.waiting) > self._high and not self._asked_to_pause:
            self._asked_to_pause = True
            self._protocol.pause_writing()

    def _maybe_lose(self) -> None:
        if self.closing and not self.waiting:
            asyncio.get_running_loop().call_soon(self.lose)


class MemoryServer:
    """What an ``HttpServer`` is without its sockets; must be made inside a running event loop.

    Args:
        handler: As for ``HttpServer``.
        config: Limits and deadlines.
        request_class: As for ``HttpServer``.
        on_error: As for ``HttpServer``.
        read_body: As for ``HttpServer``.
        tls: Pretend that the connections are encrypted.
    """

    def __init__(
        self,
        handler: Callable[[Any], Any],
        *,
        config: HttpConfig | None = None,
        request_class: type[HttpRequest] = HttpRequest,
        on_error: Callable[[Any, Exception], Any] | None = None,
        read_body: bool = True,
        tls: bool = False,
    ) -> None:
        self.config = config or HttpConfig()
        loop = asyncio.get_running_loop()
        application = reading(handler) if read_body else handler
        self._shared = Shared(application, self.config, request_class, on_error, loop, tls=tls)
        self._now = 0.0

    def connect(
        self, client: tuple[str, int] | None = ("192.0.2.1", 50_000), server: tuple[str, int] | None = None
    ) -> MemoryConnection:
        """Open a connection from ``client``; None stands for a unix socket."""
        return MemoryConnection(self, client, server or ("192.0.2.80", 80))

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass for all deadlines, which are looked at as often as a server does."""
        interval = self.config.sweep_interval()
        end = self._now + seconds
        while self._now < end:
            self._now = min(end, self._now + interval)
            for connection in (*self._shared.connections, *self._shared.refused):
                _deadlines.sweep(connection, self._now)

    async def stop(self) -> None:
        """Drain, as a server that has been told to stop; clients that were told the end leave."""
        draining = asyncio.ensure_future(drain(self._shared, self.config))
        while not draining.done():
            for connection in tuple(self._shared.connections):
                if connection._lingering >= 0:
                    connection.abort()
            await asyncio.wait([draining], timeout=0.005)
        await draining

    @property
    def connection_count(self) -> int:
        """How many connections are counted; see ``HttpServer.connection_count``."""
        return len(self._shared.connections)


class MemoryConnection:
    """A client's connection to a :class:`MemoryServer`; the caller is the client.

    Attributes:
        transport: The stand-in, for what is not said here.
    """

    def __init__(
        self, server: MemoryServer, client: tuple[str, int] | None, local: tuple[str, int] | None
    ) -> None:
        self.protocol = HttpConnection(server._shared)
        info = {"peername": client or "", "sockname": local if client else ""}
        self.transport = MemoryTransport(self.protocol, info)
        self._unsent = bytearray()
        self._ends = False
        self.protocol.connection_made(self.transport)

    def send(self, data: bytes) -> None:
        """Give the server bytes; those it does not take now, since it has paused, go on later."""
        self._unsent += data
        self._push()

    def end(self) -> None:
        """Close the client's side: it sends no more, and still reads."""
        self._ends = True
        self._push()

    def _push(self) -> None:
        """Deliver what the server takes; the end comes behind the last byte."""
        if self._unsent and self.transport.taking and not self.transport.closing:
            data = bytes(self._unsent)
            self._unsent.clear()
            self.protocol.data_received(data)
        if self._ends and not self._unsent and self.transport.taking and not self.transport.closing:
            self._ends = False
            if not self.protocol.eof_received():
                self.transport.close()

    def take(self) -> bytes:
        """Return what the server has said since the last time."""
        data = bytes(self.transport.written)
        self.transport.written.clear()
        return data

    async def feed(self, data: bytes = b"") -> bytes:
        """Give the server bytes, let it work until it waits for more from the client, return what it said.

        Raises:
            TimeoutError: If a handler is still at work after ten seconds.
        """
        self.send(data)
        async with asyncio.timeout(_PATIENCE):
            await self.settled()
        return self.take()

    async def settled(self) -> None:
        """Wait until only the client can bring the connection forward."""
        # Some turns more, for what is called back by what has just ended.
        quiet = 0
        while quiet < _QUIET_TURNS:
            await asyncio.sleep(0 if self._waits_for_client() else 0.0005)
            self._push()
            quiet = quiet + 1 if self._waits_for_client() else 0

    def _waits_for_client(self) -> bool:
        protocol = self.protocol
        if protocol._task is None:
            return True
        incoming = protocol._incoming
        waits_for_body = incoming is not None and incoming.waiting
        return waits_for_body or bool(self.transport.waiting)

    def lose(self) -> None:
        """Break the connection."""
        self.transport.lose(ConnectionResetError())

    def stop_reading(self) -> None:
        """Read no more; what the server says piles up on its side."""
        self.transport.client_reads(False)

    def go_on_reading(self) -> None:
        """Read what has piled up, and what comes."""
        self.transport.client_reads(True)

    @property
    def closed(self) -> bool:
        """Whether the server says no more: it has closed the connection, or its side."""
        return (self.transport.closing and not self.transport.waiting) or self.transport.half_closed
