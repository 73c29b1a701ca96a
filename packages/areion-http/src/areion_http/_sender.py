"""Responses that are sent piece by piece: iterators and files, with back-pressure from the transport.

The first piece is fetched before the head is written, so that a body which fails at once is still a proper
error response. After that an error can only abort the connection: a good end would be a lie.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from areion_http._serializer import chunk, has_no_body, last_chunk
from areion_http.errors import HttpError
from areion_http.files import FileBody, FileDelivery
from areion_http.headers import Headers
from areion_http.response import BodyStream, HttpResponse, encode_body

if TYPE_CHECKING:
    from areion_http._connection import HttpConnection
    from areion_http.request import HttpRequest

# A synchronous iterator lets others run after so many pieces.
_FAIRNESS: Final = 16
_READ_SIZE: Final = 256 * 1024
_END: Final = object()


def is_streamed(body: object) -> bool:
    """Whether a body needs :func:`send`."""
    return isinstance(body, (BodyStream, FileBody))


def connection_option(request: HttpRequest, keep: bool) -> bytes:
    """Return the value of the Connection field; empty where the version's default says the same."""
    if not keep:
        return b"close"
    return b"" if request._minor else b"keep-alive"


def discard(response: HttpResponse) -> None:
    """Give up a response that nobody will read."""
    body = response.body
    if isinstance(body, BodyStream) and isinstance(body.chunks, Iterator) and body.close is not None:
        body.close()


async def send(connection: HttpConnection, request: HttpRequest, response: HttpResponse, keep: bool) -> bool:
    """Send a response with a streamed body; return whether the connection persists.

    Raises:
        Exception: Whatever ends the response before its end; the connection must then be aborted.
    """
    body = response.body
    if isinstance(body, FileBody):
        return await _send_file(connection, request, response, body, keep)
    assert isinstance(body, BodyStream)
    try:
        return await _send_stream(connection, request, response, body, keep)
    finally:
        if body.close is not None:
            closing = body.close()
            if asyncio.iscoroutine(closing):
                await closing


# -- iterators --------------------------------------------------------------------------------------------


async def _send_stream(
    connection: HttpConnection, request: HttpRequest, response: HttpResponse, body: BodyStream, keep: bool
) -> bool:
    serializer = connection.serializer
    if request.method == "HEAD" or has_no_body(response.status_code):
        length = None if has_no_body(response.status_code) else declared_length(response)
        chunked = length is None and bool(request._minor) and not has_no_body(response.status_code)
        option = connection_option(request, keep)
        connection.write(serializer.head(response, length, connection=option, chunked=chunked))
        return keep
    try:
        piece = await _next(body.chunks)
    except Exception as error:  # noqa: BLE001 - nothing has been sent yet: it becomes a response
        return _send_error(connection, request, error, keep)
    length = declared_length(response)
    chunked = length is None and bool(request._minor)
    if length is None and not chunked:
        keep = False
    option = connection_option(request, keep)
    head = serializer.head(response, length, connection=option, chunked=chunked)
    sent = 0
    count = 0
    while piece is not _END:
        data = piece if type(piece) is bytes else encode_body(piece)
        if data:
            sent += len(data)
            if length is not None and sent > length:
                raise RuntimeError(f"the body is longer than its Content-Length of {length}")
            connection.write(head + (chunk(data) if chunked else data))
            head = b""
        elif head:
            connection.write(head)
            head = b""
        await connection.drain()
        count += 1
        if count % _FAIRNESS == 0:
            await asyncio.sleep(0)
        piece = await _next(body.chunks)
    if length is not None and sent != length:
        raise RuntimeError(f"the body has {sent} bytes and its Content-Length is {length}")
    connection.write(head + (last_chunk(_trailers(response)) if chunked else b""))
    return keep


async def _next(chunks: Iterator[Any] | AsyncIterator[Any]) -> Any:
    if isinstance(chunks, AsyncIterator):
        return await anext(chunks, _END)
    return next(chunks, _END)


def declared_length(response: HttpResponse) -> int | None:
    """Return the Content-Length a handler has set itself, if it is a number."""
    value = response._headers.get("content-length", "") if response._headers is not None else ""
    return int(value) if value.isascii() and value.isdecimal() else None


def _trailers(response: HttpResponse) -> list[tuple[str, str]]:
    trailers = response.trailers() if callable(response.trailers) else response.trailers
    return Headers(trailers).pairs() if isinstance(trailers, Mapping) else []


def _send_error(connection: HttpConnection, request: HttpRequest, error: Exception, keep: bool) -> bool:
    result = connection.answer_error(request, error)
    response = HttpResponse(result) if not isinstance(result, HttpResponse) else result
    connection.write(
        connection.serializer.response(
            response,
            response.encode(),
            connection=connection_option(request, keep),
            with_body=request.method != "HEAD",
        )
    )
    return keep


# -- files ------------------------------------------------------------------------------------------------


async def _send_file(
    connection: HttpConnection, request: HttpRequest, response: HttpResponse, body: FileBody, keep: bool
) -> bool:
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, _open, body, request, response)
    try:
        delivery = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_late)
        raise
    except (HttpError, OSError) as error:
        return _send_error(connection, request, error, keep)
    try:
        answer = _as_response(response, delivery)
        length = None if has_no_body(delivery.status) else delivery.content_length
        head = connection.serializer.head(answer, length, connection=connection_option(request, keep))
        for segment in delivery.segments:
            if isinstance(segment, bytes):
                connection.write(head + segment)
                head = b""
                await connection.drain()
            else:
                await _send_range(connection, delivery.file, segment[0], segment[1], head)
                head = b""
        if head:
            connection.write(head)
    finally:
        delivery.close()
    return keep


def _open(body: FileBody, request: HttpRequest, response: HttpResponse) -> FileDelivery:
    """Open a file: all that may block, in one worker-thread call."""
    own_type = response.content_type
    return body.open(
        request.method,
        request.headers,
        status=response.status_code,
        content_type=None if own_type == body.content_type else own_type,
    )


def _close_late(opening: asyncio.Future[FileDelivery]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _as_response(response: HttpResponse, delivery: FileDelivery) -> HttpResponse:
    """Join what the file says, which wins, with the other fields that the handler has set."""
    answer = HttpResponse(None, delivery.status, headers=delivery.headers)
    if response._headers is not None:
        said = {name.lower() for name, _ in delivery.headers} | {"content-type"}
        for name, value in response._headers.items():
            if name.lower() not in said:
                answer.headers.add(name, value)
    return answer


def _read_exactly(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    data = file.read(count)
    if len(data) != count:
        raise OSError("the file became shorter while it was being sent")
    return data


async def _send_range(
    connection: HttpConnection, file: BinaryIO | None, offset: int, count: int, head: bytes
) -> None:
    if file is None:
        raise OSError("the file is not open")
    socket = connection.plain_socket()
    if socket is None or not hasattr(os, "sendfile"):
        await _send_by_reading(connection, file, offset, count, head)
        return
    connection.write(head)
    await connection.flush()
    # A descriptor of its own: loops do not let one watch the descriptor of a transport.
    duplicate = os.dup(socket.fileno())
    connection.direct = 0
    try:
        await _sendfile(connection, duplicate, file.fileno(), offset, count)
    finally:
        connection.direct = -1
        os.close(duplicate)


async def _sendfile(connection: HttpConnection, target: int, source: int, offset: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    end = offset + count
    while offset < end:
        try:
            sent = os.sendfile(target, source, offset, min(end - offset, 4 * _READ_SIZE))
        except BlockingIOError:
            await _writable(loop, target)
            continue
        if sent == 0:
            raise OSError("the file became shorter while it was being sent")
        offset += sent
        connection.direct += sent
        await asyncio.sleep(0)


async def _writable(loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
    ready = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(descriptor, wake)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


async def _send_by_reading(
    connection: HttpConnection, file: BinaryIO, offset: int, count: int, head: bytes
) -> None:
    loop = asyncio.get_running_loop()
    while count:
        size = min(count, _READ_SIZE)
        data = await loop.run_in_executor(None, _read_exactly, file, offset, size)
        connection.write(head + data)
        head = b""
        await connection.drain()
        offset += size
        count -= size
