"""Responses as they stand on the wire, for tests: strict, for whole conversations, and slow.

Nothing of the server is used to read what the server has said, but the header mapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from areion_http.headers import Headers


@dataclass(slots=True)
class RawResponse:
    """A response as it stood on the wire.

    Attributes:
        status: The status code.
        reason: The phrase behind it.
        headers: The header fields.
        body: The content, without the framing of chunks.
        trailers: The fields behind a body in chunks.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes
    trailers: Headers


def read_responses(data: bytes, methods: Sequence[str] = ()) -> list[RawResponse]:
    """Split what a server has said into responses, strictly (RFC 9112 §6.3).

    Args:
        data: All that came on one connection, from its beginning to its end.
        methods: Methods of the requests, in order; the answer to HEAD has no body. Default: none of them is HEAD.

    Raises:
        ValueError: If anything in ``data`` is no complete response.
    """
    found: list[RawResponse] = []
    finals = 0
    while data:
        method = methods[finals] if finals < len(methods) else "GET"
        response, data = _read_response(data, method)
        found.append(response)
        finals += response.status >= 200
    return found


def _read_response(data: bytes, method: str) -> tuple[RawResponse, bytes]:
    head, end, rest = data.partition(b"\r\n\r\n")
    status_line, *lines = head.split(b"\r\n")
    version, _, status_text = status_line.decode("latin-1").partition(" ")
    code, _, reason = status_text.partition(" ")
    if not end or version != "HTTP/1.1" or len(code) != 3 or not code.isdecimal():
        raise ValueError(f"no head of a response: {data[:80]!r}")
    headers = _fields(lines)
    status = int(code)
    trailers = Headers()
    if method == "HEAD" or status < 200 or status in {204, 304}:
        body = b""
    elif "transfer-encoding" in headers:
        body, trailers, rest = _unchunk(rest)
    elif "content-length" in headers:
        length = int(headers["content-length"])
        if len(rest) < length:
            raise ValueError(f"{len(rest)} bytes of a body of {length}")
        body, rest = rest[:length], rest[length:]
    else:
        body, rest = rest, b""
    return RawResponse(status, reason, headers, body, trailers), rest


def _fields(lines: Sequence[bytes]) -> Headers:
    pairs = []
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ValueError(f"no field line: {line!r}")
        pairs.append((name, value.strip(" \t")))
    return Headers(pairs)


def _unchunk(data: bytes) -> tuple[bytes, Headers, bytes]:
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end or not line:
            raise ValueError(f"no chunk size: {line[:40]!r}")
        size = int(line, 16)
        if not size:
            break
        if data[size : size + 2] != b"\r\n":
            raise ValueError(f"a chunk of {size} bytes does not end in CR LF")
        body += data[:size]
        data = data[size + 2 :]
    lines: list[bytes] = []
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            raise ValueError("the trailers have no end")
        if not line:
            return body, _fields(lines), data
        lines.append(line)
