"""One connection: the asyncio side of the protocol, and the only place where bytes meet a transport.

It is a small state machine around sans-I/O parts. A connection is *idle* (waiting for a head), *busy* (a
request is being handled or its response sent), or *closing*. Requests are answered strictly in order: while
one is busy, what arrives after it is held, up to ``max_read_ahead``, and then the client is made to wait.

A request whose handler finishes without waiting never creates a future, a timer, or a scheduled task; the
answers to pipelined requests leave in one write. Deadlines are looked at by ``_deadlines``, not here; bodies
that are sent piece by piece go through ``_sender``.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio import Task
from collections.abc import Awaitable
from contextvars import Context, copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, cast

from areion_http._body import BodyDecoder, ChunkedDecoder, LengthDecoder
from areion_http._incoming import IncomingBody
from areion_http._sender import connection_option, discard, is_streamed, send
from areion_http.errors import (
    ClientDisconnectedError,
    HttpError,
    ProtocolError,
    RequestTimeoutError,
    ServiceUnavailableError,
)
from areion_http.request import Client, ConnectionInfo, HttpRequest
from areion_http.response import HttpResponse, coerce, dump_json, encode_body

if TYPE_CHECKING:
    from areion_http._serializer import Serializer
    from areion_http._shared import Shared

# Answers gathered before they are handed to the transport, which then may ask for a pause.
_MAX_BATCH: Final = 64
_LINGER_BYTES: Final = 1024 * 1024


class HttpConnection(asyncio.Protocol, ConnectionInfo):
    """Speaks HTTP/1.1 with one client.

    Args:
        shared: What all connections of a server have in common.
    """

    __slots__ = (
        "_app",
        "_buffer",
        "_busy",
        "_checked",
        "_context",
        "_drain_waiter",
        "_eof",
        "_incoming",
        "_json",
        "_left",
        "_lingering",
        "_loop",
        "_mark",
        "_parse",
        "_reading_paused",
        "_request",
        "_shared",
        "_simple",
        "_skip",
        "_streaming",
        "_task",
        "_timed_out",
        "_transport",
        "_write_paused",
        "client",
        "direct",
        "disconnected",
        "scheme",
        "server",
        "tls",
    )

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._app = shared.handler
        self._parse = shared.parser.parse
        self._loop = shared.loop
        self._json = shared.serializer.json
        self._simple = shared.serializer.simple
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._checked = 0
        self._busy = False
        self._request: HttpRequest | None = None
        self._task: asyncio.Task[Any] | None = None
        self._incoming: IncomingBody | None = None
        self._skip: IncomingBody | None = None
        # Requests that may still come before the connection is closed; 0 when the server stops.
        self._left = shared.config.max_requests_per_connection
        self._context: Context | None = None
        self._eof = False
        self._lingering = -1
        self._reading_paused = False
        self._write_paused = False
        self._drain_waiter: asyncio.Future[None] | None = None
        self._timed_out = False
        self._streaming = False
        self._mark: tuple[str, int, float] = ("", 0, 0.0)
        # Bytes sent past the transport, by sendfile; -1 when none are.
        self.direct = -1
        self.client: Client | None = None
        self.server: tuple[str, int] | None = None
        self.scheme = "http"
        self.tls: Any = None
        self.disconnected = False

    # -- what asyncio calls -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; refuse the connection if there are too many."""
        # Stream servers give stream transports; uvloop's are of no asyncio class.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.client = Client(peer[0], peer[1])
        shared = self._shared
        if shared.tls:
            self.scheme = "https"
            self.tls = transport.get_extra_info("ssl_object")
        name = transport.get_extra_info("sockname")
        if isinstance(name, tuple):
            self.server = (name[0], name[1])
        if len(shared.connections) >= shared.config.max_connections:
            self.refuse(HttpError("too many connections", 503, {"Retry-After": "1"}))
            return
        shared.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Tell whoever still works for this client that it has left."""
        self._shared.connections.discard(self)
        self._transport = None
        self.disconnected = True
        self._buffer = b""
        gone = ClientDisconnectedError("the client closed the connection")
        if self._incoming is not None:
            self._incoming.fail(gone)
        waiter = self._drain_waiter
        if waiter is not None and not waiter.done():
            self._drain_waiter = None
            waiter.set_exception(gone)
        self._client_left(lost=True)

    def eof_received(self) -> bool:
        """Go on answering a client that has only closed its side; say whether the transport stays open."""
        self._eof = True
        self.disconnected = True
        incoming = self._incoming or self._skip
        if incoming is not None and not incoming.done:
            incoming.fail(ClientDisconnectedError("the client closed the connection inside a body"))
        if not self._busy:
            return False
        self._client_left(lost=False)
        # A TLS connection cannot be half-closed by asyncio.
        return self.scheme == "http"

    def pause_writing(self) -> None:
        """Let senders wait: the client takes its responses too slowly."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._write_paused = False
        waiter = self._drain_waiter
        if waiter is not None:
            self._drain_waiter = None
            if not waiter.done():
                waiter.set_result(None)
        if not self._busy and self._buffer:
            self._go_on()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client, and answer the requests in them until one has to wait or they end."""
        if self._busy or self._buffer or self._skip is not None:
            self._hold(data)
            return
        # PERF: this loop is the life of nearly every request; what is rare lives in methods of its own.
        position = 0
        size = len(data)
        out: list[bytes] = []
        while position < size:
            try:
                request = self._parse(data, position)
            except ProtocolError as error:
                self._flush(out)
                self.refuse(error)
                return
            if request is None:
                self._flush(out)
                self._keep_partial(data, position)
                return
            position = request._head_end
            request.connection = self
            self._left -= 1
            if request.declared_length:
                position = self._begin_body(request, data, position)
            context = copy_context()
            try:
                result = context.run(self._app, request)
                if type(result) is CoroutineType:
                    if sys.version_info >= (3, 12):
                        # A coroutine that never waits is done when this returns; nothing is scheduled.
                        task = Task(result, loop=self._loop, context=context, eager_start=True)
                    else:
                        task = self._loop.create_task(result, context=context)
                    if not task.done():
                        self._flush(out)
                        self._context = context
                        self._await_task(task, request, data[position:])
                        return
                    result = task.result()
            except Exception as error:  # noqa: BLE001 - becomes a response, and is logged there
                result = self._failed(request, error)
            if request._plain and self._left > 0 and self._incoming is None:
                answer: bytes | None
                try:
                    kind = type(result)
                    if kind is dict:
                        answer = self._json(result)
                    else:
                        answer = self._usual_answer(result) if kind is HttpResponse else None
                except (TypeError, ValueError):
                    answer = None  # _settle says what is wrong with it
                if answer is not None:
                    if request.declared_length:
                        request.close()
                    if position >= size and not out:
                        self._transport.write(answer)  # type: ignore[union-attr]  # open while it gives data
                        return
                    out.append(answer)
                    if len(out) < _MAX_BATCH or not self._batch_paused(out):
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

    def _flush(self, out: list[bytes]) -> None:
        if out:
            if self._transport is not None:
                self._transport.write(b"".join(out))
            out.clear()

    def _usual_answer(self, response: HttpResponse) -> bytes | None:
        """Render a response with a known body on a connection that persists; None for any other."""
        body = response.body
        kind = type(body)
        if kind is dict:
            payload = dump_json(body)
        elif kind is bytes:
            payload = body
        elif kind is str:
            payload = body.encode()
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
        elif isinstance(error, Exception):
            result = self._failed(request, error)
        else:
            return  # KeyboardInterrupt and SystemExit have ended the loop already
        self._settle(request, result)
        if not self._busy:
            self._go_on()

    def _cancelled(self, request: HttpRequest) -> Any:
        if self._timed_out:
            self._timed_out = False
            return self._failed(request, ServiceUnavailableError("the handler took too long"))
        if self._transport is None:
            return None
        return self._failed(request, RuntimeError("the handler was cancelled"))

    def _settle(self, request: HttpRequest, result: Any) -> None:
        """Send the answer to a request, whatever it is; afterwards the connection may still be busy."""
        self._busy = True
        self._request = request
        if isinstance(result, Awaitable) and not isinstance(result, HttpResponse):
            self._await_task(
                self._loop.create_task(_awaited(result), context=self._context), request, self._buffer
            )
            return
        try:
            response = coerce(result)
            payload = None if is_streamed(response.body) else encode_body(response.body)
        except TypeError as error:
            response = self._shared.unsendable(request, result, error)
            payload = encode_body(response.body)
        if self._transport is None:
            discard(response)
            self._finish(request, keep=False)
            return
        keep = self._persists(request, response)
        request._expects_continue = False
        if payload is None:
            self._streaming = True
            self._task = task = self._loop.create_task(
                send(self, request, response, keep), context=self._context
            )
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
        request = self._request
        self._task = None
        self._streaming = False
        assert request is not None
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            if error is not None and not isinstance(error, ConnectionError):
                self._shared.log_failure(request, error, "the response broke off")
            # A length or a last chunk would say that the body is complete, and it is not.
            self.abort()
            self._finish(request, keep=False)
            return
        self._finish(request, keep=task.result())
        if not self._busy:
            self._go_on()

    def _persists(self, request: HttpRequest, response: HttpResponse) -> bool:
        """Tell whether the connection can serve another request after this response."""
        shared = self._shared
        if not request._keep_alive or self._left <= 0:
            return False
        if response._headers is not None and "close" in response._headers.get("connection", "").lower():
            return False
        incoming = self._incoming
        if incoming is None or incoming.done:
            return True
        if incoming.failed or request._expects_continue:
            # Whether the client will send the body that it asked about cannot be known (RFC 9110 §10.1.1).
            return False
        remaining = incoming.remaining
        return remaining is None or remaining <= shared.config.max_unread_body

    def _finish(self, request: HttpRequest, keep: bool) -> None:
        """End the exchange; afterwards the connection is idle, or closing."""
        if request.declared_length:
            request.close()
        self._request = self._context = None
        incoming, self._incoming = self._incoming, None
        if self._transport is None:
            return
        if not keep:
            unread = incoming is not None and not incoming.done and not self._eof
            self._close(linger=unread or bool(self._buffer))
            return
        self._busy = False
        if incoming is not None and not incoming.done:
            incoming.discard()
            self._skip = incoming
            self._resume_reading()

    def _go_on(self) -> None:
        """Take up what was held while the connection was busy."""
        if self._transport is None or self._write_paused:
            return
        data, self._buffer = self._buffer, b""
        self._resume_reading()
        if data:
            self.data_received(data)
        if self._eof and not self._busy and self._transport is not None:
            self._transport.close()

    # -- input that is not a head at once -----------------------------------------------------------------

    def _hold(self, data: bytes) -> None:
        """Take bytes while the connection is busy, or inside a head or an unwanted body."""
        if self._lingering >= 0:
            self._lingering += len(data)
            if self._lingering > _LINGER_BYTES:
                self.abort()
            return
        incoming = self._incoming or self._skip
        if incoming is not None and not incoming.done:
            data = self._feed(incoming, data)
            if not data:
                return
        if self._busy or self._write_paused:
            self._hold_back(self._buffer + data)
            return
        held = len(self._buffer)
        data = self._buffer + data
        if held and data.find(b"\r\n\r\n", max(0, held - 3)) < 0:
            self._check_partial(data)
        else:
            self._buffer = b""
            self.data_received(data)

    def _feed(self, incoming: IncomingBody, data: bytes) -> bytes:
        """Give bytes to a body; return those behind it."""
        if incoming.failed:
            return b""
        try:
            position = incoming.feed(data, 0)
        except ProtocolError as error:
            if incoming is self._skip:
                self.refuse(error)
            else:
                self._shared.log_refusal(self, error)
            return b""
        if incoming is self._skip:
            incoming.discard()
            if incoming.done:
                self._skip = None
            elif incoming.skipped_too_much(self._shared.config.max_unread_body):
                self._close(linger=True)
                return b""
        return data[position:]

    def _hold_back(self, rest: bytes) -> None:
        self._buffer = rest
        if len(rest) > self._shared.config.max_read_ahead:
            self._pause_reading()

    def _keep_partial(self, data: bytes, position: int) -> None:
        """Keep the beginning of a head until more comes."""
        self._checked = 0
        self._check_partial(data[position:])

    def _check_partial(self, data: bytes) -> None:
        self._buffer = data
        try:
            self._checked = self._shared.parser.check_partial(data, 0, self._checked)
        except ProtocolError as error:
            self.refuse(error)

    def _begin_body(self, request: HttpRequest, data: bytes, position: int) -> int:
        """Attach the body to its request; return the offset behind what has arrived of it."""
        config = self._shared.config
        length = request.declared_length
        end = position + length
        if 0 < length <= config.max_body_size and len(data) >= end:
            # PERF: a body that came with its head needs no decoder and no turn of the loop.
            request.body = data[position:end]
            return end
        decoder: BodyDecoder
        if length > 0:
            decoder = LengthDecoder(length)
        else:
            decoder = ChunkedDecoder(config.max_trailer_size, config.max_fields)
        incoming = IncomingBody(
            self, decoder, length, config.max_body_size, config.max_read_ahead, self._shared.loop
        )
        self._incoming = request._incoming = incoming
        self._request = request
        try:
            return incoming.feed(data, position)
        except ProtocolError as error:
            self._shared.log_refusal(self, error)
            return len(data)

    def body_wanted(self) -> None:
        """Go on reading for a handler that waits for its body; tell the client to continue."""
        self._resume_reading()
        request = self._request
        if request is not None and request._expects_continue:
            request._expects_continue = False
            incoming = self._incoming
            if incoming is not None and not incoming.received:
                self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def body_held(self) -> None:
        """Stop reading: the handler does not take its body as fast as it comes."""
        self._pause_reading()

    def _pause_reading(self) -> None:
        if not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    # -- output and the end -------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport."""
        if self._transport is not None:
            self._transport.write(data)

    async def flush(self) -> None:
        """Wait until the transport has handed everything to the system.

        Raises:
            ClientDisconnectedError: If the client has left.
        """
        transport = self._transport
        if transport is not None:
            transport.set_write_buffer_limits(0)
            await self.drain()
            transport.set_write_buffer_limits()

    def plain_socket(self) -> socket.socket | None:
        """Return the socket, if bytes written to it reach the client as they are."""
        if self._transport is None or self._shared.tls:
            return None
        found = self._transport.get_extra_info("socket")
        return found if hasattr(found, "fileno") else None

    async def drain(self) -> None:
        """Wait until the transport takes more.

        Raises:
            ClientDisconnectedError: If the client has left.
        """
        if self._transport is None:
            raise ClientDisconnectedError("the client closed the connection")
        if self._write_paused:
            self._drain_waiter = self._shared.loop.create_future()
            await self._drain_waiter

    def _failed(self, request: HttpRequest, error: Exception) -> Any:
        """Return the answer to a request whose handler raised."""
        incoming = self._incoming
        if incoming is not None and incoming.failed:
            # The body can never be read: whatever the handler made of that, the fault is the client's.
            if isinstance(error, ClientDisconnectedError):
                return HttpResponse("the body ended early", 400, "text/plain")
            if isinstance(error, RequestTimeoutError):
                self._shared.log_refusal(self, error)
        return self._shared.failed(request, error)

    def refuse(self, error: HttpError) -> None:
        """Answer what is not a request, and close."""
        self._shared.log_refusal(self, error)
        response = HttpResponse(error.message, error.status_code, "text/plain", error.headers)
        self.write(self._shared.serializer.response(response, response.encode(), connection=b"close"))
        self._close(linger=True)

    def _client_left(self, *, lost: bool) -> None:
        """Stop working for a client that is gone, as far as that is wanted."""
        task = self._task
        if task is not None and (self._shared.config.cancel_on_disconnect or (lost and self._streaming)):
            task.cancel()

    def _close(self, *, linger: bool) -> None:
        """Close when what was written has left; go on reading for a while if the client may still send.

        Closing a socket with unread input makes TCP reset the connection, and the answer may be lost on its
        way (RFC 9112 §9.6).
        """
        self._busy = True
        self._buffer = b""
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

    def shut_down(self, *, force: bool = False) -> None:
        """Close now if idle, or by ``force``; otherwise the current response will be the last."""
        self._left = 0
        if self._transport is not None and (force or not self._busy):
            self._busy = True
            self._transport.close()

    def time_out(self) -> None:
        """Cancel a handler that has taken too long; the client gets a 503."""
        if self._task is not None:
            self._timed_out = True
            self._task.cancel()

    def end_stream(self) -> None:
        """End a response that is an open-ended stream; called when the server stops."""
        if self._streaming and self._task is not None and not self._task.cancelling():
            self._task.cancel()

    def cut(self) -> None:
        """Drop the connection and cancel what works for it."""
        if self._task is not None:
            self._task.cancel()
        self.abort()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def answer_error(self, request: HttpRequest, error: Exception) -> Any:
        """Return the answer to a request whose body could not be made."""
        return self._failed(request, error)

    @property
    def serializer(self) -> Serializer:
        """What renders responses."""
        return self._shared.serializer

    @property
    def peer(self) -> str:
        """The client's address as text, for logs."""
        return "a unix socket" if self.client is None else f"{self.client.host}:{self.client.port}"

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return self._request is not None

    @property
    def request(self) -> HttpRequest | None:
        """The request being answered, if one is."""
        return self._request


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


# Statuses whose answers have no content or are framed differently (RFC 9110 §6.4.1, §15.3.6).
_NO_CONTENT: Final = frozenset({*range(100, 200), 204, 205, 304})
