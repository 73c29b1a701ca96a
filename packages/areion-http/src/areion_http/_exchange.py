"""One exchange: what a handler returns or raises becomes a response, and then the connection is free again.

Here is what takes more than the loop of ``_connection`` does at once: handlers that wait, failures, responses that
end the connection or are sent piece by piece, and what follows them. Bytes are taken there and in ``_intake``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from areion_http._intake import Intake
from areion_http._sender import LARGE, Sender, connection_option, is_streamed
from areion_http.errors import (
    ClientDisconnectedError,
    HttpError,
    RequestTimeoutError,
    ServiceUnavailableError,
)
from areion_http.request import HttpRequest
from areion_http.response import HttpResponse, check_status, coerce

if TYPE_CHECKING:
    from areion_http._serializer import Serializer
    from areion_http._shared import Shared

# Exceptions that asyncio lets through to whoever runs the loop.
_ENDS_THE_LOOP: Final = (KeyboardInterrupt, SystemExit)


def _raise(error: BaseException) -> None:
    raise error


# PERF: asked of every answer that closes its connection; the check of an abstract class takes longer.
_NOT_AWAITED: Final = frozenset({HttpResponse, dict, str, bytes})


class Exchange(Intake):
    """A connection from the result of a handler to the next request.

    Args:
        shared: What all connections of a server have in common.
    """

    __slots__ = ("_context", "_failing", "_left", "_sender", "_task", "_timed_out")

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._task: asyncio.Task[Any] | None = None
        self._sender: Sender | None = None
        # Requests that may still come before the connection is closed; 0 when the server stops.
        self._left = shared.config.max_requests_per_connection
        # What the handler of the current request ran in; its response is made in the same.
        self._context: Context | None = None
        # The request whose failure is being answered: a second one is not handed to the error handler.
        self._failing: HttpRequest | None = None
        self._timed_out = False

    # -- handlers -----------------------------------------------------------------------------------------

    def _await_task(self, task: asyncio.Task[Any], request: HttpRequest, rest: bytes) -> None:
        """Let a handler that waits go on; answer when it is done."""
        self._busy = True
        self._request = request
        self._task = task
        self._hold_back(rest)
        task.add_done_callback(self._handled)

    def _handled(self, task: asyncio.Task[Any]) -> None:
        request = self._request
        self._task = None
        assert request is not None
        if task.cancelled():
            result: Any = self._cancelled(request)
        elif (error := task.exception()) is None:
            result = task.result()
        elif isinstance(error, _ENDS_THE_LOOP):
            # The task has let it through to the loop itself.
            result = self._last_answer()
        else:
            result = self._failed(request, error)
        self._timed_out = False
        self._settle(request, result)
        if not self._busy:
            self._go_on()

    def _cancelled(self, request: HttpRequest) -> Any:
        """Return the answer to a request whose handler was cancelled."""
        if self._timed_out:
            return self._failed(request, ServiceUnavailableError("the handler took too long"))
        if self.disconnected and self._shared.config.cancel_on_disconnect:
            self.abort()
            return None
        if self.stopping:
            return self._failed(request, ServiceUnavailableError("the server is stopping"))
        return self._failed(request, RuntimeError("the handler was cancelled"))

    def _failed(self, request: HttpRequest, error: BaseException) -> Any:
        """Return the answer to a request whose handler raised."""
        if isinstance(error, _ENDS_THE_LOOP):
            # Raised from the loop: a transport of uvloop's would keep what its protocol raises.
            self._loop.call_soon(_raise, error)
            return self._last_answer()
        if self._transport is None and isinstance(error, ClientDisconnectedError):
            return None
        if not isinstance(error, Exception):
            # Such as a CancelledError that nobody asked for: it ends the request, not the connection.
            unexpected = RuntimeError(f"the handler raised {type(error).__name__}")
            unexpected.__cause__ = error
            error = unexpected
        if self._failing is request:
            return self._shared.failed_again(request, error)
        self._failing = request
        incoming = self._incoming
        if incoming is not None and incoming.failed:
            # The body can never be read: whatever the handler made of that, the fault is the client's.
            if isinstance(error, ClientDisconnectedError):
                error = HttpError("the request ends inside its body", 400)
                self._shared.log_refusal(self, error)
            elif isinstance(error, RequestTimeoutError):
                self._shared.log_refusal(self, error)
        try:
            return self._shared.failed(request, error)
        except BaseException as second:  # noqa: BLE001 - it ends the program, or gets a plain 500
            return self._failed(request, second)

    def _last_answer(self) -> HttpResponse:
        """Return the answer to a request whose handler has ended the program."""
        self._left = 0
        return HttpResponse("the server is stopping", 503, "text/plain")

    # -- responses ----------------------------------------------------------------------------------------

    def _settle(self, request: HttpRequest, result: Any) -> None:
        """Send the answer to a request, whatever it is; afterwards the connection may still be busy."""
        self._busy = True
        self._request = request
        if type(result) not in _NOT_AWAITED and isinstance(result, Awaitable):
            task = self._loop.create_task(_awaited(result), context=self._context)
            self._await_task(task, request, self._buffer)
            return
        try:
            response = coerce(result)
            check_status(response.status_code)
            if response.status_code < 200 and not request._minor:
                raise ValueError("an interim response cannot go to an HTTP/1.0 client (RFC 9110 §15.2)")
            payload = None if is_streamed(response.body) else response.encode()
        except Exception as error:  # noqa: BLE001 - logged there
            if self._failing is not request:
                error = self._shared.unsendable(request, result, error)
            self._settle(request, self._failed(request, error))
            return
        if self._transport is None:
            self._shared.discard(response)
            self._finish(request, keep=False)
            return
        if request.method == "CONNECT" and response.status_code < 300:
            # RFC 9110 §9.3.6: a 2xx would mean that a tunnel follows.
            self._shared.discard(response)
            payload = b"this server opens no tunnels"
            response = HttpResponse(payload, 501, "text/plain")
        keep = self._persists(request, response)
        request._expects_continue = False
        if payload is None or (len(payload) > LARGE and request.method != "HEAD"):
            self._sender = sender = Sender(self, request, response, payload, keep)
            self._task = task = self._loop.create_task(sender.run(), context=self._context)
            task.add_done_callback(self._sent)
            return
        if response.status_code == 205:
            payload = b""
        self.write(
            self._shared.serializer.response(
                response,
                payload,
                connection=connection_option(request, keep),
                with_body=request.method != "HEAD",
            )
        )
        self._finish(request, keep)

    def _sent(self, task: asyncio.Task[bool]) -> None:
        """Go on after a response that was sent piece by piece."""
        request, sender = self._request, self._sender
        self._task = self._sender = None
        assert request is not None
        assert sender is not None
        error = None if task.cancelled() else task.exception()
        if error is None and not task.cancelled():
            self._finish(request, keep=task.result())
        else:
            self._broken_off(request, sender, error)
        self._timed_out = False
        if not self._busy:
            self._go_on()

    def _broken_off(self, request: HttpRequest, sender: Sender, error: BaseException | None) -> None:
        """Make the best of a response that did not come to its end."""
        if not sender.entered:
            self._shared.discard(sender.response)
        if not sender.begun and self._transport is not None:
            if error is None:
                result = self._cancelled(request)
            elif isinstance(error, _ENDS_THE_LOOP):
                result = self._last_answer()
            else:
                result = self._failed(request, error)
            self._settle(request, result)
            return
        if error is not None and not isinstance(error, (ConnectionError, *_ENDS_THE_LOOP)):
            self._shared.log_broken_off(request, error)
        # A length or a last chunk would say that the body is complete, and it is not.
        self.abort()
        self._finish(request, keep=False)

    def _persists(self, request: HttpRequest, response: HttpResponse) -> bool:
        """Tell whether the connection can serve another request after this response."""
        if not request._keep_alive or self._left <= 0:
            return False
        if response.status_code < 200:
            # No final answer follows; what comes next must not be taken for it (RFC 9110 §15.2).
            self._shared.log_interim(request, response)
            return False
        if response._headers is not None and _says_close(response):
            return False
        incoming = self._incoming
        if incoming is None or incoming.done:
            return True
        if incoming.failed or request._expects_continue:
            # Whether the client will send the body that it asked about cannot be known (RFC 9110 §10.1.1).
            return False
        return incoming.remaining <= self._shared.config.max_unread_body

    def _finish(self, request: HttpRequest, keep: bool) -> None:
        """End the exchange; afterwards the connection is idle, or closing."""
        if request.declared_length:
            request.close()
        self._request = self._context = self._failing = None
        incoming, self._incoming = self._incoming, None
        unread = incoming is not None and not incoming.done
        if incoming is not None and unread:
            incoming.discard()
        if self._transport is None:
            self._shared.forget(self)
            return
        if not keep or self.stopping:
            self._end(linger=unread or bool(self._buffer))
            return
        self._busy = False
        if unread:
            self._skip = incoming
            self._resume_reading()
        if self._write_paused:
            self._pause_reading()

    def _go_on(self) -> None:
        """Take up what was held while the connection was busy."""
        if self._transport is None or self._write_paused:
            return
        data, self._buffer = self._buffer, b""
        self._resume_reading()
        if data:
            self.data_received(data)
        if self._eof and not self._busy and not self._write_paused and self._transport is not None:
            self._transport.close()

    # -- what others ask ----------------------------------------------------------------------------------

    def log_failure(self, request: HttpRequest, error: Exception, what: str) -> None:
        """Log an exception with its traceback."""
        self._shared.log_failure(request, error, what)

    @property
    def serializer(self) -> Serializer:
        """What renders responses."""
        return self._shared.serializer

    @property
    def request(self) -> HttpRequest | None:
        """The request being answered, if one is."""
        return self._request


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _says_close(response: HttpResponse) -> bool:
    """Whether a handler has asked for the connection to be closed."""
    options = ",".join(response.headers.getall("connection")).lower().split(",")
    return "close" in (option.strip() for option in options)
