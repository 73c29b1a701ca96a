"""The request: what a head says, and a body that is pulled.

A parser fills the few slots that every request needs; everything else (header mapping, cookies, query
parameters) is made when somebody asks and then kept. Nothing here knows about templates, tasks or routes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from areion_http._on_demand import MAKERS, OnDemand
from areion_http.errors import BadRequestError, PayloadTooLargeError
from areion_http.headers import Headers, HeadersInit

if TYPE_CHECKING:
    from areion_http._incoming import IncomingBody
    from areion_http.forms import FormData, FormLimits, MultiDict


class Client(NamedTuple):
    """Address of the peer: ``host`` as text, ``port`` as a number."""

    host: str
    port: int


class ConnectionInfo:
    """What a request knows of the connection it came over.

    Attributes:
        client: Address of the peer, None over a unix socket.
        scheme: ``http`` or ``https``.
        disconnected: Whether the peer has closed its side.
        stopping: Whether the server stops: a stream without an end had better come to one.
        server: Address of the listener, None over a unix socket.
        tls: The ``ssl.SSLObject`` of an encrypted connection, None otherwise.
    """

    __slots__ = ()

    client: Client | None = None
    scheme: str = "http"
    disconnected: bool = False
    stopping: bool = False
    server: tuple[str, int] | None = None
    tls: Any = None


NOWHERE: Final = ConnectionInfo()
_UNPARSED: Final = object()
_FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class HttpRequest:
    """A request as a handler sees it.

    Attributes:
        method: The method, as sent; methods are case-sensitive (RFC 9110 §9.1).
        path: The path, percent-decoded.
        raw_path: The path as it was sent, without the query.
        headers: Header fields: case-insensitive, ordered, multi-valued.
        metadata: A dict for whatever middleware and handlers want to hand on.
        body: The whole content. It is there when an ordinary handler is called; before it has been read,
            asking for it is an error, and ``await request.read()`` gets it.
        query_params: Query parameters; the last value of a name wins, ``getall(name)`` gives all.
        cookies: Cookies by name.
        client: ``Client(host, port)`` of the peer, None over a unix socket.
        scheme: ``http`` or ``https``.
        host: Host and port as the client named them; of an absolute-form target its authority.
        url: The whole URL, from scheme, host and target.
        http_version: ``"1.1"`` or ``"1.0"``.
        declared_length: Bytes of content the head declares; 0 without a body, -1 when it comes in chunks.
        trailers: Fields that came behind a body in chunks, once it has been read (RFC 9110 §6.5); never mixed
            with ``headers``.

    Args:
        method: For example ``"GET"``.
        path: Target in origin form; a query may follow a ``?``.
        headers: A mapping, or pairs of name and value.
        body: The content.

    Raises:
        ValueError: If a header field could not be sent.
    """

    # PERF: slots for what every request has; what is made on demand goes into the dict, see OnDemand.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_head_end",
        "_match",
        "_plain",
        "connection",
        "declared_length",
        "method",
        "raw_path",
    )

    method: str
    path: str
    raw_path: str
    headers: Headers
    metadata: dict[str, Any]
    body: bytes
    query_params: MultiDict[str]
    cookies: Mapping[str, str]
    client: Client | None
    scheme: str
    host: str
    declared_length: int
    trailers: Headers
    connection: ConnectionInfo
    _query: bytes | None
    _match: re.Match[bytes] | None
    _max_body: int | None = None
    _fields: bytes
    _head_end: int
    _plain: bool
    _minor: int
    _keep_alive: bool
    _authority: str | None = None
    _expects_continue: bool = False
    _incoming: IncomingBody | None = None
    _parsed_body: Any = _UNPARSED
    _form: FormData | None = None

    def __init__(
        self, method: str, path: str, headers: HeadersInit | None = None, body: bytes | str | None = b""
    ) -> None:
        raw_path, mark, query = path.partition("?")
        self.method = method
        self.raw_path = raw_path
        self._match = None
        self.connection = NOWHERE
        self._query = query.encode() if mark else None
        self._minor = 1
        self._keep_alive = True
        self._plain = method != "HEAD"
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body.encode() if isinstance(body, str) else body or b""
        self.declared_length = len(self.body)

    # -- head ---------------------------------------------------------------------------------------------

    @property
    def http_version(self) -> str:
        """``"1.1"`` or ``"1.0"``."""
        return "1.1" if self._minor else "1.0"

    @property
    def url(self) -> str:
        """The whole URL (RFC 9110 §7.1)."""
        query = "" if self._query is None else "?" + self._query.decode()
        path = "" if self.raw_path == "*" else self.raw_path
        return f"{self.scheme}://{self.host}{path}{query}"

    @property
    def content_type(self) -> str | None:
        """The media type without parameters, lower-case; None if the client sent none."""
        value = self.headers.get("content-type")
        return None if value is None else value.partition(";")[0].strip().lower()

    def get_header(self, key: str, default: str | None = None) -> str | None:
        """Return the first value of a header field, whatever the case of ``key``."""
        return self.headers.get(key, default)

    def add_header(self, key: str, value: object) -> None:
        """Set a header field on the request, replacing those of the same name.

        Raises:
            ValueError: If name or value could not stand in a message.
        """
        self.headers[key] = value

    def get_query_param(self, key: str, default: Any = None) -> Any:
        """Return the last value of a query parameter, or ``default``."""
        return self.query_params.get(key, default)

    def get_raw_query_params(self) -> str:
        """Return the query as it was sent, without the ``?``."""
        return "" if self._query is None else self._query.decode()

    def get_parsed_query_params(self) -> dict[str, str]:
        """Return the query parameters as a new dict; the last value of a name wins."""
        return dict(self.query_params)

    def add_metadata(self, key: str, value: Any) -> None:
        """Keep a value under ``key`` for whoever handles the request next."""
        self.metadata[key] = value

    def get_metadata(self, key: str, default: Any = None) -> Any:
        """Return what was kept under ``key``, or ``default``."""
        return self.metadata.get(key, default)

    # -- body ---------------------------------------------------------------------------------------------

    @property
    def body_arrived(self) -> bool:
        """Whether the whole body is here, so that ``body`` can be used without waiting."""
        return self._incoming is None

    def limit_body(self, limit: int) -> None:
        """Accept at most ``limit`` bytes of body, in place of ``HttpConfig.max_body_size``.

        Raises:
            PayloadTooLargeError: If the body is, or is declared to be, larger.
        """
        if self.declared_length > limit:
            raise too_large(limit)
        self._max_body = limit

    async def read(self, limit: int | None = None) -> bytes:
        """Read the whole body and keep it in ``body``.

        Args:
            limit: Most bytes to accept. Default: that of :meth:`limit_body`, or ``HttpConfig.max_body_size``.

        Raises:
            PayloadTooLargeError: If the body is, or is declared to be, larger than ``limit``.
            ProtocolError: If its framing is broken.
            RequestTimeoutError: If it comes too slowly.
            ClientDisconnectedError: If the client leaves before the end.
        """
        incoming = self._incoming
        if incoming is not None:
            self.body = await incoming.read(self._max_body if limit is None else limit)
            self.trailers = Headers.trusted(incoming.trailers)
            self._incoming = None
        elif limit is not None and len(self.body) > limit:
            raise too_large(limit)
        return self.body

    async def stream(self, limit: int | None = None) -> AsyncIterator[bytes]:
        """Give the body piece by piece as it arrives; pieces are not empty.

        A body that has been streamed is not kept: ``body`` and ``read`` cannot be used afterwards. An iteration
        that was left can be taken up by another call.

        Args:
            limit: Most bytes to accept. Default: as for :meth:`read`.

        Raises:
            PayloadTooLargeError, ProtocolError, RequestTimeoutError, ClientDisconnectedError: As ``read``.
        """
        incoming = self._incoming
        if incoming is None:
            if limit is not None and len(self.body) > limit:
                raise too_large(limit)
            if self.body:
                yield self.body
            return
        async for chunk in incoming.stream(self._max_body if limit is None else limit):
            yield chunk
        self.trailers = Headers.trusted(incoming.trailers)

    async def text(self, limit: int | None = None) -> str:
        """Read the body as text in the charset the client declared, UTF-8 by default.

        Raises:
            BadRequestError: If the charset is unknown or the bytes are not of it.
        """
        await self.read(limit)
        return self._text()

    async def json(self, limit: int | None = None) -> Any:
        """Read the body as JSON, whatever its Content-Type.

        Raises:
            BadRequestError: If it is not JSON, saying at which line and column.
        """
        return parse_json(await self.read(limit))

    async def form(self, limit: int | None = None, *, limits: FormLimits | None = None) -> FormData:
        """Read a urlencoded or multipart form; files are spooled to disk while they arrive.

        The files are closed, and so removed, when the response has been sent.

        Args:
            limit: Most bytes of the whole body. Default: that of :meth:`limit_body`; without one, of a
                multipart form what ``limits`` allow, of any other ``HttpConfig.max_body_size``.
            limits: What a multipart form may hold. Default: ``FormLimits()``.

        Raises:
            BadRequestError: If the body is no form, or a malformed one, saying where.
            PayloadTooLargeError: If a limit of forms is exceeded.
        """
        if self._form is None:
            if self.content_type == "multipart/form-data":
                from areion_http.forms import DEFAULT_LIMITS, parse_multipart

                limits = limits or DEFAULT_LIMITS
                if limit is None:
                    limit = limits.max_total if self._max_body is None else self._max_body
                stream = self.stream(limit)
                self._form = await parse_multipart(stream, self.headers["content-type"], limits)
            else:
                await self.read(limit)
                self._form = self._parse_form()
        return self._form

    def get_raw_body(self) -> bytes:
        """Return the body as bytes."""
        return self.body

    def get_parsed_body(self) -> Any:
        """Return the body by its Content-Type: JSON, a form, or else text; ``{}`` without a body.

        Raises:
            BadRequestError: If it is not what its Content-Type says, saying where.
        """
        if self._parsed_body is _UNPARSED:
            self._parsed_body = self._parse_body()
        return self._parsed_body

    def _parse_body(self) -> Any:
        if self._form is not None:
            return self._form
        if not self.body:
            return {}
        kind = self.content_type
        if kind is None:
            return self._text()
        if kind == "application/json" or kind.endswith("+json"):
            return parse_json(self.body)
        if kind in _FORMS:
            if self._form is None:
                self._form = self._parse_form()
            return self._form
        return self._text()

    def _parse_form(self) -> FormData:
        from areion_http.forms import parse_multipart_bytes, parse_urlencoded

        kind = self.content_type
        if kind not in _FORMS:
            raise BadRequestError(
                f"expected a form, urlencoded or multipart, got {kind or 'no Content-Type'}"
            )
        if kind == "multipart/form-data":
            return parse_multipart_bytes(self.body, self.headers["content-type"])
        return parse_urlencoded(self.body, self._charset())

    def _charset(self) -> str:
        from areion_http.forms import parse_content_type

        value = self.headers.get("content-type")
        return "utf-8" if value is None else parse_content_type(value)[1].get("charset", "utf-8")

    def _text(self) -> str:
        charset = self._charset()
        if charset.lower() in {"utf-8", "utf8"}:
            codec = "utf-8"
        else:
            from areion_http._charsets import text_codec

            codec = text_codec(charset)
        try:
            return self.body.decode(codec)
        except UnicodeDecodeError as error:
            raise BadRequestError(
                f"the body is not {charset}: {error.reason} at byte {error.start}"
            ) from None

    # -- connection ---------------------------------------------------------------------------------------

    async def is_disconnected(self) -> bool:
        """Tell whether the client has closed its side of the connection."""
        return self.connection.disconnected

    def close(self) -> None:
        """Close and remove the uploaded files; called by the server when the response has been sent."""
        form = self._form
        if form is not None:
            form.close()

    # -- views --------------------------------------------------------------------------------------------

    def as_dict(self, show_components: bool = False) -> dict[str, Any]:  # noqa: ARG002 - none in this package
        """Return what the request says as a dict, for logs and debugging.

        Args:
            show_components: Include injected components; this class has none.
        """
        return {
            "method": self.method,
            "path": self.path,
            "query_params": self.get_parsed_query_params(),
            "headers": dict(self.headers.items()),
            "metadata": self.metadata,
            "body": self.get_parsed_body(),
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.raw_path}>"


def parse_json(body: bytes) -> Any:
    """Parse JSON, with the place of the fault in the error.

    Raises:
        BadRequestError: If ``body`` is not JSON (RFC 8259).
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(
            f"malformed JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None


def too_large(limit: int) -> PayloadTooLargeError:
    """Return the error for content of more than ``limit`` bytes."""
    return PayloadTooLargeError(f"the content is larger than {limit} bytes")


for _name, _make in MAKERS.items():
    setattr(HttpRequest, _name, OnDemand(_name, _make))
