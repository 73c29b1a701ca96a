"""What all connections of a server share: configuration, parser, serializer, the application, the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from areion_http import _deadlines
from areion_http._handling import Handling
from areion_http._parser import HeadParser
from areion_http._sender import close_body
from areion_http._serializer import Serializer
from areion_http.config import HttpConfig
from areion_http.errors import HttpError, ProtocolError, UnsendableError
from areion_http.request import HttpRequest
from areion_http.response import BodyStream, HttpResponse

if TYPE_CHECKING:
    from areion_http._channel import Channel
    from areion_http._connection import HttpConnection
    from areion_http._exchange import Exchange

logger: Final = logging.getLogger("areion.http")

# Connections above the limit that are told so at one time; the next are dropped without a word.
_MAX_REFUSED: Final = 128


class Shared:
    """State of one server, as its connections see it.

    Args:
        handler: Called with each request when its head is complete.
        config: Limits and deadlines.
        request_class: What requests are made of.
        on_error: Turns an exception of the handler into a response, or raises; see :func:`answer_error`.
        loop: The loop that serves.
        tls: Whether connections are encrypted.
    """

    def __init__(
        self,
        handler: Callable[[Any], Any],
        config: HttpConfig,
        request_class: type[HttpRequest],
        on_error: Callable[[Any, Exception], Any] | None,
        loop: asyncio.AbstractEventLoop,
        *,
        tls: bool,
    ) -> None:
        self.handler = handler
        self.config = config
        self.on_error = on_error or answer_error
        self.loop = loop
        self.tls = tls
        self.handling = Handling(loop)
        self.parser = HeadParser(config, request_class)
        self.serializer = Serializer(config.server_name)
        self.connections: set[HttpConnection] = set()
        # Those above max_connections, until they have read why.
        self.refused: set[HttpConnection] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def sweep(self) -> None:
        """Refresh the clock of the responses and enforce all deadlines."""
        self.serializer.refresh(time.time())
        now = self.loop.time()
        for connection in (*self.connections, *self.refused):
            _deadlines.sweep(connection, now)

    def admit(self, connection: HttpConnection) -> bool | None:
        """Count a new connection: True if it may be served, False if it is to be refused, None if silently."""
        if len(self.connections) < self.config.max_connections:
            self.connections.add(connection)
            return True
        if len(self.refused) < _MAX_REFUSED:
            self.refused.add(connection)
            return False
        return None

    def forget(self, connection: Exchange) -> None:
        """Count a connection no more."""
        known = cast("HttpConnection", connection)
        self.connections.discard(known)
        self.refused.discard(known)

    def failed(self, request: HttpRequest, error: Exception) -> Any:
        """Return what the application makes of an exception; a plain 500 if that fails too."""
        try:
            return self.on_error(request, error)
        except Exception as second:  # noqa: BLE001 - the last resort, and logged
            return self.failed_again(request, second)

    def failed_again(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Log that an error's own answer has failed, and return a plain 500."""
        self.log_failure(request, error, "answering an error failed")
        return _internal_error()

    def discard(self, response: HttpResponse) -> None:
        """Give up a response that nobody will read; what it iterates is closed."""
        body = response.body
        if isinstance(body, BodyStream):
            task = self.loop.create_task(close_body(body))
            self._closing.add(task)
            task.add_done_callback(self._discarded)

    def _discarded(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("closing a body that nobody has read failed", exc_info=error)

    def unsendable(
        self,
        request: HttpRequest,  # noqa: ARG002 - for those who override this
        value: object,
        error: Exception,
    ) -> UnsendableError:
        """Give up a result that cannot be sent; return the error that says so."""
        if isinstance(value, HttpResponse):
            self.discard(value)
        unsendable = UnsendableError(value, error)
        unsendable.__cause__ = error
        return unsendable

    def log_failure(self, request: HttpRequest, error: BaseException, what: str) -> None:
        """Log an exception with its traceback."""
        logger.error("%s %s: %s", request.method, request.raw_path, what, exc_info=error)

    def log_broken_off(self, request: HttpRequest, error: BaseException) -> None:
        """Log that a response ended before its end; what a client is told in full needs no traceback."""
        if isinstance(error, HttpError):
            logger.error("%s %s: the response broke off: %s", request.method, request.raw_path, error)
        else:
            self.log_failure(request, error, "the response broke off")

    def log_interim(self, request: HttpRequest, response: HttpResponse) -> None:
        """Log that a handler has returned an interim response as if it were the final one."""
        logger.error(
            "%s %s: the handler returned the status %d, which is no final response (RFC 9110 §15.2); "
            "the connection is closed after it",
            request.method, request.raw_path, response.status_code,
        )  # fmt: skip

    def log_refusal(self, connection: Channel, error: HttpError) -> None:
        """Log in one line why a client was refused."""
        if isinstance(error, ProtocolError) and error.excerpt:
            logger.warning(
                "refused %s with %d: %s, at byte %d near %r",
                connection.peer, error.status_code, error.reason, error.offset, error.excerpt,
            )  # fmt: skip
        else:
            logger.warning("refused %s with %d: %s", connection.peer, error.status_code, error.message)

    def log_dropped(self, connection: HttpConnection, waits_for: str) -> None:
        """Log that a client was dropped for taking nothing."""
        logger.warning("dropped %s: it takes nothing of its response (%s)", connection.peer, waits_for)


def answer_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Turn an exception into a response: an ``HttpError`` as it says, anything else a 500 without details.

    What is not an ``HttpError`` is logged with its traceback.
    """
    if isinstance(error, HttpError):
        return HttpResponse(error.message, error.status_code, "text/plain", error.headers)
    if isinstance(error, UnsendableError):
        usual = isinstance(error.reason, (TypeError, ValueError))
        logger.error(
            "%s %s: %s", request.method, request.raw_path, error, exc_info=None if usual else error.reason
        )
    else:
        logger.error("%s %s: the handler failed", request.method, request.raw_path, exc_info=error)
    return _internal_error()


def _internal_error() -> HttpResponse:
    return HttpResponse("Internal Server Error", 500, "text/plain")
