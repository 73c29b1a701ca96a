"""Responses that are sent piece by piece: iterators, files and large payloads, with back-pressure.

The first piece is fetched before the head is written, so that a body which fails at once is still a proper
error response. After that an error can only abort the connection: a good end would be a lie. Which of the two
it is, the connection decides by ``Sender.begun``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from areion_http._body import NOT_IN_TRAILERS
from areion_http._file_answer import as_response, open_file, read_exactly
from areion_http._serializer import chunk, has_no_body, last_chunk
from areion_http.files import FileBody, FileDelivery
from areion_http.headers import Headers
from areion_http.response import BodyStream, HttpResponse, encode_body

if TYPE_CHECKING:
    from areion_http._exchange import Exchange
    from areion_http.request import HttpRequest

#: A payload above this is sent in slices: the transport need not copy what a slow client takes minutes for.
LARGE: Final = 256 * 1024

# As much as transports hold before they ask for a pause.
_SLICE: Final = 64 * 1024
_READ_SIZE: Final = 256 * 1024
# Others get a turn of the loop after so many pieces without a pause; iterators need not wait for anything.
_FAIRNESS: Final = 64
# Pieces below this are copied into one write; above, three small writes cost less.
_COPIED: Final = 8 * 1024
_END: Final = object()


def is_streamed(body: object) -> bool:
    """Whether a body has no bytes of its own and needs a :class:`Sender`."""
    return isinstance(body, (BodyStream, FileBody))


def connection_option(request: HttpRequest, keep: bool) -> bytes:
    """Return the value of the Connection field; empty where the version's default says the same."""
    if not keep:
        return b"close"
    return b"" if request._minor else b"keep-alive"


class Sender:
    """Sends one response.

    Args:
        connection: Where to.
        request: What is answered.
        response: Status and fields; the body too, unless ``payload`` is given.
        payload: The body's bytes.
        keep: Whether the connection persists, as far as is known before.

    Attributes:
        response: See above.
        entered: Whether ``run`` has been, so that it closes the body.
        begun: Whether anything has been written; until then the response can still become another one.
        sent: Bytes handed over so far, a measure of progress.
        direct: Whether bytes go past the transport now.
        open_ended: Whether the body is an iterator, which may never end.
    """

    __slots__ = (
        "_connection",
        "_keep",
        "_payload",
        "_request",
        "begun",
        "direct",
        "entered",
        "open_ended",
        "response",
        "sent",
    )

    def __init__(
        self,
        connection: Exchange,
        request: HttpRequest,
        response: HttpResponse,
        payload: bytes | None,
        keep: bool,
    ) -> None:
        self._connection = connection
        self._request = request
        self.response = response
        self._payload = payload
        self._keep = keep
        self.entered = False
        self.begun = False
        self.sent = 0
        self.direct = False
        self.open_ended = isinstance(response.body, BodyStream)

    async def run(self) -> bool:
        """Send all of it; return whether the connection persists.

        Raises:
            Exception: Whatever ends the response before its end.
        """
        self.entered = True
        body = self.response.body
        if self._payload is not None:
            await self._send_payload(self._payload)
        elif isinstance(body, FileBody):
            await self._send_file(body)
        else:
            assert isinstance(body, BodyStream)
            try:
                await self._send_stream(body)
            finally:
                await self._give_up(body)
        return self._keep

    def _write(self, data: bytes) -> None:
        self.begun = True
        self.sent += len(data)
        self._connection.write(data)

    def _head(self, response: HttpResponse, length: int | None, *, chunked: bool = False) -> bytes:
        option = connection_option(self._request, self._keep)
        announced = [("Trailer", ", ".join(_names(response)))] if chunked and _names(response) else []
        return self._connection.serializer.head(
            response, length, connection=option, chunked=chunked, extra=announced
        )

    async def _send_payload(self, payload: bytes) -> None:
        self._write(self._head(self.response, len(payload)))
        view = memoryview(payload)
        for offset in range(0, len(payload), _SLICE):
            await self._connection.drain()
            self._write(bytes(view[offset : offset + _SLICE]))

    def _write_piece(self, head: bytes, data: bytes, *, chunked: bool) -> None:
        """Write a piece of the body, behind the head if it is the first."""
        if not chunked or not data:
            self._write(head + data)
        elif len(data) < _COPIED:
            self._write(head + chunk(data))
        else:
            # PERF: a large piece is handed over as it is, not copied into a frame.
            self.begun = True
            self.sent += len(head) + len(data)
            self._connection.write_lines([b"%b%x\r\n" % (head, len(data)), data, b"\r\n"])

    # -- iterators ----------------------------------------------------------------------------------------

    async def _send_stream(self, body: BodyStream) -> None:
        response = self.response
        connection = self._connection
        status_code = response.status_code
        if status_code == 205:
            # RFC 9110 §15.3.6: no content, and a length that says so.
            self._write(self._head(response, 0))
            return
        bodiless = has_no_body(status_code)
        length = None if bodiless else declared_length(response)
        chunked = length is None and bool(self._request._minor) and not bodiless
        if bodiless or self._request.method == "HEAD":
            self._write(self._head(response, length, chunked=chunked))
            return
        chunks: Any = body.chunks
        content_type = response.content_type
        asynchronous = isinstance(chunks, AsyncIterator)
        piece = await _next(chunks) if asynchronous else next(chunks, _END)
        if length is None and not chunked:
            self._keep = False
        head = self._head(response, length, chunked=chunked)
        total = 0
        count = 0
        while piece is not _END:
            data = piece if type(piece) is bytes else encode_body(piece, content_type)
            total += len(data)
            if length is not None and total >= length:
                # What completes the length is sent when nothing follows: else it would look like a good end.
                piece = await _last_piece(chunks, total, length, content_type)
                head += data
                continue
            if data or head:
                self._write_piece(head, data, chunked=chunked)
                head = b""
            count += 1
            if connection.write_paused:
                await connection.drain()
                count = 0
            elif count == _FAIRNESS:
                await asyncio.sleep(0)
                count = 0
            if asynchronous:
                try:
                    # PERF: as _next does, without a coroutine for each piece.
                    piece = await chunks.__anext__()
                except StopAsyncIteration:
                    piece = _END
            else:
                piece = next(chunks, _END)
        if length is not None and total != length:
            raise RuntimeError(f"the body has {total} bytes and its Content-Length is {length}")
        end = last_chunk(_trailers(response)) if chunked else b""
        if head or end:
            self._write(head + end)

    async def _give_up(self, body: BodyStream) -> None:
        """Close an iterator; its own failure then harms nobody, and is logged."""
        try:
            await close_body(body)
        except Exception as error:  # noqa: BLE001 - logged
            self._connection.log_failure(self._request, error, "closing the body of the response failed")

    # -- files --------------------------------------------------------------------------------------------

    async def _send_file(self, body: FileBody) -> None:
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(
            None, open_file, body, self._request.method, self._request.headers, self.response
        )
        try:
            delivery = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise
        try:
            await self._deliver(delivery)
        finally:
            delivery.close()

    async def _deliver(self, delivery: FileDelivery) -> None:
        response = as_response(self.response, delivery)
        bodiless = has_no_body(delivery.status)
        empty = bodiless or delivery.status == 205
        length = None if bodiless else 0 if empty else delivery.content_length
        head = self._head(response, length)
        for segment in () if empty else delivery.segments:
            if isinstance(segment, bytes):
                self._write(head + segment)
                await self._connection.drain()
            else:
                assert delivery.file is not None
                await self._send_range(delivery.file, *segment, head)
            head = b""
        if head:
            self._write(head)

    async def _send_range(self, file: BinaryIO, offset: int, count: int, head: bytes) -> None:
        socket = self._connection.plain_socket()
        if socket is None or not hasattr(os, "sendfile"):
            await self._send_by_reading(file, offset, count, head)
            return
        if head:
            self._write(head)
        await self._connection.flush()
        # A descriptor of its own: loops do not let one watch the descriptor of a transport.
        duplicate = os.dup(socket.fileno())
        self.direct = True
        try:
            await self._sendfile(duplicate, file.fileno(), offset, offset + count)
        finally:
            self.direct = False
            os.close(duplicate)

    async def _sendfile(self, target: int, source: int, offset: int, end: int) -> None:
        while offset < end:
            try:
                sent = os.sendfile(target, source, offset, min(end - offset, 4 * _READ_SIZE))
            except BlockingIOError:
                await _writable(target)
                continue
            if sent == 0:
                raise OSError("the file became shorter while it was being sent")
            offset += sent
            self.sent += sent
            await asyncio.sleep(0)

    async def _send_by_reading(self, file: BinaryIO, offset: int, count: int, head: bytes) -> None:
        loop = asyncio.get_running_loop()
        while count:
            size = min(count, _READ_SIZE)
            reading = loop.run_in_executor(None, read_exactly, file, offset, size)
            try:
                data = await asyncio.shield(reading)
            except asyncio.CancelledError:
                # The thread still uses the file, which is closed next.
                await asyncio.wait([reading])
                raise
            self._write(head + data)
            head = b""
            await self._connection.drain()
            offset += size
            count -= size


# -- iterators ----------------------------------------------------------------------------------------------


async def _next(chunks: AsyncIterator[Any]) -> Any:
    try:
        return await chunks.__anext__()
    except StopAsyncIteration:
        return _END


async def _last_piece(chunks: Any, total: int, length: int, content_type: str | None) -> object:
    """Return the end of an iterator that has given all that was announced, if it is at its end."""
    asynchronous = isinstance(chunks, AsyncIterator)
    piece: Any = b""
    while total == length and piece is not _END:
        piece = await _next(chunks) if asynchronous else next(chunks, _END)
        total += 0 if piece is _END else len(encode_body(piece, content_type))
    if total > length:
        raise RuntimeError(f"the body is longer than its Content-Length of {length}")
    return piece


async def close_body(body: BodyStream) -> None:
    """Close the iterator of a body that has been sent, or that nobody will read."""
    if body.close is not None:
        closing = body.close()
        if isawaitable(closing):
            await closing


def declared_length(response: HttpResponse) -> int | None:
    """Return the Content-Length a handler has set itself, None if it has not.

    Raises:
        ValueError: If it is not a number.
    """
    if response._headers is None or "content-length" not in response._headers:
        return None
    value = response._headers["content-length"]
    if not (value.isascii() and value.isdecimal()):
        raise ValueError(f"Content-Length: expected digits, got {value!r}")
    return int(value)


def _names(response: HttpResponse) -> list[str]:
    """Return the names of trailer fields that are known before the body."""
    if callable(response.trailers) or not response.trailers or "trailer" in response.headers:
        return []
    return list(response.trailers)


def _trailers(response: HttpResponse) -> list[tuple[str, str]]:
    trailers = response.trailers() if callable(response.trailers) else response.trailers
    if trailers is None:
        return []
    if not isinstance(trailers, Mapping):
        raise TypeError(f"trailers: expected a mapping, got {type(trailers).__qualname__}")
    fields = Headers(trailers)
    for name in fields:
        if name.lower().encode() in NOT_IN_TRAILERS:
            raise ValueError(f"trailers: {name} may not stand there (RFC 9110 §6.5.1)")
    return fields.pairs()


# -- files --------------------------------------------------------------------------------------------------


def _close_late(opening: asyncio.Future[FileDelivery]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)
