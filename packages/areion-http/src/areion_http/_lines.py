"""A request's head read line by line: slower than the one pattern, and able to say what is wrong and where.

It accepts all that RFC 9112 allows within the limits and refuses the rest with a reason, a status code, an
offset and the bytes around it. What two implementations could read differently is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final, NoReturn

from areion_http import _grammar
from areion_http.config import HttpConfig
from areion_http.errors import ProtocolError

_EXCERPT: Final = 16
# What lines of a head are made of, with their ends: all but the other controls (RFC 9110 §5.5).
_LINES: Final = bytes(byte for byte in range(256) if byte >= 0x20 and byte != 0x7F) + b"\t\r\n"


@dataclass(slots=True)
class Framing:
    """What of a head decides how the connection goes on."""

    data: bytes
    method: bytes = b""
    path: bytes = b""
    query: bytes | None = None
    minor: int = 1
    authority: bytes | None = None
    fields_start: int = 0
    end: int = 0
    host: bytes | None = None
    connection: bytes | None = None
    length: int | None = None
    codings: list[bytes] | None = None
    codings_at: int = 0
    expects_continue: bool = False
    field_count: int = 0

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks; any other coding has been refused."""
        return self.codings is not None

    @property
    def keep_alive(self) -> bool:
        """Whether the connection persists after the response; never where a client expects a tunnel."""
        return self.method != b"CONNECT" and keeps_alive(self.connection or b"", self.minor)


def keeps_alive(connection: bytes, minor: int) -> bool:
    """Tell from the value of Connection whether the connection persists (RFC 9112 §9.3)."""
    if connection == b"close":
        return False
    options = {option.strip(b" \t").lower() for option in connection.split(b",")}
    if b"close" in options:
        return False
    return minor == 1 or b"keep-alive" in options


# Old clients send a line too many after a body (RFC 9112 §2.2).
_MAX_EMPTY_LINES: Final = 2


def skip_empty(data: bytes, start: int) -> int:
    """Return the offset of the request line behind a few empty lines."""
    for _ in range(_MAX_EMPTY_LINES):
        if not data.startswith(b"\r\n", start):
            break
        start += 2
    return start


def read_head(data: bytes, start: int, fields_end: int, config: HttpConfig) -> Framing:
    """Read a complete head.

    Args:
        data: The bytes that hold it.
        start: Offset of the request line.
        fields_end: Offset of the empty line that ends the head.
        config: The limits.

    Raises:
        ProtocolError: If anything in it is wrong, ambiguous or over a limit.
    """
    head = Framing(data, end=fields_end + 2)
    # An LF or NUL in front of the first CR LF would make a line of what another parser reads as two.
    _refuse_forbidden(data, start, fields_end, start)
    line_end = data.index(b"\r\n", start)
    _check_sizes(data, start, line_end, fields_end + 2, config)
    _request_line(head, data, start, line_end)
    head.fields_start = position = line_end + 2
    while position < fields_end:
        line_end = data.index(b"\r\n", position)
        _field(head, data, position, line_end, start, config)
        position = line_end + 2
    _conclude(head, data, start)
    return head


def check_partial(data: bytes, start: int, checked: int, seen: int, config: HttpConfig) -> int:
    """Check what has arrived of a head that is not complete; see ``HeadParser.check_partial``."""
    start = skip_empty(data, start)
    checked = max(start, checked)
    # The last byte seen again: it may have been a CR whose LF has only now arrived.
    _refuse_forbidden(data, max(start, seen - 1), len(data), start)
    first_line = checked == start
    position = checked
    scratch = Framing(data)
    while (line_end := data.find(b"\r\n", position)) >= 0:
        if first_line:
            _check_sizes(data, start, line_end, line_end, config)
            _request_line(scratch, data, start, line_end)
            first_line = False
        else:
            _field(scratch, data, position, line_end, start, config)
        position = line_end + 2
    if first_line:
        # A CR at the end may belong to the line's end, which does not count.
        if len(data) - start - data.endswith(b"\r") > config.max_request_line:
            _too_long_line(data, start, config)
        _early_request_line(data, start)
    if len(data) - start > config.max_head_size:
        _head_too_large(data, start, config)
    if not first_line and data.count(b"\r\n", start) - 1 > config.max_fields:
        _too_many_fields(data, position, start, config)
    return position


def _fail(reason: str, data: bytes, position: int, start: int, status_code: int = 400) -> NoReturn:
    excerpt = data[max(start, position - _EXCERPT) : position + _EXCERPT]
    to_head = data.startswith(b"HEAD ", start)
    raise ProtocolError(reason, status_code, offset=position - start, excerpt=excerpt, to_head=to_head)


def _refuse_forbidden(data: bytes, begin: int, end: int, start: int) -> None:
    # PERF: nearly no head has any, and a search for them takes twenty times as long as counting.
    part = data[begin:end]
    if not part.translate(None, _LINES) and part.count(b"\n") == part.count(b"\r") == part.count(b"\r\n"):
        return
    found = _grammar.FORBIDDEN.search(data, begin, end)
    if found is None:
        return
    position = found.start()
    byte = data[position]
    if byte == 0x0A:
        reason = "a line ends in LF without CR (RFC 9112 §2.2)"
    elif byte == 0x0D:
        reason = "CR without LF (RFC 9112 §2.2)"
    elif byte == 0:
        reason = "NUL in the head (RFC 9110 §5.5)"
    elif byte == 0x16 and position == start:
        reason = "this is a TLS handshake, and the port speaks plain HTTP"
    else:
        reason = f"control character 0x{byte:02x} in the head (RFC 9110 §5.5)"
    _fail(reason, data, position, start)


def _check_sizes(data: bytes, start: int, line_end: int, end: int, config: HttpConfig) -> None:
    if line_end - start > config.max_request_line:
        _too_long_line(data, start, config)
    if end - start > config.max_head_size:
        _head_too_large(data, start, config)


def _too_long_line(data: bytes, start: int, config: HttpConfig) -> NoReturn:
    if data.find(b" ", start, start + config.max_request_line) < 0:
        _fail("the request line has no space after the method (RFC 9112 §3)", data, start, start)
    _fail(
        f"request line longer than {config.max_request_line} bytes (max_request_line)",
        data, start + config.max_request_line, start, 414,
    )  # fmt: skip


def _head_too_large(data: bytes, start: int, config: HttpConfig) -> NoReturn:
    _fail(
        f"head larger than {config.max_head_size} bytes (max_head_size)",
        data, start + config.max_head_size, start, 431,
    )  # fmt: skip


def _too_many_fields(data: bytes, position: int, start: int, config: HttpConfig) -> NoReturn:
    _fail(f"more than {config.max_fields} header fields (max_fields)", data, position, start, 431)


def _early_request_line(data: bytes, start: int) -> None:
    """Refuse an unfinished request line whose method is already no token."""
    space = data.find(b" ", start)
    method = data[start : space if space >= 0 else len(data)]
    if method.rstrip(b"\r") and _grammar.TOKEN.match(method.rstrip(b"\r")) is None:
        _fail("the method is not a token (RFC 9110 §9.1)", data, start, start)
    if space == start:
        _fail("the request line begins with a space (RFC 9112 §3)", data, start, start)


def _request_line(head: Framing, data: bytes, start: int, line_end: int) -> None:
    parts = data[start:line_end].split(b" ")
    if len(parts) != 3:
        _fail(
            "the request line is not method, target and version with single spaces (RFC 9112 §3)",
            data, start, start,
        )  # fmt: skip
    method, target, version = parts
    if _grammar.TOKEN.match(method) is None:
        _fail("the method is not a token (RFC 9110 §9.1)", data, start, start)
    at_target = start + len(method) + 1
    at_version = at_target + len(target) + 1
    if version == b"HTTP/1.1":
        head.minor = 1
    elif version == b"HTTP/1.0":
        head.minor = 0
    elif _grammar.VERSION.match(version) is not None:
        _fail("this server speaks HTTP/1.1 and HTTP/1.0 (RFC 9110 §15.6.6)", data, at_version, start, 505)
    else:
        _fail("the version is not HTTP/DIGIT.DIGIT (RFC 9112 §2.3)", data, at_version, start)
    head.method = method
    _target(head, target, data, at_target, start)


def _target(head: Framing, target: bytes, data: bytes, position: int, start: int) -> None:
    """Read one of the four forms (RFC 9112 §3.2)."""
    if head.method == b"CONNECT":
        if not _port(target):
            _fail("the target of CONNECT is host:port (RFC 9112 §3.2.3)", data, position, start)
        head.path = head.authority = target
    elif (origin := _grammar.ORIGIN_FORM.match(target)) is not None:
        head.path, head.query = origin.groups()
    elif target == b"*":
        if head.method != b"OPTIONS":
            _fail("the target * is for OPTIONS only (RFC 9112 §3.2.4)", data, position, start)
        head.path = target
    elif (absolute := _grammar.ABSOLUTE_FORM.match(target)) is not None:
        _, authority, path, query = absolute.groups()
        if _port(authority) is None:
            _fail("the authority of the target is not host[:port] (RFC 9110 §4.2)", data, position, start)
        head.authority = authority
        # An empty path means "/", and for OPTIONS without a query the server as a whole (RFC 9112 §3.2.4).
        whole_server = path is None and query is None and head.method == b"OPTIONS"
        head.path = path or (b"*" if whole_server else b"/")
        head.query = query
    else:
        _fail("the target is in none of the four forms (RFC 9112 §3.2, RFC 3986)", data, position, start)
    bad = _grammar.BAD_PERCENT.search(head.path)
    if bad is not None:
        _fail("a % in the path is not followed by two hex digits (RFC 3986 §2.1)", data, position, start)


def _port(authority: bytes) -> bytes | None:
    """Return the digits of the port behind a host, empty if there are none; None if it is not host[:port]."""
    match = _grammar.HOST.match(authority)
    if match is None:
        return None
    if authority.startswith(b"["):
        try:
            IPv6Address(authority[1 : authority.index(b"]")].decode())
        except ValueError:
            return None
    port = match[1] or b""
    return port if int(port or 0) <= 65535 else None


def _field(head: Framing, data: bytes, position: int, line_end: int, start: int, config: HttpConfig) -> None:
    line = data[position:line_end]
    match = _grammar.FIELD_LINE.match(line)
    if match is None:
        _fail(_why_not_a_field(line), data, position, start)
    head.field_count += 1
    if head.field_count > config.max_fields:
        _too_many_fields(data, position, start, config)
    name = match[1].lower()
    if name in _FRAMING:
        value = match[2].strip(b" \t")
        if name == b"host":
            _host(head, value, data, position, start)
        elif name == b"connection":
            head.connection = value if head.connection is None else head.connection + b"," + value
        elif name == b"content-length":
            _content_length(head, value, data, position, start)
        elif name == b"transfer-encoding":
            _transfer_encoding(head, value, position)
        elif value.lower() == b"100-continue":
            head.expects_continue = True
        else:
            _fail("the only expectation known is 100-continue (RFC 9110 §10.1.1)", data, position, start, 417)


_FRAMING: Final = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding", b"expect"})


def _why_not_a_field(line: bytes) -> str:
    if line[:1] in {b" ", b"\t"}:
        return "a line of the head begins with a blank: folded fields are not accepted (RFC 9112 §5.2)"
    name, colon, _ = line.partition(b":")
    if not colon:
        return "a field line has no colon (RFC 9112 §5)"
    if not name:
        return "a field line has no name (RFC 9112 §5)"
    if name.rstrip(b" \t") != name:
        return "blanks between a field name and its colon (RFC 9112 §5.1)"
    return "the field name is not a token (RFC 9110 §5.1)"


def _host(head: Framing, value: bytes, data: bytes, position: int, start: int) -> None:
    if head.host is not None:
        _fail("more than one Host field (RFC 9112 §3.2)", data, position, start)
    if _port(value) is None:
        _fail("the Host field is not host[:port] (RFC 9112 §3.2)", data, position, start)
    head.host = value


def _content_length(head: Framing, value: bytes, data: bytes, position: int, start: int) -> None:
    # Identical repetitions may be accepted (RFC 9112 §6.3); refusing leaves nothing to read in two ways.
    if head.length is not None:
        _fail("more than one Content-Length (RFC 9112 §6.3)", data, position, start)
    if _grammar.CONTENT_LENGTH.match(value) is None:
        _fail("Content-Length is not a decimal number (RFC 9110 §8.6)", data, position, start)
    head.length = int(value)


def _transfer_encoding(head: Framing, value: bytes, position: int) -> None:
    codings = [coding.strip(b" \t").lower() for coding in value.split(b",")]
    head.codings = codings if head.codings is None else [*head.codings, *codings]
    head.codings_at = position


def _check_codings(head: Framing, codings: list[bytes], data: bytes, start: int) -> None:
    """Refuse all codings but one ``chunked``, and even that beside anything else that frames."""
    at = head.codings_at
    if head.length is not None:
        _fail("both Transfer-Encoding and Content-Length (RFC 9112 §6.3)", data, at, start)
    if head.minor == 0:
        _fail("Transfer-Encoding in HTTP/1.0 (RFC 9112 §6.1)", data, at, start)
    if codings == [b"chunked"]:
        return
    names = [coding.partition(b";")[0].rstrip(b" \t") for coding in codings]
    if not all(map(_grammar.TOKEN.match, names)):
        _fail("Transfer-Encoding is not a list of codings (RFC 9112 §6.1)", data, at, start)
    if names.count(b"chunked") > 1 or b"chunked" in names[:-1]:
        _fail("chunked must be the last transfer coding, once (RFC 9112 §6.1)", data, at, start)
    if names == [b"chunked"]:
        _fail("the chunked coding has no parameters (RFC 9112 §7.1)", data, at, start)
    _fail("the only transfer coding known is chunked (RFC 9112 §6.1)", data, at, start, 501)


def _conclude(head: Framing, data: bytes, start: int) -> None:
    """Check what only the whole head can show."""
    at = head.fields_start
    if head.minor == 1 and head.host is None:
        _fail("HTTP/1.1 without a Host field (RFC 9112 §3.2)", data, at, start)
    if head.codings is not None:
        _check_codings(head, head.codings, data, start)
    # An HTTP/1.0 client cannot wait for a 100 (RFC 9110 §10.1.1).
    if head.minor == 0:
        head.expects_continue = False
