"""The HTTP server without listeners: connections are made by calling it, everything else is areion-http's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from areion_http import HttpRequest, HttpServer, UnsendableError
from areion_http._connection import HttpConnection
from areion_http._shared import Shared

from areion.testing._memory import MemoryStream

Address = tuple[str, int]

_ABOUT_LISTENING: Final = ("tls", "certfile", "keyfile", "client_ca", "unix_socket", "unix_socket_mode")


class InMemoryConnection(HttpConnection):
    """A connection that keeps what went wrong in the application, for the test to raise.

    Attributes:
        failure: The last exception that nothing in the application has turned into a response.
    """

    __slots__ = ("failure",)

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.failure: BaseException | None = None


def note_failure(request: HttpRequest, error: BaseException) -> None:
    """Keep an exception on the connection that its request came over."""
    if isinstance(request.connection, InMemoryConnection):
        request.connection.failure = error


class _NotingShared(Shared):
    """Keeps, beside logging them, the failures that a client sees only as a 500 or as a broken response."""

    def log_failure(self, request: HttpRequest, error: BaseException, what: str) -> None:
        note_failure(request, error)
        super().log_failure(request, error, what)

    def unsendable(self, request: HttpRequest, value: object, error: Exception) -> UnsendableError:
        note_failure(request, error)
        return super().unsendable(request, value, error)


class InMemoryHttpServer(HttpServer):
    """Serves connections that are made with :meth:`connect`.

    Args:
        handler: As for ``HttpServer``.
        options: As for ``HttpServer``; what concerns listening is left out.
    """

    def __init__(self, handler: Callable[[Any], Any], **options: Any) -> None:
        kept = {name: value for name, value in options.items() if name not in _ABOUT_LISTENING}
        super().__init__(handler, **(kept | {"sockets": ()}))

    def connect(self, *, client: Address | None, server: Address) -> MemoryStream:
        """Open a connection.

        Args:
            client: Address that the server sees; None as if it came over a unix socket.
            server: Address that was connected to.

        Raises:
            ConnectionRefusedError: If the server does not run.
        """
        if self._shared is None:
            raise ConnectionRefusedError("the application does not run")
        extra = {"peername": client or "", "sockname": server if client else ""}
        return MemoryStream(self._shared.loop, InMemoryConnection(self._shared), extra)

    def _share(self, loop: asyncio.AbstractEventLoop) -> Shared:
        return _NotingShared(
            self._application(), self.config, self.request_class, self.on_error, loop, tls=False
        )
