"""One connection: what asyncio says becomes requests, and what handlers return becomes responses.

It is a small state machine around sans-I/O parts. A connection is *idle* (waiting for a head), *busy* (a
request is being handled or its response sent), or *closing*. Requests are answered strictly in order: while
one is busy, what arrives after it is held, up to ``max_read_ahead``, and then the client is made to wait.

A request whose handler finishes without waiting never creates a future, a timer, or a scheduled task; the
answers to pipelined requests leave in one write. Deadlines are looked at by ``_deadlines``, not here; bodies
that are sent piece by piece go through ``_sender``; bytes that cannot be answered at once are ``_intake``'s affair,
results that cannot be sent at once ``_exchange``'s, flow control ``_channel``'s.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from areion_http._exchange import Exchange
from areion_http._handling import WAITS
from areion_http._sender import LARGE
from areion_http.errors import ClientDisconnectedError, HttpError, ProtocolError
from areion_http.response import IN_UTF8, HttpResponse, dump_json

if TYPE_CHECKING:
    from areion_http._shared import Shared

# Answers gathered before they are handed to the transport, which then may ask for a pause.
_MAX_BATCH: Final = 64
# A longer answer ends its batch, so that a client which takes nothing is noticed before the next one is made.
_BATCHED: Final = 16 * 1024


class HttpConnection(Exchange):
    """Speaks HTTP/1.1 with one client.

    Args:
        shared: What all connections of a server have in common.
    """

    __slots__ = (
        "_app",
        "_begin",
        "_json",
        "_mark",
        "_parse",
        "_simple",
    )

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._app = shared.handler
        self._begin = shared.handling.begin
        self._parse = shared.parser.parse
        self._json = shared.serializer.json
        self._simple = shared.serializer.simple
        self._mark: tuple[str, int, float] = ("", 0, 0.0)

    # -- what asyncio calls -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; refuse the connection if there are too many."""
        super().connection_made(transport)
        admitted = self._shared.admit(self)
        if admitted is None:
            self.abort()
        elif not admitted:
            self.refuse(HttpError("too many connections (max_connections)", 503, {"Retry-After": "1"}))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever still works for this client that it has left."""
        super().connection_lost(exc)
        if self._task is None:
            self._shared.forget(self)
        self._buffer = b""
        for incoming in (self._incoming, self._skip):
            if incoming is not None:
                incoming.fail(ClientDisconnectedError("the client closed the connection"))
        self._client_left(lost=True)

    def eof_received(self) -> bool:
        """Go on answering a client that has only closed its side; say whether the transport stays open."""
        first, self._eof = not self._eof, True
        self.disconnected = True
        incoming = self._incoming or self._skip
        if incoming is not None:
            incoming.fail(ClientDisconnectedError("the client closed the connection inside a body"))
        if self._lingering >= 0:
            return False
        held = bool(self._buffer) and self._write_paused
        if not self._busy and not held and self._buffer.strip(b"\r\n"):
            self.refuse(ProtocolError("the request ends inside its head", offset=len(self._buffer)))
            return False
        if first:
            self._client_left(lost=False)
        # A TLS connection cannot be half-closed by asyncio.
        return self.scheme == "http" and (self._busy or held)

    def pause_writing(self) -> None:
        """Take no more requests of a client that takes its responses too slowly."""
        super().pause_writing()
        if not self._busy:
            self._pause_reading()

    def resume_writing(self) -> None:
        """Let senders go on, and take up requests that were held."""
        super().resume_writing()
        if not self._busy:
            self._go_on()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client, and answer the requests in them until one has to wait or they end."""
        if self._busy or self._buffer or self._skip is not None:
            self._hold(data)
            return
        # PERF: this loop is the life of nearly every request; what is rare lives in methods of its own.
        position = 0
        size = len(data)
        out: list[bytes] | None = None
        while position < size:
            try:
                request = self._parse(data, position, self)
            except ProtocolError as error:
                self._flush(out)
                self.refuse(error)
                return
            if request is None:
                self._flush(out)
                self._keep_partial(data, position)
                return
            position = request._head_end
            self._left -= 1
            if request.declared_length:
                position = self._begin_body(request, data, position, out)
            context = copy_context()
            try:
                result = context.run(self._app, request)
                if type(result) is CoroutineType:
                    result = self._begin(result, context)
                    if result is WAITS:
                        self._flush(out)
                        self._context = context
                        self._await_task(self._shared.handling.take(), request, data[position:])
                        return
            except BaseException as error:  # noqa: BLE001 - becomes a response, and is logged there
                result = self._failed(request, error)
            if request._plain and self._left > 0 and self._incoming is None:
                answer: bytes | None
                try:
                    kind = type(result)
                    if kind is dict:
                        answer = self._json(result)
                    else:
                        answer = self._usual_answer(result) if kind is HttpResponse else None
                except Exception:  # noqa: BLE001 - _settle tries again, and says what is wrong with it
                    answer = None
                if answer is not None:
                    if request.declared_length:
                        request.close()
                    if out is None:
                        if position >= size:
                            self._transport.write(answer)  # type: ignore[union-attr]  # open while it gives data
                            return
                        out = []
                    out.append(answer)
                    if (len(out) < _MAX_BATCH and len(answer) < _BATCHED) or not self._batch_paused(out):
                        continue
                    self._buffer = data[position:]
                    return
            self._flush(out)
            self._buffer = data[position:]
            self._context = context
            self._settle(request, result)
            if self._busy or self._write_paused:
                return
            data, position, size = self._buffer, 0, len(self._buffer)
            self._buffer = b""
        self._flush(out)

    def _batch_paused(self, out: list[bytes]) -> bool:
        """Write a full batch; tell whether the client takes its answers too slowly to go on."""
        self._flush(out)
        return self._write_paused

    def _usual_answer(self, response: HttpResponse) -> bytes | None:
        """Render a response with a known body on a connection that persists; None for any other."""
        body = response.body
        kind = type(body)
        if kind is dict:
            payload = dump_json(body)
        elif kind is bytes and len(body) <= LARGE:
            payload = body
        elif kind is str:
            known = response._headers is None and response._content_type in IN_UTF8
            payload = body.encode() if known else response.encode()
        else:
            return None
        status_code = response.status_code
        if status_code != 200 and status_code in _NO_CONTENT:
            return None
        if response._headers is None:
            return self._simple(status_code, response._content_type, payload)
        if "connection" in response._headers:
            return None
        return self._shared.serializer.response(response, payload)

    # -- the end ------------------------------------------------------------------------------------------

    def _client_left(self, *, lost: bool) -> None:
        """Stop working for a client that is gone, as far as that is wanted."""
        task = self._task
        if task is not None and (
            self._shared.config.cancel_on_disconnect or (lost and self._sender is not None)
        ):
            task.cancel()

    def shut_down(self, *, force: bool = False) -> None:
        """Close now if idle, or by ``force``; otherwise the current response will be the last."""
        self._left = 0
        self.stopping = True
        if force and self._transport is not None:
            self._busy = True
            self._transport.close()
        elif not self._busy:
            self._end(linger=self._skip is not None)

    def expect_last(self) -> bool:
        """Take the first request of a connection that has not sent one yet as its last; tell whether it is one."""
        if self._busy or self._left != self._shared.config.max_requests_per_connection:
            return False
        self._left = 1
        return True

    def time_out(self) -> None:
        """Cancel a handler that has taken too long; the client gets a 503."""
        if self._task is not None and not self._timed_out:
            self._timed_out = True
            self._task.cancel()

    def end_stream(self) -> bool:
        """Cancel a response that is an open-ended stream, and tell whether it was one: the server stops."""
        sender = self._sender
        if sender is None or not sender.open_ended or self._task is None or self._task.cancelling():
            return False
        self._task.cancel()
        return True

    def cut(self) -> asyncio.Task[Any] | None:
        """Drop the connection, cancel what works for it, and return that."""
        self.stopping = True
        task = self._task
        if task is not None:
            task.cancel()
        self.abort()
        return task


# Statuses whose answers have no content or are framed differently (RFC 9110 §6.4.1, §15.3.6).
_NO_CONTENT: Final = frozenset({*range(100, 200), 204, 205, 304})
