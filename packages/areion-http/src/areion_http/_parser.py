"""The head of a request, free of I/O: bytes in, and exactly three outcomes.

``parse`` returns a request, or ``None`` (more bytes are needed), or raises ``ProtocolError``. Nearly every
head is read by one match of one pattern; what that does not match is read line by line by ``_lines``, which
knows the reason of every refusal. Both accept the same language; a test holds them against each other.

RFC 9112 §2 to §6. Bodies are not read here, and nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from areion_http import _lines
from areion_http._grammar import usual_head
from areion_http._lines import Framing
from areion_http.config import HttpConfig
from areion_http.request import NOWHERE, ConnectionInfo, HttpRequest

R = TypeVar("R", bound=HttpRequest)

# The methods of RFC 9110 §9 and RFC 5789 as interned text; others, and CONNECT, are read line by line.
_METHODS: Final = {
    name.encode(): name for name in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
}
# PERF: the spellings of nearly every browser and client; other values are split into options.
_PERSISTS: Final = frozenset({b"keep-alive", b"Keep-Alive"})


class HeadParser(Generic[R]):
    """Reads request heads into requests of one class, within the limits of one configuration.

    Args:
        config: Its ``max_request_line``, ``max_head_size`` and ``max_fields`` are used.
        request_class: What to make of a head.
    """

    __slots__ = ("_blank", "_config", "_match", "_usual_size")

    def __init__(self, config: HttpConfig, request_class: type[R]) -> None:
        self._config = config
        # PERF: a class without an __init__ of its own is called at half the price.
        self._blank: Callable[[], R] = type(
            request_class.__name__,
            (request_class,),
            {"__slots__": (), "__init__": object.__init__, "__doc__": request_class.__doc__},
        )
        self._match = usual_head(config.max_fields).match
        # A head that is shorter than the request line may be is within both limits.
        self._usual_size = min(config.max_request_line, config.max_head_size)

    def parse(self, data: bytes, start: int = 0, connection: ConnectionInfo = NOWHERE) -> R | None:
        """Read the head that begins at ``start``.

        Args:
            data: What has been received and not yet used.
            start: Offset of the first byte of the head.
            connection: What the request is to know of its connection.

        Returns:
            A request, whose ``_head_end`` is the offset of the first byte after the head; ``None`` if the
            head is not complete (then :meth:`check_partial` tells whether it still can be).

        Raises:
            ProtocolError: If the head is not HTTP/1.1, is ambiguous, or exceeds a limit.
        """
        match = self._match(data, start)
        if match is None:
            return self._parse_lines(data, start, connection)
        end = match.end()
        if end - start > self._usual_size:
            return self._parse_lines(data, start, connection)
        # PERF: all that is not asked of every request is taken from the match when somebody asks.
        method, path, _, zero, _, _, option, length = match.groups()
        request: R = self._blank()
        try:
            request.method = name = _METHODS[method]
        except KeyError:
            return self._parse_lines(data, start, connection)
        request.raw_path = path.decode()
        request.connection = connection
        request._match = match
        request._head_end = end
        request.declared_length = 0 if length is None else int(length)
        request._plain = (option is None or option in _PERSISTS) and zero is None and name != "HEAD"
        return request

    def _parse_lines(self, data: bytes, start: int, connection: ConnectionInfo) -> R | None:
        start = _lines.skip_empty(data, start)
        end = data.find(b"\r\n\r\n", start)
        if end < 0:
            return None
        return self._build(_lines.read_head(data, start, end + 2, self._config), connection)

    def _build(self, head: Framing, connection: ConnectionInfo) -> R:
        request: R = self._blank()
        request.method = _METHODS.get(head.method) or head.method.decode()
        request.raw_path = head.path.decode()
        request._match = None
        request.connection = connection
        request._query = head.query
        request._fields = head.data[head.fields_start : head.end - 4]
        request._head_end = head.end
        request._plain = False
        request._minor = head.minor
        request._keep_alive = head.keep_alive
        request.declared_length = -1 if head.chunked else head.length or 0
        if head.authority is not None:
            request._authority = head.authority.decode()
        request._expects_continue = head.expects_continue
        return request

    def check_partial(self, data: bytes, start: int, checked: int, seen: int = 0) -> int:
        """Refuse an incomplete head as early as it can be known to be wrong.

        Args:
            data: What has been received.
            start: Where the head begins.
            checked: What the previous call returned; ``start`` at first.
            seen: How much of ``data`` the previous call was given; 0 at first.

        Returns:
            The offset up to which complete lines have been found right; with ``seen`` it keeps the work linear
            however the bytes arrive.

        Raises:
            ProtocolError: If no further bytes can make it a valid head within the limits.
        """
        return _lines.check_partial(data, start, checked, seen, self._config)
