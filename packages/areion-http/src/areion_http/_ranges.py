"""Range requests (RFC 9110 §14): the Range field to byte ranges, and their multipart frame.

Pure functions, linear in the length of the field. What is invalid or looks like an attack (§14.2, §17.15) is
ignored, as the RFC allows: the client then gets the whole representation.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# §17.15: many small ranges cost far more than they deliver. Viewers of paged documents, the only common
# senders of several ranges, ask for a dozen or two at once.
MAX_RANGES: Final = 64
# More digits than any file's size (2**63 has 19): such a position lies behind the end, and is not converted,
# which would cost quadratic time.
_MAX_DIGITS: Final = 19
_BEYOND: Final = 10**_MAX_DIGITS

# §14.1.1: int-range / suffix-range.
_RANGE_SPEC: Final = re.compile(r"([0-9]*+)-([0-9]*+)\Z")


class ByteRange(NamedTuple):
    """A range of bytes: the first position, and the position after the last."""

    start: int
    stop: int


def parse_range(value: str, size: int, *, max_ranges: int = MAX_RANGES) -> list[ByteRange] | None:
    """Read the value of a Range field for a representation of ``size`` bytes.

    Ranges that overlap are sent as one (§14.2, §15.3.7.2), in the place of the first of them; the order is
    otherwise the client's. A suffix range of an empty representation cannot be written as a 206 and gives
    ``None``.

    >>> parse_range("bytes=0-4, -2", 10)
    [ByteRange(start=0, stop=5), ByteRange(start=8, stop=10)]
    >>> parse_range("bytes=20-", 10)
    []
    >>> parse_range("lines=1-2", 10) is None
    True

    Args:
        value: The field's value; more than one field line joined with ``", "``, which is invalid.
        size: The length of the whole representation in bytes.
        max_ranges: A field with more ranges is ignored.

    Returns:
        The ranges to send; an empty list if none can be satisfied (416); ``None`` to ignore the field (200).
    """
    specs = _split(value, max_ranges)
    if specs is None:
        return None
    ranges: list[ByteRange] = []
    for spec in specs:
        match = _RANGE_SPEC.match(spec)
        if match is None or spec == "-":
            return None
        first, last = match.groups()
        if first:
            start = _position(first)
            stop = _position(last) + 1 if last else _BEYOND + 1
            if stop <= start:  # §14.1.1: an int-range that ends before it starts makes the whole set invalid.
                return None
        else:
            length = _position(last)
            if length and not size:
                return None
            start, stop = max(0, size - length), size
        if start < size:
            ranges.append(ByteRange(start, min(stop, size)))
    return _coalesce(ranges)


def _split(value: str, max_ranges: int) -> list[str] | None:
    """Split ``bytes=…`` into its range-specs; ``None`` if it is another unit, no list, or too long a one."""
    unit, equals, range_set = value.partition("=")
    # §14.1: units are case-insensitive. §5.6.1.2: a reasonable number of empty elements is taken.
    if unit.lower() != "bytes" or not equals or range_set.count(",") >= 2 * max_ranges:
        return None
    elements = range_set.split(",")
    specs = [spec for spec in (element.strip(" \t") for element in elements) if spec]
    # The list's grammar has blanks around commas only: none before the first element or after the last.
    blank_edge = any(
        edge.strip(" \t") and edge[at] in " \t" for edge, at in ((elements[0], 0), (elements[-1], -1))
    )
    return specs if 0 < len(specs) <= max_ranges and not blank_edge else None


def _position(digits: str) -> int:
    significant = digits.lstrip("0")
    return _BEYOND if len(significant) > _MAX_DIGITS else int(significant or "0")


def _coalesce(ranges: list[ByteRange]) -> list[ByteRange]:
    """Join the ranges that overlap; each group takes the place of its first member."""
    if len(ranges) < 2:
        return ranges
    groups: list[tuple[int, int, int]] = []  # place of the first member, start, stop
    for place, (start, stop) in sorted(enumerate(ranges), key=lambda item: item[1]):
        if groups and start < groups[-1][2]:
            first, low, high = groups[-1]
            groups[-1] = (min(first, place), low, max(high, stop))
        else:
            groups.append((place, start, stop))
    return [ByteRange(start, stop) for _, start, stop in sorted(groups)]


def content_range(part: ByteRange, size: int) -> str:
    """Write the Content-Range of a part (§14.4): ``bytes 0-4/10``."""
    return f"bytes {part.start}-{part.stop - 1}/{size}"


def unsatisfied_range(size: int) -> str:
    """Write the Content-Range of a 416 (§14.4): ``bytes */10``."""
    return f"bytes */{size}"


def multipart_frame(
    ranges: list[ByteRange], size: int, content_type: str, boundary: str
) -> tuple[list[bytes], bytes]:
    """Build what stands around the parts of a multipart/byteranges content (§14.6).

    Returns:
        The bytes before each part, and those after the last.
    """
    heads = [
        f"--{boundary}\r\nContent-Type: {content_type}\r\n"
        f"Content-Range: {content_range(part, size)}\r\n\r\n".encode("latin-1")
        for part in ranges
    ]
    return heads[:1] + [b"\r\n" + head for head in heads[1:]], f"\r\n--{boundary}--\r\n".encode("latin-1")
