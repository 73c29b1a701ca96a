"""``multipart/form-data`` (RFC 7578, framing of RFC 2046 §5.1) as a parser without input or output.

Bytes go in by ``feed``; heads, data and ends of parts come out, or an error that says where. Each byte is
searched once, by ``bytes.find``; nothing but a part's head and a possible beginning of a boundary is ever
kept.

It is our own. The two well-kept libraries, python-multipart and multipart, are safe in themselves, but take
what two readers read differently (text after a boundary, a boundary after the last, a parameter that comes
twice), and areion-http promises one dependency. The tests hold this parser against both: nothing that it
accepts is read otherwise by them.

No files here: what becomes of the data is ``_form_builder``'s business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

from areion_http._formdata import DEFAULT_LIMITS, FormLimits
from areion_http._parameters import parse_content_type
from areion_http._part_head import PartHead, parse_part_head
from areion_http.errors import BadRequestError, PayloadTooLargeError

# RFC 2046 §5.1.1: boundary := 0*69<bchars> bcharsnospace
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]\Z")
# §5.1.1: receivers take blanks after a boundary, and text before the first and after the last. Nobody sends
# any.
_MAX_PADDING: Final = 64
_MAX_AROUND: Final = 1024
_PADDING: Final = re.compile(rb"[ \t]*+")
_EPILOGUE: Final = re.compile(rb"[ \t]*+(?:\r\n.*+)?\Z", re.DOTALL)


class PartEnd(Enum):
    """The event that ends a part."""

    PART_END = "part end"


PART_END: Final = PartEnd.PART_END
#: For each part its head, its data in pieces, and its end.
Event: TypeAlias = PartHead | bytes | PartEnd


def multipart_boundary(content_type: str) -> str:
    """Return the boundary of a multipart/form-data Content-Type.

    Raises:
        BadRequestError: If the type is another one, or has no valid boundary.
    """
    media_type, parameters = parse_content_type(content_type)
    if media_type != "multipart/form-data":
        raise BadRequestError(f"multipart form: expected Content-Type multipart/form-data, got {media_type}")
    boundary = parameters.get("boundary")
    if boundary is None:
        raise BadRequestError("multipart form: Content-Type has no boundary (RFC 7578 §4.1)")
    return boundary


class MultipartParser:
    r"""Takes a form apart as its bytes arrive.

    >>> parser = MultipartParser("B")
    >>> events = parser.feed(b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n')
    >>> events[0].name, parser.feed(b"1\r\n--B--\r\n")
    ('a', [b'1', <PartEnd.PART_END: 'part end'>])
    >>> parser.finish()

    After an error it must not be used any more.

    Args:
        boundary: The boundary parameter of the Content-Type.
        limits: What a form may hold. The spool threshold is not for the parser.

    Raises:
        BadRequestError: If the boundary is none (RFC 2046 §5.1.1).
    """

    __slots__ = (
        "_buffer",
        "_dash_boundary",
        "_delimiter",
        "_field_bytes",
        "_fields",
        "_files",
        "_head",
        "_head_scanned",
        "_limits",
        "_offset",
        "_part_size",
        "_step",
    )

    def __init__(self, boundary: str, limits: FormLimits = DEFAULT_LIMITS) -> None:
        if _BOUNDARY.match(boundary) is None:
            raise BadRequestError(f"multipart form: {boundary[:80]!r} is not a boundary (RFC 2046 §5.1.1)")
        self._limits = limits
        self._dash_boundary: Final = b"--" + boundary.encode("ascii")
        self._delimiter: Final = b"\r\n" + self._dash_boundary
        # The line break that belongs to the first boundary is there before the body begins.
        self._buffer = bytearray(b"\r\n")
        self._offset = -2  # of the buffer's start in the body
        self._step: Callable[[list[Event]], bool] = self._preamble
        self._head: PartHead | None = None
        self._head_scanned = 0
        self._part_size = 0
        self._fields = 0
        self._files = 0
        self._field_bytes = 0

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the body, any number, and return what they complete.

        Raises:
            BadRequestError: If the form is malformed or has too many parts.
            PayloadTooLargeError: If it, or something in it, is too large.
        """
        self._buffer += data
        if self._offset + len(self._buffer) > self._limits.max_total:
            raise PayloadTooLargeError(f"multipart form: more than {self._limits.max_total} bytes")
        events: list[Event] = []
        while self._step(events):
            pass
        return events

    def finish(self) -> None:
        """Say that the body has ended.

        Raises:
            BadRequestError: If the last boundary is missing, or followed by what may not follow it.
        """
        end = self._offset + len(self._buffer)
        if self._step != self._epilogue:
            inside = f" in {self._place()}" if self._head is not None else ""
            raise BadRequestError(
                f"multipart form: the body ends at byte {end}{inside} without its last boundary, "
                f"{self._dash_boundary.decode('ascii')}--"
            )
        if _EPILOGUE.match(self._buffer) is None:
            raise self._malformed("expected a line break or the end after the last boundary")
        if self._dash_boundary in self._buffer:
            raise self._malformed("another boundary after the last one")

    # Each step looks at the buffer in one state. It returns whether another step may be tried at once.

    def _preamble(self, _: list[Event]) -> bool:
        buffer, delimiter = self._buffer, self._delimiter
        index = buffer.find(self._dash_boundary) - 2
        if (index if index >= 0 else len(buffer) - len(delimiter)) > _MAX_AROUND:
            raise self._malformed(f"no boundary in the first {_MAX_AROUND} bytes")
        if index < 0:
            return False
        if not buffer.startswith(delimiter, index):
            # Others take a bare LF here for a line break, and would see a part where this one sees a
            # preamble.
            raise self._malformed("expected a line break (CRLF) before the first boundary")
        self._discard(index + len(delimiter))
        self._step = self._after_boundary
        return True

    def _after_boundary(self, _: list[Event]) -> bool:
        buffer = self._buffer
        if buffer.startswith(b"--"):
            self._discard(2)
            self._step = self._epilogue
            return True
        padding = len(_PADDING.match(buffer)[0])  # type: ignore[index]  # it matches the empty string
        rest = bytes(buffer[padding : padding + 2])
        if rest == b"\r\n" and padding <= _MAX_PADDING:
            self._discard(padding + 2)
            self._head_scanned = 0
            self._step = self._part_head
            return True
        if padding > _MAX_PADDING or rest not in {b"", b"\r", b"-"} or (rest == b"-" and padding):
            raise self._malformed("expected a line break or -- after the boundary")
        return False

    def _part_head(self, events: list[Event]) -> bool:
        buffer, limit = self._buffer, self._limits.max_part_header_size
        # A head without fields is an empty line at once.
        end = -2 if buffer.startswith(b"\r\n") else buffer.find(b"\r\n\r\n", max(0, self._head_scanned - 3))
        if (len(buffer) if end == -1 else end) > limit:
            raise PayloadTooLargeError(f"{self._where()}: header fields of more than {limit} bytes")
        if end == -1:
            self._head_scanned = len(buffer)
            return False
        head = parse_part_head(bytes(buffer[: max(end, 0)]), self._where(), self._limits.max_part_headers)
        self._count(head)
        self._discard(end + 2)
        self._head = head
        self._part_size = 0
        self._step = self._first_data
        events.append(head)
        return True

    def _first_data(self, _: list[Event]) -> bool:
        # RFC 2046 lets the line break that ends the head begin the boundary after an empty part. Nobody
        # writes that, and others read it as data that starts with a boundary.
        if self._buffer.startswith(self._delimiter):
            raise self._malformed("expected a line break between the empty line and the boundary")
        if self._delimiter.startswith(self._buffer):
            return False
        self._discard(2)
        self._step = self._data
        return True

    def _data(self, events: list[Event]) -> bool:
        buffer, delimiter = self._buffer, self._delimiter
        index = buffer.find(delimiter)
        end = index
        if index < 0:
            # What may be the beginning of a boundary waits for the rest of it.
            end = buffer.find(b"\r", max(0, len(buffer) - len(delimiter) + 1))
            if end < 0:
                end = len(buffer)
        if end:
            self._measure(end)
            events.append(bytes(memoryview(buffer)[:end]))
            self._discard(end)
        if index < 0:
            return False
        self._discard(len(delimiter))
        self._head = None
        self._step = self._after_boundary
        events.append(PART_END)
        return True

    def _epilogue(self, _: list[Event]) -> bool:
        if len(self._buffer) > _MAX_AROUND:
            raise self._malformed(f"more than {_MAX_AROUND} bytes after the last boundary")
        return False

    def _count(self, head: PartHead) -> None:
        limits = self._limits
        if head.filename is None:
            self._fields += 1
            if self._fields > limits.max_fields:
                raise BadRequestError(f"multipart form: more than {limits.max_fields} fields")
        else:
            self._files += 1
            if self._files > limits.max_files:
                raise BadRequestError(f"multipart form: more than {limits.max_files} files")

    def _measure(self, more: int) -> None:
        """Add to the part's size and hold it against its limit."""
        limits = self._limits
        self._part_size += more
        if self._head is None or self._head.filename is not None:
            kind, limit = "file", limits.max_file_size
        else:
            kind, limit = "field", limits.max_field_size
            self._field_bytes += more
            if self._field_bytes > limits.max_fields_total:
                raise PayloadTooLargeError(
                    f"multipart form: fields of more than {limits.max_fields_total} bytes together"
                )
        if self._part_size > limit:
            raise PayloadTooLargeError(
                f"multipart form: {self._place()}: a {kind} of more than {limit} bytes"
            )

    def _discard(self, count: int) -> None:
        del self._buffer[:count]
        self._offset += count

    def _place(self) -> str:
        number = self._fields + self._files
        return f"part {number} ({self._head.name[:80]!r})" if self._head else f"part {number + 1}"

    def _where(self) -> str:
        return f"multipart form, {self._place()} at byte {max(self._offset, 0)}"

    def _malformed(self, expected: str) -> BadRequestError:
        got = bytes(self._buffer[max(-self._offset, 0) :][:40])
        return BadRequestError(f"multipart form at byte {max(self._offset, 0)}: {expected}, got {got!r}")
