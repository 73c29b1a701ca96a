"""Responses as bytes (RFC 9112 §4, §6): status line, fields, framing. No I/O, no waiting.

Status line, Date, Server and Content-Type of a response without further fields are rendered once a second and
kept; such a response is then one formatting operation.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import formatdate
from typing import Final

import orjson

from areion_http.response import JSON, HttpResponse, check_status, dump_json
from areion_http.status import reason_phrase

# Fields that the server alone decides, since framing depends on them (RFC 9112 §6).
FRAMING_FIELDS: Final = frozenset(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"}
)

# Different (status, type) pairs kept; handlers may make up types without end.
_MAX_PREFIXES: Final = 256

# PERF: the end of the head for small bodies, rendered beforehand; two thirds of the price of formatting.
_SMALL: Final = 2048
_LENGTHS: Final = tuple(b"%d\r\n\r\n" % size for size in range(_SMALL))


def has_no_body(status_code: int) -> bool:
    """Whether a response of this status never carries content (RFC 9110 §6.4.1)."""
    return status_code < 200 or status_code == 204 or status_code == 304


class Serializer:
    """Renders responses of one server.

    Args:
        server_name: Value of the Server field; empty to leave it out.
    """

    __slots__ = ("_common", "_json_heads", "_json_prefix", "_prefixes", "_second", "_server")

    def __init__(self, server_name: str = "Areion") -> None:
        self._server = f"Server: {server_name}\r\n".encode() if server_name else b""
        self._second = -1
        self._common = b""
        # PERF: whole heads of JSON by the size of the body, made when they are needed; good for a second.
        self._json_heads: list[bytes | None] = []
        self._prefixes: dict[tuple[int, str | None, bytes], bytes] = {}
        self.refresh(time.time())

    def refresh(self, now: float) -> None:
        """Render Date anew if the second has changed (RFC 9110 §6.6.1).

        Args:
            now: Seconds since the epoch.
        """
        second = int(now)
        if second != self._second:
            self._second = second
            self._common = b"Date: %b\r\n%b" % (formatdate(second, usegmt=True).encode(), self._server)
            self._prefixes.clear()
            self._json_prefix = self._prefix(200, JSON)
            self._json_heads = [None] * _SMALL

    def simple(
        self, status_code: int, content_type: str | None, payload: bytes, connection: bytes = b""
    ) -> bytes:
        """Render a response without fields of its own; ``connection`` as for :meth:`response`."""
        prefix = self._prefixes.get((status_code, content_type, connection))
        if prefix is None:
            prefix = self._prefix(status_code, content_type, connection)
        size = len(payload)
        if size < _SMALL:
            return prefix + _LENGTHS[size] + payload
        return b"%b%d\r\n\r\n%b" % (prefix, size, payload)

    def json(self, value: object) -> bytes:
        """Render ``value`` as a 200 response of JSON, on a persistent HTTP/1.1 connection.

        Raises:
            TypeError: If something in it cannot be expressed.
        """
        try:
            payload = orjson.dumps(value)
        except TypeError:
            payload = dump_json(value)
        size = len(payload)
        if size >= _SMALL:
            return b"%b%d\r\n\r\n%b" % (self._json_prefix, size, payload)
        head = self._json_heads[size]
        if head is None:
            head = self._json_heads[size] = self._json_prefix + _LENGTHS[size]
        return head + payload

    def _prefix(self, status_code: int, content_type: str | None, connection: bytes = b"") -> bytes:
        field = b"" if content_type is None else b"Content-Type: %b\r\n" % content_type.encode("latin-1")
        if connection:
            field += b"Connection: %b\r\n" % connection
        prefix = b"%b%b%bContent-Length: " % (self._status_line(status_code), self._common, field)
        if len(self._prefixes) >= _MAX_PREFIXES:
            self._prefixes.clear()
        self._prefixes[status_code, content_type, connection] = prefix
        return prefix

    def response(
        self, response: HttpResponse, payload: bytes, *, connection: bytes = b"", with_body: bool = True
    ) -> bytes:
        """Render a response whose whole body is known.

        Args:
            response: Status and fields.
            payload: The body's bytes.
            connection: Value of the Connection field, empty for none.
            with_body: False for the answer to a HEAD: the fields of the GET, without its body.
        """
        status_code = response.status_code
        if has_no_body(status_code):
            return self.head(response, None, connection=connection)
        if response._headers is None and with_body:
            return self.simple(status_code, response._content_type, payload, connection)
        length = len(payload)
        if not with_body and not payload and response._headers is not None:
            # A handler that answers HEAD itself may know a length without making the body.
            declared = response._headers.get("content-length", "")
            length = int(declared) if declared.isdecimal() else 0
        head = self.head(response, length, connection=connection)
        return head + payload if with_body else head

    def head(
        self,
        response: HttpResponse,
        length: int | None,
        *,
        connection: bytes = b"",
        chunked: bool = False,
        extra: Iterable[tuple[str, str]] = (),
    ) -> bytes:
        """Render the head of a response.

        Args:
            response: Status and fields; framing fields among them are left out.
            length: Content-Length; None for none.
            connection: Value of the Connection field, empty for none.
            chunked: Announce chunks.
            extra: Further fields.
        """
        status_code = response.status_code
        fields = response._headers
        parts = [self._status_line(status_code)]
        if fields is None:
            parts.append(self._common)
            if response._content_type is not None and not has_no_body(status_code):
                parts.append(b"Content-Type: %b\r\n" % response._content_type.encode("latin-1"))
        else:
            parts.append(self._own_or_common(fields))
            for name, value in fields.items():
                lowered = name.lower()
                if lowered in FRAMING_FIELDS or (lowered == "content-type" and has_no_body(status_code)):
                    continue
                parts.append(f"{name}: {value}\r\n".encode("latin-1"))
        parts.extend(f"{name}: {value}\r\n".encode("latin-1") for name, value in extra)
        if chunked:
            parts.append(b"Transfer-Encoding: chunked\r\n")
        elif length is not None:
            parts.append(b"Content-Length: %d\r\n" % length)
        if connection:
            parts.append(b"Connection: %b\r\n" % connection)
        parts.append(b"\r\n")
        return b"".join(parts)

    def _own_or_common(self, fields: Iterable[str]) -> bytes:
        names = {name.lower() for name in fields}
        if "date" in names and "server" in names:
            return b""
        if "date" in names:
            return self._server
        if "server" in names:
            return self._common.removesuffix(self._server) if self._server else self._common
        return self._common

    def _status_line(self, status_code: int) -> bytes:
        check_status(status_code)
        return f"HTTP/1.1 {status_code} {reason_phrase(status_code)}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """Frame one chunk (RFC 9112 §7.1); ``data`` is not empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Frame the end of a chunked body, with trailer fields if there are any."""
    fields = "".join(f"{name}: {value}\r\n" for name, value in trailers)
    return f"0\r\n{fields}\r\n".encode("latin-1")
