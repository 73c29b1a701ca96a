"""What a connection does with bytes that it cannot answer at once.

They belong to a body, to a head that is not complete, or to requests behind the one that is being handled; the
last are held, up to ``max_read_ahead``, and then the client is made to wait. What is not HTTP is refused here.
Requests and responses are ``_connection``'s affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from areion_http._body import BodyDecoder, ChunkedDecoder, LengthDecoder
from areion_http._channel import Channel
from areion_http._incoming import IncomingBody
from areion_http.errors import HttpError, ProtocolError
from areion_http.request import HttpRequest
from areion_http.response import HttpResponse

if TYPE_CHECKING:
    from areion_http._shared import Shared


class Intake(Channel):
    """The receiving side of a connection.

    Args:
        shared: What all connections of a server have in common.
    """

    __slots__ = ("_buffer", "_busy", "_checked", "_incoming", "_request", "_skip")

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        # What has come and is not used yet.
        self._buffer = b""
        # How much of an incomplete head has been found right.
        self._checked = 0
        # A request is being handled, or the connection is ending.
        self._busy = False
        self._request: HttpRequest | None = None
        # The body of that request; and one that nobody wanted, while it is thrown away.
        self._incoming: IncomingBody | None = None
        self._skip: IncomingBody | None = None

    def _hold(self, data: bytes) -> None:
        """Take bytes while the connection is busy, or inside a head or an unwanted body."""
        if self._lingering >= 0:
            self._throw_away(len(data))
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
            self._check_partial(data, held)
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
            self._shared.log_refusal(self, error)
            if incoming is self._skip:
                # Its request has been answered; another answer would be taken for that of the next one.
                self._end(linger=True)
            return b""
        if incoming is self._skip:
            if incoming.done:
                self._skip = None
            elif incoming.skipped_too_much(self._shared.config.max_unread_body):
                self._end(linger=True)
                return b""
        return data[position:]

    def _hold_back(self, rest: bytes) -> None:
        self._buffer = rest
        if len(rest) > self._shared.config.max_read_ahead:
            self._pause_reading()

    def _keep_partial(self, data: bytes, position: int) -> None:
        """Keep the beginning of a head until more comes."""
        self._checked = 0
        self._check_partial(data[position:], 0)

    def _check_partial(self, data: bytes, seen: int) -> None:
        self._buffer = data
        try:
            self._checked = self._shared.parser.check_partial(data, 0, self._checked, seen)
        except ProtocolError as error:
            self.refuse(error)

    def _begin_body(self, request: HttpRequest, data: bytes, position: int, out: list[bytes] | None) -> int:
        """Attach the body to its request; return the offset behind what has arrived of it.

        Earlier answers in ``out`` are written if the handler may have to wait: 100 Continue comes after them.
        """
        config = self._shared.config
        length = request.declared_length
        end = position + length
        if 0 < length <= config.max_body_size and len(data) >= end:
            # PERF: a body that came with its head needs no decoder and no turn of the loop.
            request.body = data[position:end]
            return end
        self._flush(out)
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

    def _flush(self, out: list[bytes] | None) -> None:
        if out:
            self.write(b"".join(out))
            out.clear()

    def refuse(self, error: HttpError) -> None:
        """Answer what is not a request, and close."""
        self._busy = True
        self._shared.log_refusal(self, error)
        response = HttpResponse(error.message, error.status_code, "text/plain", error.headers)
        # The answer to a HEAD has no content, whatever else is wrong with it (RFC 9110 §9.3.2).
        to_head = error.to_head if isinstance(error, ProtocolError) else False
        to_head = to_head or self._buffer.lstrip(b"\r\n").startswith(b"HEAD ")
        self.write(
            self._shared.serializer.response(
                response, response.encode(), connection=b"close", with_body=not to_head
            )
        )
        self._end(linger=True)

    def _end(self, *, linger: bool) -> None:
        """Take no more requests, and close when what was written has left; see ``_close``."""
        self._busy = True
        self._buffer = b""
        self._skip = None
        self._close(linger=linger)
