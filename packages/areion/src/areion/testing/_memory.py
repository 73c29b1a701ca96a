"""A connection without a socket: the server's end is an asyncio transport, the client's end a stream.

It does what TCP on one machine does, as far as a server can see it: bytes arrive in pieces, each side is made to
wait when the other does not read, a closed side is an end of file, and writing to a client that has left resets
the connection. What the bytes mean is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextvars import Context
from typing import Any, Final

_PIECE: Final = 64 * 1024
"""Most bytes that arrive at once; loops read from sockets in pieces of this order."""
_IN_FLIGHT: Final = 64 * 1024
"""Bytes on their way to the client that count as sent: what the system's buffers would hold."""
_HIGH_WATER: Final = 64 * 1024
"""Bytes beyond that at which the server is asked to pause: asyncio's default."""


class MemoryTransport(asyncio.Transport):
    """The server's end.

    Args:
        stream: The client's end.
        loop: The server's loop.
        protocol: Gets what the client sends.
        extra: What ``get_extra_info`` tells.
    """

    def __init__(
        self,
        stream: MemoryStream,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        extra: dict[str, Any],
    ) -> None:
        super().__init__(extra)
        self._stream = stream
        self._loop = loop
        self._protocol = protocol
        self._limits = (_HIGH_WATER // 4, _HIGH_WATER)
        self._writing_paused = False
        self._closing = False
        self._written_eof = False

    # -- writing ------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send to the client; if it has left, the connection is lost."""
        if self._closing or self._written_eof:
            return
        if self._stream.closed:
            self._lose(ConnectionResetError("the client has closed the connection"))
            return
        self._stream.arrive(bytes(data))
        if not self._writing_paused and self.get_write_buffer_size() > self._limits[1]:
            self._writing_paused = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def read_by_client(self) -> None:
        """Take note that the client has read; the server may go on writing."""
        if self._writing_paused and self.get_write_buffer_size() <= self._limits[0]:
            self._writing_paused = False
            self._protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        """Return how much the client has still to read, beyond what buffers of the system would hold."""
        return max(0, self._stream.unread - _IN_FLIGHT)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the server is asked to pause and to go on."""
        high = _HIGH_WATER if high is None else high
        self._limits = (high // 4 if low is None else low, high)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return low and high water mark."""
        return self._limits

    def can_write_eof(self) -> bool:
        """Say that one side can be closed alone."""
        return True

    def write_eof(self) -> None:
        """Tell the client that no more comes; what it sends is still read."""
        self._written_eof = True
        self._stream.end()

    # -- reading ------------------------------------------------------------------------------------------

    def pause_reading(self) -> None:
        """Let the client wait with what it sends."""
        self._stream.set_paused(True)

    def resume_reading(self) -> None:
        """Let the client go on sending."""
        self._stream.set_paused(False)

    def is_reading(self) -> bool:
        """Whether the server takes what is sent."""
        return not self._closing and not self._stream.paused

    # -- the end ------------------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._closing

    def close(self) -> None:
        """Close the connection; the client can still read what was written."""
        self._lose(None)

    def abort(self) -> None:
        """Close the connection; on one machine, a client sees no difference."""
        self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._stream.end()
        self._loop.call_soon(self._protocol.connection_lost, error)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return what gets the bytes."""
        return self._protocol


class MemoryStream:
    """The client's end; to be used on the server's loop.

    Args:
        loop: The server's loop.
        protocol: The server's end of the protocol.
        extra: What the server's transport tells, ``peername`` for example.

    Attributes:
        protocol: As given.
        closed: Whether the client has closed it.
        paused: Whether the server does not read.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, extra: dict[str, Any]
    ) -> None:
        self.protocol = protocol
        self.closed = False
        self.paused = False
        self._loop = loop
        # As behind a socket, a handler sees nothing of the context that its client runs in.
        self._context = Context()
        self._buffer = bytearray()
        self._ended = False
        self._reader: asyncio.Future[None] | None = None
        self._sender: asyncio.Future[None] | None = None
        self._transport = MemoryTransport(self, loop, protocol, extra)
        self._context.run(protocol.connection_made, self._transport)

    # -- for the client -----------------------------------------------------------------------------------

    @property
    def readable(self) -> bool:
        """Whether :meth:`receive` would return at once."""
        return bool(self._buffer) or self._ended

    @property
    def unread(self) -> int:
        """Bytes that wait to be received."""
        return len(self._buffer)

    async def send(self, data: bytes) -> None:
        """Send to the server; waits while that does not read.

        Raises:
            BrokenPipeError: If the server has closed the connection.
        """
        for start in range(0, len(data), _PIECE):
            while self.paused and not self._transport.is_closing():
                self._sender = self._loop.create_future()
                await self._sender
            delivered = self._loop.create_future()
            self._loop.call_soon(
                self._deliver, data[start : start + _PIECE], delivered, context=self._context
            )
            await delivered

    async def receive(self, most: int) -> bytes:
        """Return what the server has sent, up to ``most`` bytes; nothing at the end."""
        while not self._buffer:
            if self._ended:
                return b""
            self._reader = self._loop.create_future()
            await self._reader
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        self._transport.read_by_client()
        return data

    def close(self) -> None:
        """Close the client's side, and with it all of a connection that has nothing left to answer."""
        if not self.closed:
            self.closed = True
            self._loop.call_soon(self._deliver_end, context=self._context)

    def _deliver(self, data: bytes, delivered: asyncio.Future[None]) -> None:
        error: Exception | None = None
        if self._transport.is_closing():
            error = BrokenPipeError("the server has closed the connection")
        else:
            try:
                self.protocol.data_received(data)
            except Exception as fatal:  # noqa: BLE001 - a loop reports it in this way, and drops the connection
                self._loop.call_exception_handler(
                    {"message": "Fatal error: protocol.data_received() call failed.", "exception": fatal}
                )
                self._transport.abort()
        if delivered.done():
            return
        if error is not None:
            delivered.set_exception(error)
        else:
            delivered.set_result(None)

    def _deliver_end(self) -> None:
        if not self._transport.is_closing() and not self.protocol.eof_received():
            self._transport.close()

    # -- for the server's end -----------------------------------------------------------------------------

    def arrive(self, data: bytes) -> None:
        """Take what the server has written."""
        self._buffer += data
        _wake(self._reader)

    def end(self) -> None:
        """Take note that the server will write no more."""
        self._ended = True
        _wake(self._reader)
        if self._transport.is_closing():
            _wake(self._sender)

    def set_paused(self, paused: bool) -> None:
        """Take note whether the server reads."""
        self.paused = paused
        if not paused:
            _wake(self._sender)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    """Wake who waits, if anybody does."""
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
