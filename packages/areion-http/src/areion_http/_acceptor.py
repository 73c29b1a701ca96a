"""Accepts connections and shakes hands, with a bound on handshakes and an end for those that hang.

Event loops accept by themselves, but tell nobody of a TLS handshake that has not come to its end: it could neither
be counted nor be ended. asyncio's own, moreover, tries again for each place of the backlog when no descriptor is
left, with a traceback every time. Plain connections are left to other loops, which are faster.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

from areion_http.config import HttpConfig

logger: Final = logging.getLogger("areion.http")

# Connections accepted before others get a turn of the loop.
_AT_ONCE: Final = 64
# How long nothing is accepted when the system has no descriptor left.
_PAUSE: Final = 1.0
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
# What handshakes get that were begun when the server was told to stop.
_LAST_HANDSHAKES: Final = 0.5


class Acceptor:
    """Accepts the connections of one listener.

    Args:
        loop: The running loop; it must be able to watch descriptors.
        listener: A listening socket that does not block.
        context: For the handshake; None for plain connections.
        protocol: Makes the protocol of a connection, whose ``connection_made`` is called after the handshake.
        config: Its ``max_connections``, ``tls_handshake_timeout`` and ``linger_timeout`` are used.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        context: ssl.SSLContext | None,
        protocol: Callable[[], asyncio.Protocol],
        config: HttpConfig,
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._options: dict[str, Any] = {}
        if context is not None:
            self._options = {
                "ssl": context,
                "ssl_handshake_timeout": config.tls_handshake_timeout,
                "ssl_shutdown_timeout": config.linger_timeout,
            }
        self._protocol = protocol
        self._config = config
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = False
        self._closed = False
        self._resume()

    async def close(self) -> None:
        """Accept no more; let handshakes that have begun come to their end, and drop those that take too long."""
        self._closed = True
        self._pause()
        if self._handshakes:
            _, hanging = await asyncio.wait(self._handshakes, timeout=_LAST_HANDSHAKES)
            for task in hanging:
                task.cancel()
            if hanging:
                await asyncio.wait(hanging)

    def _pause(self) -> None:
        if self._accepting:
            self._accepting = False
            self._loop.remove_reader(self._listener)

    def _resume(self) -> None:
        if not self._accepting and not self._closed:
            self._accepting = True
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            if len(self._handshakes) >= self._config.max_connections:
                # Clients wait in the backlog until a handshake has ended.
                self._pause()
                return
            try:
                accepted, peer = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                logger.error("cannot accept connections for a while: %s", error.strerror)  # noqa: TRY400 - no bug
                self._pause()
                self._loop.call_later(_PAUSE, self._resume)
                return
            accepted.setblocking(False)
            task = self._loop.create_task(self._shake_hands(accepted, peer))
            self._handshakes.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._handshakes.discard(task)
        self._resume()

    async def _shake_hands(self, accepted: socket.socket, peer: object) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted, **self._options)
        except OSError as error:
            # Any scanner of ports can bring this about, and it harms nobody.
            who = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "a unix socket"
            logger.info("no TLS handshake with %s: %s", who, _why(error))


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason == "HTTP_REQUEST":
        return "plain HTTP was sent to the TLS port"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return str(error) or type(error).__name__
