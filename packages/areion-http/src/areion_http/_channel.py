"""A transport with flow control and a proper end: bytes in both directions, and nothing of HTTP.

What a connection says is decided in ``_connection``; here lies how it gets out, when reading stops, and how a
connection is closed so that the peer still gets what was written.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from areion_http.errors import ClientDisconnectedError
from areion_http.request import Client, ConnectionInfo

if TYPE_CHECKING:
    from areion_http._shared import Shared

# Input thrown away after the last answer; whoever sends more gets a reset. Enough for the upload of a client that
# reads only when it has sent all; linger_timeout bounds the time.
_LINGER_BYTES: Final = 64 * 1024 * 1024

# In asyncio's writelines() of 3.12.0 to 3.12.8, 3.13.0 and 3.13.1 (CVE-2024-12254) nobody looks whether its buffer
# is full; setting the limits does.
_FORGETS_TO_PAUSE: Final = (3, 12) <= sys.version_info < (3, 13, 2)


class Channel(asyncio.Protocol, ConnectionInfo):
    """The asyncio side of a connection.

    Args:
        shared: What all connections of a server have in common.
    """

    __slots__ = (
        "_drain_waiter",
        "_eof",
        "_lingering",
        "_loop",
        "_reading_paused",
        "_shared",
        "_transport",
        "_write_paused",
        "client",
        "disconnected",
        "scheme",
        "stopping",
        "tls",
    )

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = shared.loop
        self._transport: asyncio.Transport | None = None
        self._eof = False
        # Bytes thrown away since the end was decided; -1 before that.
        self._lingering = -1
        self._reading_paused = False
        self._write_paused = False
        self._drain_waiter: asyncio.Future[None] | None = None
        self.client: Client | None = None
        self.scheme = "http"
        self.tls: Any = None
        self.disconnected = False
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, and note who is at its ends."""
        # Stream servers give stream transports; uvloop's are of no asyncio class.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.client = Client(peer[0], peer[1])
        if self._shared.tls:
            self.scheme = "https"
            self.tls = transport.get_extra_info("ssl_object")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that the peer has left, and tell a sender that waits."""
        self._transport = None
        self.disconnected = True
        waiter, self._drain_waiter = self._drain_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(ClientDisconnectedError("the client closed the connection"))

    # -- output -------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport, unless it is closing: loops log what is written then."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def write_lines(self, parts: list[bytes]) -> None:
        """Hand several bytes objects to the transport, in order; as :meth:`write`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(parts)
            if _FORGETS_TO_PAUSE:
                self._transport.set_write_buffer_limits()

    @property
    def write_paused(self) -> bool:
        """Whether :meth:`drain` would wait, or raise because the client has left."""
        return self._write_paused or self._transport is None

    def pause_writing(self) -> None:
        """Let senders wait: the client takes its responses too slowly."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._write_paused = False
        waiter, self._drain_waiter = self._drain_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def drain(self) -> None:
        """Wait until the transport takes more.

        Raises:
            ClientDisconnectedError: If the client has left.
        """
        if self._transport is None:
            raise ClientDisconnectedError("the client closed the connection")
        if self._write_paused:
            self._drain_waiter = self._loop.create_future()
            await self._drain_waiter

    async def flush(self) -> None:
        """Wait until the transport has handed everything to the system.

        Raises:
            ClientDisconnectedError: If the client has left.
        """
        transport = self._transport
        if transport is not None:
            transport.set_write_buffer_limits(0)
        await self.drain()
        if transport is not None:
            transport.set_write_buffer_limits()

    def plain_socket(self) -> socket.socket | None:
        """Return the socket, if bytes written to it reach the client as they are."""
        if self._transport is None or self._shared.tls:
            return None
        found = self._transport.get_extra_info("socket")
        return found if hasattr(found, "fileno") else None

    # -- input --------------------------------------------------------------------------------------------

    def _pause_reading(self) -> None:
        if not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    # -- the end ------------------------------------------------------------------------------------------

    def _close(self, *, linger: bool) -> None:
        """Close when what was written has left; go on reading for a while if the client may still send.

        Closing a socket with unread input makes TCP reset the connection, and the answer may be lost on its
        way (RFC 9112 §9.6).
        """
        transport = self._transport
        if transport is None:
            return
        if not linger or self._eof:
            transport.close()
            return
        self._lingering = 0
        self._resume_reading()
        if transport.can_write_eof():
            transport.write_eof()

    def _throw_away(self, count: int) -> None:
        """Count input that comes after the last answer."""
        self._lingering += count
        if self._lingering > _LINGER_BYTES:
            self.abort()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def server(self) -> tuple[str, int] | None:  # type: ignore[override]  # asked for so seldom that it is not kept
        """Address of the listener; None over a unix socket, and when the connection is closed."""
        name = None if self._transport is None else self._transport.get_extra_info("sockname")
        return (name[0], name[1]) if isinstance(name, tuple) else None

    @property
    def peer(self) -> str:
        """The client's address as text, for logs."""
        if self.client is None:
            return "a unix socket"
        host, port = self.client
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
