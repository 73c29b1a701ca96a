"""Compressed responses, by what the client accepts (RFC 9110 §8.4, §12.5.3).

gzip is always there; zstd and brotli where a library for them is installed. Never compressed: what is small,
already compressed, a range, or marked ``no-transform``. Bodies of some size are compressed off the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from areion_http import FileBody, HttpRequest, HttpResponse
from areion_http.files import FileDelivery
from areion_http.response import BodyStream, encode_body

from areion.filters._codings import Compressor, available, choose
from areion.filters._fields import add_vary
from areion.filters.base import ResponseFilter

_TEXTUAL: Final = frozenset(
    {
        "application/json",
        "application/javascript",
        "application/xml",
        "application/xhtml+xml",
        "application/rss+xml",
        "application/atom+xml",
        "application/manifest+json",
        "application/wasm",
        "application/graphql",
        "application/x-ndjson",
        "image/svg+xml",
        "font/ttf",
        "font/otf",
    }
)
# Above this, compressing on the loop would hold up other requests: about a millisecond.
_ON_LOOP: Final = 64 * 1024
_PIECE: Final = 256 * 1024
# A larger file is sent as it is: it would have to be compressed anew for every request.
_MAX_FILE: Final = 4 * 1024 * 1024


class CompressionFilter(ResponseFilter):
    """Compresses responses that gain by it.

    Args:
        minimum: Least size in bytes; below it compression costs more than it saves.
        codings: Names in order of preference; default: all that are available of zstd, br and gzip.

    Raises:
        ValueError: If a coding is unknown or its library is not installed, or there is none.
    """

    def __init__(self, *, minimum: int = 500, codings: tuple[str, ...] | None = None) -> None:
        if type(minimum) is not int or minimum < 0:
            raise ValueError(f"minimum: expected a number of bytes, got {minimum!r}")
        installed = available()
        chosen = tuple(installed) if codings is None else codings
        if not isinstance(chosen, (tuple, list)) or not chosen:
            raise ValueError(f"codings: expected names such as ('gzip',), at least one, got {codings!r}")
        for name in chosen:
            if name not in installed:
                raise ValueError(
                    f"codings: {name!r} is not available here; there are: {', '.join(installed)}"
                )
        self.minimum = minimum
        self.codings = {name: installed[name] for name in chosen}

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Compress the body if the client takes it so."""
        if not _eligible(response):
            return response
        body = response.body
        if not isinstance(body, (BodyStream, FileBody)):
            body = response.body = response.encode()
            if len(body) < self.minimum:
                return response
        add_vary(response, "Accept-Encoding")
        coding = choose(request.headers.getall("accept-encoding"), tuple(self.codings))
        if coding is None:
            return response
        make = self.codings[coding]
        if isinstance(body, FileBody):
            response.body = _CompressedFile(body, coding, make, self.minimum)
            return response
        response.set_header("Content-Encoding", coding)
        response.headers.pop("Content-Length", None)  # that of the body as it was
        _weaken(response)
        if isinstance(body, BodyStream):
            response.body = BodyStream(_compressed(body, response.content_type, make()), body.close)
        elif len(body) <= _ON_LOOP:
            compressor = make()
            response.body = compressor.compress(body) + compressor.finish()
        else:
            response.body = BodyStream(_pieces(body, make()))
        return response


def _eligible(response: HttpResponse) -> bool:
    if response.status_code < 200 or response.status_code in {204, 205, 206, 304}:
        return False
    content_type = response.content_type
    if content_type is None:
        return False
    kind = content_type.partition(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind in _TEXTUAL or kind.endswith(("+json", "+xml"))):
        return False
    headers = response.headers
    return (
        "content-encoding" not in headers
        and "content-range" not in headers
        and "no-transform" not in headers.get("cache-control", "").lower()
    )


def _weaken(response: HttpResponse) -> None:
    """The bytes are no longer those that a strong validator stands for (RFC 9110 §8.8.1)."""
    etag = response.headers.get("etag")
    if etag is not None and not etag.startswith("W/"):
        response.set_header("ETag", f"W/{etag}")


async def _compressed(
    body: BodyStream, content_type: str | None, compressor: Compressor
) -> AsyncIterator[bytes]:
    """Compress piece by piece; each is flushed, so that nothing waits for the next."""
    chunks: Any = body.chunks
    if isinstance(chunks, AsyncIterator):
        async for piece in chunks:
            yield await _flushed(compressor, encode_body(piece, content_type))
    else:
        for piece in chunks:
            yield await _flushed(compressor, encode_body(piece, content_type))
    yield compressor.finish()


async def _flushed(compressor: Compressor, data: bytes) -> bytes:
    if not data:
        return b""
    if len(data) > _ON_LOOP:
        return await asyncio.to_thread(lambda: compressor.compress(data) + compressor.flush())
    return compressor.compress(data) + compressor.flush()


async def _pieces(body: bytes, compressor: Compressor) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield await asyncio.to_thread(compressor.compress, body[start : start + _PIECE])
    yield await asyncio.to_thread(compressor.finish)


class _CompressedFile(FileBody):
    """A file that is compressed in the worker thread that opens it, unless a range of it is asked for."""

    __slots__ = ("_coding", "_inner", "_make", "_minimum")

    def __init__(self, inner: FileBody, coding: str, make: Callable[[], Compressor], minimum: int) -> None:
        self._inner = inner
        self._coding = coding
        self._make = make
        self._minimum = minimum
        self.path = inner.path
        self.content_type = inner.content_type

    def open(self, method: str, headers: Any, **options: Any) -> FileDelivery:
        """Open the file and compress it; the answer to HEAD has the fields that GET would have."""
        ranged = "range" in headers and method == "GET"
        delivery = self._inner.open("GET" if method == "HEAD" else method, headers, **options)
        if delivery.status == 304:
            delivery.headers = [_weak(pair) for pair in delivery.headers]
            return delivery
        fits = self._minimum <= delivery.content_length <= _MAX_FILE
        if delivery.status != 200 or not fits or ranged:
            if method == "HEAD":
                delivery.segments = []
            return delivery
        compressor = self._make()
        try:
            payload = b"".join(compressor.compress(_content(delivery, each)) for each in delivery.segments)
        finally:
            delivery.close()
        payload += compressor.finish()
        fields = [_weak(pair) for pair in delivery.headers if pair[0].lower() != "accept-ranges"]
        fields.append(("Content-Encoding", self._coding))
        return FileDelivery(200, fields, len(payload), [] if method == "HEAD" else [payload])


def _content(delivery: FileDelivery, segment: bytes | tuple[int, int]) -> bytes:
    if isinstance(segment, bytes):
        return segment
    assert delivery.file is not None  # it is what the segment is of
    delivery.file.seek(segment[0])
    return delivery.file.read(segment[1])


def _weak(pair: tuple[str, str]) -> tuple[str, str]:
    name, value = pair
    return (name, f"W/{value}") if name.lower() == "etag" and not value.startswith("W/") else pair
