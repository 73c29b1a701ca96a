"""The response: a status, header fields and a body of nearly any kind.

A body is turned into bytes when the response is written, not before. How a response looks on the wire is the
serializer's business; how it gets there, the connection's.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from areion_http.headers import Headers, HeadersInit
from areion_http.status import reason_phrase

JSON: Final = "application/json"
# PERF: compared by identity, which also keeps 200.0 out.
_OK: Final = 200
TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"


class BodyStream:
    """A body that is sent piece by piece; marks what the connection has to iterate.

    Args:
        chunks: A sync or an async iterator of str or bytes-like pieces; empty ones are passed over.
        close: Called when the body has been sent or given up.
    """

    __slots__ = ("chunks", "close", "length")

    def __init__(
        self,
        chunks: Iterator[Any] | AsyncIterator[Any],
        close: Callable[[], object] | None = None,
    ) -> None:
        self.chunks = chunks
        self.close = close
        self.length: int | None = None


class HttpResponse:
    """A response.

    Args:
        body: ``str`` is sent as text, in UTF-8 unless the Content-Type names another charset, bytes-likes as
            they are, ``dict``, ``list``, ``tuple``, numbers, ``bool`` and dataclasses as JSON, ``None`` as
            nothing. A sync or async iterator is streamed, a ``pathlib.Path`` or a binary file is sent as a file.
        status_code: 100 to 599. 1xx, 204 and 304 carry no body whatever ``body`` is (RFC 9110 §6.4.1).
        content_type: Media type; text types without a charset get ``charset=utf-8``. Default: by the type of
            the body; text is never guessed to be HTML.
        headers: Header fields, copied. A Content-Type in here wins over ``content_type``.

    Raises:
        TypeError: If a body of this type cannot be sent.
        ValueError: If the status code is out of range, or a header field could split the response.

    >>> HttpResponse({"ok": True}).content_type
    'application/json'
    """

    __slots__ = ("_content_type", "_headers", "body", "status_code", "trailers")

    body: Any
    status_code: int

    def __init__(
        self,
        body: Any = "",
        status_code: int = 200,
        content_type: str | None = None,
        headers: HeadersInit | None = None,
    ) -> None:
        if status_code is not _OK:
            check_status(status_code)
        self.status_code = status_code
        default = _CONTENT_TYPES.get(type(body), _UNKNOWN)
        if default is _UNKNOWN:
            body, default = _adapt(body)
        self.body = body
        self._content_type: str | None = default if content_type is None else _with_charset(content_type)
        self._headers: Headers | None = None
        self.trailers: Callable[[], Mapping[str, str]] | Mapping[str, str] | None = None
        if headers is not None:
            self._headers = fields = Headers(headers)
            if "content-type" not in fields and self._content_type is not None:
                fields["Content-Type"] = self._content_type

    @property
    def headers(self) -> Headers:
        """The header fields; changes to them are sent."""
        fields = self._headers
        if fields is None:
            self._headers = fields = Headers()
            if self._content_type is not None:
                fields["Content-Type"] = self._content_type
        return fields

    @property
    def content_type(self) -> str | None:
        """The media type that will be sent; None for a response without one."""
        fields = self._headers
        if fields is None:
            return self._content_type
        # PERF: asked of every text with fields of its own; get() takes three times as long.
        for name, value in fields._pairs:
            if name == "Content-Type" or name.lower() == "content-type":
                return value
        return None

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.set_header("Content-Type", _with_charset(value))

    def set_status_code(self, status_code: int) -> None:
        """Set the status code.

        Raises:
            ValueError: If it is not an int from 100 to 599.
        """
        check_status(status_code)
        self.status_code = status_code

    def set_header(self, key: str, value: object) -> None:
        """Set a header field, replacing those of the same name.

        Raises:
            ValueError: If name or value holds CR, LF, NUL or what else may not stand there.
        """
        self.headers[key] = value

    def set_headers(self, headers: Mapping[str, str]) -> None:
        """Set several header fields, each as :meth:`set_header` does.

        Raises:
            ValueError: As there; then none of them has been set.
        """
        checked = Headers(headers)
        for key in checked:
            self.headers[key] = checked[key]

    def add_header(self, key: str, value: object) -> None:
        """Append a header field, keeping those of the same name.

        Raises:
            ValueError: As :meth:`set_header`.
        """
        self.headers.add(key, value)

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: datetime | int | str | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Add a Set-Cookie field (RFC 6265bis §4.1); each call adds one.

        Args:
            name: A token.
            value: Cookie octets: no blanks, quotes, commas, semicolons or backslashes.
            max_age: Seconds to live.
            expires: When it ends; ``max_age`` wins in browsers.
            path: Where it is sent back.
            domain: Send it to subdomains of this too. Default: only to the host itself.
            secure: Only over HTTPS.
            httponly: Not for scripts.
            samesite: Whether other sites' requests carry it.
            partitioned: One cookie jar per top-level site.

        Raises:
            ValueError: If a part cannot stand in a cookie.
        """
        from areion_http.cookies import format_set_cookie

        self.headers.add(
            "Set-Cookie",
            format_set_cookie(
                name,
                value,
                max_age=max_age,
                expires=expires,
                path=path,
                domain=domain,
                secure=secure,
                httponly=httponly,
                samesite=samesite,
                partitioned=partitioned,
            ),
        )

    def delete_cookie(
        self,
        name: str,
        *,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Add a Set-Cookie field that makes the client forget a cookie; attributes as it was set.

        Raises:
            ValueError: As :meth:`set_cookie`.
        """
        from areion_http.cookies import format_delete_cookie

        self.headers.add(
            "Set-Cookie",
            format_delete_cookie(
                name,
                path=path,
                domain=domain,
                secure=secure,
                httponly=httponly,
                samesite=samesite,
                partitioned=partitioned,
            ),
        )

    def encode(self) -> bytes:
        """Return the body as bytes.

        Raises:
            TypeError: If it is a stream or a file, or holds something JSON cannot express.
            ValueError: If it is text that the charset of the Content-Type cannot express.
        """
        return encode_body(self.body, self.content_type)

    def format_response(self) -> bytes:
        """Return the whole response as it would be sent to a GET on a persistent HTTP/1.1 connection.

        A file is opened and read, so this **blocks**.

        Raises:
            TypeError, ValueError: As :meth:`encode`, but for files.
            NotFoundError: If the file is not there.
            OSError: If it cannot be read.
        """
        from areion_http._file_answer import read_file
        from areion_http._serializer import Serializer
        from areion_http.files import FileBody

        if not isinstance(self.body, FileBody):
            return Serializer().response(self, self.encode())
        return Serializer().response(*read_file(self, self.body))

    def __str__(self) -> str:
        return f"{self.status_code} {reason_phrase(self.status_code)}".rstrip()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code} {self.content_type}>"


def coerce(value: Any) -> HttpResponse:
    """Return ``value`` if it is a response, else a 200 response with it as the body.

    Raises:
        TypeError: If it cannot be a body.
    """
    return value if isinstance(value, HttpResponse) else HttpResponse(value)


def check_status(status_code: object) -> None:
    """Raise ValueError unless ``status_code`` is an int from 100 to 599 (RFC 9110 §15)."""
    if not isinstance(status_code, int) or isinstance(status_code, bool) or not 100 <= status_code <= 599:
        raise ValueError(f"status_code: expected an int from 100 to 599, got {status_code!r}")


def dump_json(value: Any) -> bytes:
    """Return ``value`` as JSON; keys of a dict may be numbers, dates and the like.

    Raises:
        TypeError: If something in it cannot be expressed, naming its type.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(value, _json_default, orjson.OPT_NON_STR_KEYS)


def _json_default(value: Any) -> Any:
    """Express what orjson leaves to others: named tuples and mappings that are no dict."""
    if isinstance(value, tuple):
        return tuple(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__qualname__} cannot be expressed in JSON")


def encode_body(body: Any, content_type: str | None = None) -> bytes:
    """Return a body as bytes, text in the charset of ``content_type``; see :meth:`HttpResponse.encode`."""
    kind = type(body)
    if kind is bytes:
        return body  # type: ignore[no-any-return]  # of exactly this type
    if kind is str:
        if content_type is None or content_type in IN_UTF8:
            return body.encode()  # type: ignore[no-any-return]  # as above
        from areion_http._charsets import encode_text

        return encode_text(body, content_type)
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(body)
    adapted, _ = _adapt(body)
    if type(adapted) not in _CONTENT_TYPES:
        name = type(adapted.chunks).__qualname__ if isinstance(adapted, BodyStream) else kind.__qualname__
        raise TypeError(
            f"a body of type {name} is sent piece by piece and has no bytes of its own: return the response to the "
            "server, or join the pieces first"
        )
    return encode_body(adapted, content_type)


_UNKNOWN: Final = "?"
# Exact types, looked up once for each response; what is not here is adapted.
_CONTENT_TYPES: Final[dict[type, str | None]] = {
    str: TEXT,
    bytes: BYTES,
    dict: JSON,
    list: JSON,
    tuple: JSON,
    int: JSON,
    float: JSON,
    bool: JSON,
    type(None): None,
}
_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    dict: dump_json,
    list: dump_json,
    tuple: dump_json,
    int: dump_json,
    float: dump_json,
    bool: dump_json,
    type(None): lambda _: b"",
}


def _adapt(body: Any) -> tuple[Any, str | None]:
    """Turn a body of a less common type into one that can be sent; return it with its media type."""
    from areion_http.files import FileBody

    if isinstance(body, FileBody):
        return body, body.content_type
    if isinstance(body, (BodyStream, AsyncIterable)):
        stream = (
            body if isinstance(body, BodyStream) else BodyStream(aiter(body), getattr(body, "aclose", None))
        )
        return stream, BYTES
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body), BYTES
    if isinstance(body, str):
        return str(body), TEXT
    if isinstance(body, bytes):
        return bytes(body), BYTES
    if dataclasses.is_dataclass(body) and not isinstance(body, type):
        return dump_json(body), JSON
    if isinstance(body, (dict, list, tuple, int, float)):
        return dump_json(body), JSON
    if isinstance(body, Mapping):
        return dict(body), JSON
    if isinstance(body, Path):
        file = FileBody(body)
        return file, file.content_type
    if isinstance(body, (io.RawIOBase, io.BufferedIOBase)):
        return BodyStream(iter(lambda: body.read(64 * 1024), b""), body.close), BYTES
    if isinstance(body, Iterator):
        return BodyStream(body, getattr(body, "close", None)), BYTES
    if isinstance(body, Awaitable):
        raise TypeError(
            f"a response body cannot be of type {type(body).__qualname__}: it has to be awaited first; "
            "a plain middleware around an asynchronous handler gets such, and should be 'async def'"
        )
    raise TypeError(
        f"a response body cannot be of type {type(body).__qualname__}: expected str, bytes, dict, list, tuple, "
        "a number, bool, None, a dataclass, an iterator, a pathlib.Path or a binary file"
    )


def _with_charset(content_type: str) -> str:
    """Add ``charset=utf-8`` to a text type without a charset (RFC 9110 §8.3.2)."""
    if not isinstance(content_type, str):
        raise TypeError(f"content_type: expected a str, got {content_type!r}")
    known = _CHARSET_ADDED.get(content_type)
    if known is not None:
        return known
    value = Headers({"Content-Type": content_type})["content-type"]
    lowered = value.lower()
    if lowered.startswith("text/") and "charset=" not in lowered:
        return f"{value}; charset=utf-8"
    return value


_CHARSET_ADDED: Final = {
    JSON: JSON,
    TEXT: TEXT,
    BYTES: BYTES,
    "text/plain": TEXT,
    "text/html": "text/html; charset=utf-8",
}
# PERF: types whose text is in UTF-8, known without a look at what they say.
IN_UTF8: Final = frozenset(_CHARSET_ADDED.values())
