"""Request bodies, free of I/O: bytes of the connection in, bytes of the content out (RFC 9112 §6, §7).

Two decoders with one face: ``feed`` consumes what belongs to the body and says how far it came; ``done``
tells the end. Everything is bounded. What they hold back is at most one incomplete line.
"""

from __future__ import annotations

from typing import Final, NoReturn, Protocol

from areion_http import _grammar
from areion_http.errors import ProtocolError

# Longest size line with its extensions: 15 digits and room for what any client has been seen to send.
_MAX_SIZE_LINE: Final = 256
_SIZE_LINE_TOO_LONG: Final = f"chunk size line longer than {_MAX_SIZE_LINE} bytes"
_NOT_A_FIELD: Final = "not a field line in the trailers (RFC 9112 §7.1.2)"
# All extensions of one body together; they carry nothing, and one-byte chunks must not multiply the traffic.
_MAX_EXTENSIONS: Final = 16 * 1024

#: Fields that are never taken from trailers, nor sent in them (RFC 9110 §6.5.1), lower-case.
NOT_IN_TRAILERS: Final = frozenset(
    [
        # framing, routing and the connection
        *(
            b"transfer-encoding",
            b"content-length",
            b"host",
            b"connection",
            b"keep-alive",
            b"upgrade",
            b"trailer",
        ),
        # modifiers of the request
        *(b"cache-control", b"expect", b"max-forwards", b"pragma", b"range", b"te"),
        *(b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range"),
        # authentication
        *(b"authorization", b"proxy-authorization", b"cookie", b"set-cookie", b"www-authenticate"),
        # what the content is
        *(b"content-encoding", b"content-type", b"content-range"),
    ]
)


class BodyDecoder(Protocol):
    """What both decoders offer."""

    done: bool

    def feed(self, data: bytes, start: int, out: list[bytes]) -> int:
        """Consume body bytes from ``data[start:]``, append content to ``out``, return the offset reached."""

    @property
    def remaining(self) -> int:
        """Bytes of content that are still to come, at least."""

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """Fields that came after the content."""


class LengthDecoder:
    """A body of as many bytes as Content-Length says (RFC 9112 §6.2).

    Args:
        length: Above 0.
    """

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = False

    def feed(self, data: bytes, start: int, out: list[bytes]) -> int:
        """Consume up to the declared number of bytes."""
        available = len(data) - start
        if available <= 0:
            return start
        if available < self._left:
            self._left -= available
            out.append(data[start:] if start else data)
            return len(data)
        end = start + self._left
        out.append(data[start:end])
        self._left = 0
        self.done = True
        return end

    @property
    def remaining(self) -> int:
        """Bytes still to come."""
        return self._left

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """None can come after such a body."""
        return []


class ChunkedDecoder:
    """A body in chunks (RFC 9112 §7.1).

    Args:
        max_trailer_size: Bytes of all trailer lines together.
        max_fields: Number of trailer lines.
    """

    __slots__ = (
        "_extensions",
        "_held",
        "_left",
        "_max_fields",
        "_max_trailer_size",
        "_passed",
        "_state",
        "done",
        "trailers",
    )

    _SIZE: Final = 0
    _DATA: Final = 1
    _DATA_END: Final = 2
    _TRAILER: Final = 3

    def __init__(self, max_trailer_size: int, max_fields: int) -> None:
        self._max_trailer_size = max_trailer_size
        self._max_fields = max_fields
        self._state = self._SIZE
        self._left = 0
        self._held = b""
        self._extensions = 0
        # Bytes of the body in front of what is being decoded, so that an error can say where it is.
        self._passed = 0
        self.done = False
        self.trailers: list[tuple[str, str]] = []

    @property
    def remaining(self) -> int:
        """The rest of the current chunk; of those behind it nothing is known."""
        return self._left

    def feed(self, data: bytes, start: int, out: list[bytes]) -> int:
        """Consume chunks, and the trailers after the last one.

        Raises:
            ProtocolError: If the chunking is malformed or a line is over its limit.
        """
        taken = len(self._held)
        if taken:
            data = self._held + data[start:]
            self._held = b""
            return self._decode(data, 0, out) + start - taken
        return self._decode(data, start, out)

    def _decode(self, data: bytes, begin: int, out: list[bytes]) -> int:
        position = begin
        end = len(data)
        while position < end and not self.done:
            if self._state == self._SIZE:
                match = _grammar.CHUNK_LINE.match(data, position)
                if match is None:
                    self._check_size_line(data, position, begin)
                    break
                if match.end() - position > _MAX_SIZE_LINE + 2:
                    self._fail(_SIZE_LINE_TOO_LONG, data, position, begin)
                self._extensions += len(match[2])
                if self._extensions > _MAX_EXTENSIONS:
                    self._fail(
                        f"chunk extensions of more than {_MAX_EXTENSIONS} bytes", data, position, begin
                    )
                self._left = int(match[1], 16)
                self._state = self._DATA if self._left else self._TRAILER
                position = match.end()
            elif self._state == self._DATA:
                stop = min(end, position + self._left)
                out.append(data[position:stop])
                self._left -= stop - position
                position = stop
                if not self._left:
                    self._state = self._DATA_END
            elif self._state == self._DATA_END:
                if not b"\r\n".startswith(data[position : position + 2]):
                    self._fail("no CR LF after the data of a chunk (RFC 9112 §7.1)", data, position, begin)
                if end - position < 2:
                    break
                position += 2
                self._state = self._SIZE
            else:
                line_end = data.find(b"\r\n", position)
                if line_end < 0:
                    self._check_partial_trailer(data, position, begin)
                    break
                self._trailer(data, position, line_end, begin)
                position = line_end + 2
        self._passed += position - begin
        if not self.done and position < end:
            self._held = data[position:]
            return end
        return position

    def _check_size_line(self, data: bytes, position: int, begin: int) -> None:
        """Return if more bytes can make it a size line; it has not been one so far."""
        if _grammar.CHUNK_LINE_BEGUN.match(data, position) is None:
            self._fail("not a chunk size line (RFC 9112 §7.1)", data, position, begin)
        if len(data) - position - data.endswith(b"\r") > _MAX_SIZE_LINE:
            self._fail(_SIZE_LINE_TOO_LONG, data, position, begin)

    def _check_partial_trailer(self, data: bytes, position: int, begin: int) -> None:
        rest = data[position:].removesuffix(b"\r")
        if _grammar.CONTROL.search(rest) is not None:
            self._fail(_NOT_A_FIELD, data, position, begin)
        if len(rest) > self._max_trailer_size:
            self._trailers_too_large(data, position, begin)

    def _trailer(self, data: bytes, position: int, line_end: int, begin: int) -> None:
        if line_end == position:
            self.done = True
            return
        match = _grammar.FIELD_LINE.match(data[position:line_end])
        if match is None:
            self._fail(_NOT_A_FIELD, data, position, begin)
        name, value = match.groups()
        if name.lower() in NOT_IN_TRAILERS:
            self._fail(f"{name.decode()} may not stand in trailers (RFC 9110 §6.5.1)", data, position, begin)
        self._max_trailer_size -= line_end + 2 - position
        if self._max_trailer_size < 0 or len(self.trailers) >= self._max_fields:
            self._trailers_too_large(data, position, begin)
        self.trailers.append((name.decode(), value.strip(b" \t").decode("latin-1")))

    def _trailers_too_large(self, data: bytes, position: int, begin: int) -> NoReturn:
        self._fail("trailers larger than allowed (max_trailer_size, max_fields)", data, position, begin, 431)

    def _fail(self, reason: str, data: bytes, position: int, begin: int, status_code: int = 400) -> NoReturn:
        raise ProtocolError(
            f"in the body: {reason}",
            status_code,
            offset=self._passed + position - begin,
            excerpt=data[max(begin, position - 16) : position + 16],
        )
