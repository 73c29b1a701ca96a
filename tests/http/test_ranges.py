"""Facts about the Range field (RFC 9110 §14), held against a brute-force oracle."""

import re

import pytest
from areion_http._ranges import (
    MAX_RANGES,
    ByteRange,
    content_range,
    multipart_frame,
    parse_range,
    unsatisfied_range,
)
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # §14.1.2: the examples of the RFC, for 10 000 bytes.
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-999", [(500, 1000)]),
        ("bytes=-500", [(9500, 10000)]),
        ("bytes=9500-", [(9500, 10000)]),
        ("bytes=0-0,-1", [(0, 1), (9999, 10000)]),
        ("bytes= 0-0", None),
        ("bytes=500-600,601-999", [(500, 601), (601, 1000)]),
        ("bytes=500-700,601-999", [(500, 1000)]),
        # Units are case-insensitive (§14.1); unknown ones are ignored (§14.2).
        ("BYTES=0-0", [(0, 1)]),
        ("lines=0-0", None),
        ("=0-0", None),
        ("bytes 0-0", None),
        ("bytes", None),
        ("", None),
        # Clamping and satisfiability.
        ("bytes=0-99999", [(0, 10000)]),
        ("bytes=-99999", [(0, 10000)]),
        ("bytes=10000-", []),
        ("bytes=10000-10001", []),
        ("bytes=-0", []),
        ("bytes=-00", []),
        ("bytes=10000-,0-1", [(0, 2)]),
        ("bytes=007-0008", [(7, 9)]),
        ("bytes=" + "9" * 4000 + "-", []),
        ("bytes=0-" + "9" * 4000, [(0, 10000)]),
        ("bytes=-" + "9" * 4000, [(0, 10000)]),
        ("bytes=" + "0" * 4000 + "1-1", [(1, 2)]),
        # Invalid, so ignored (§14.1.1).
        ("bytes=2-1", None),
        ("bytes=0-0,2-1", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=,", None),
        ("bytes=a-b", None),
        ("bytes=0-b", None),
        ("bytes=0x0-0xf", None),
        ("bytes=+0-1", None),
        ("bytes=0-1-2", None),
        ("bytes=--1", None),
        ("bytes=1", None),
        ("bytes=0 - 1", None),
        ("bytes=0-1;2-3", None),
        ("bytes=0-1 ", None),
        ("bytes=\u0660-\u0661", None),
        ("bytes=0-1\n", None),
        ("bytes=0-1, bytes=2-3", None),
        # Lists (§5.6.1): blanks around commas, empty elements.
        ("bytes=0-1 , 4-5", [(0, 2), (4, 6)]),
        ("bytes=,0-1,,\t,4-5,", [(0, 2), (4, 6)]),
        ("bytes= ,0-1, ", [(0, 2)]),
        # Order is the client's, but for what overlaps (§14.2, §15.3.7.2).
        ("bytes=5-6,0-1", [(5, 7), (0, 2)]),
        ("bytes=8-9,0-1,9-20", [(8, 21), (0, 2)]),
        ("bytes=0-1,8-9,1-8", [(0, 10)]),
        ("bytes=4-5,0-1,4-5", [(4, 6), (0, 2)]),
    ],
)
def test_the_range_field(value, expected):
    """RFC 9110 §14.1, §14.2: what is sent, what is ignored (None), what cannot be satisfied ([])."""
    assert parse_range(value, 10_000) == expected


def test_an_empty_representation():
    """RFC 9110 §14.1.2: no int-range is satisfiable; a suffix is, but no 206 can say so: ignored."""
    assert parse_range("bytes=0-", 0) == []
    assert parse_range("bytes=0-0", 0) == []
    assert parse_range("bytes=-1", 0) is None
    assert parse_range("bytes=-0", 0) == []


def test_many_ranges_are_ignored():
    """RFC 9110 §17.15: more ranges than any viewer asks for are ignored, empty elements included."""
    fits = "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(MAX_RANGES))
    assert len(parse_range(fits, 10_000)) == MAX_RANGES
    assert parse_range(fits + ",9000-9001", 10_000) is None
    assert parse_range("bytes=" + "0-," * 100_000, 10_000) is None
    assert parse_range("bytes=0-1" + "," * 100_000, 10_000) is None


def test_overlapping_ranges_never_send_a_byte_twice():
    """RFC 9110 §17.15: the same range asked for many times is sent once."""
    assert parse_range("bytes=" + ",".join(["0-"] * MAX_RANGES), 10**9) == [ByteRange(0, 10**9)]


def oracle(value, size):
    """The same rules by brute force: a grammar without cleverness, and sets of byte positions."""
    spec = r"(?:[0-9]+-[0-9]*|-[0-9]+)"
    if not re.fullmatch(rf"bytes=(?:{spec})?(?:[ \t]*,[ \t]*(?:{spec})?)*", value, re.IGNORECASE):
        return None
    specs = re.findall(spec, value.partition("=")[2])
    if not specs or len(specs) > MAX_RANGES:
        return None
    asked = []
    for item in specs:
        first, last = item.split("-")
        if first and last and int(last) < int(first):
            return None
        if not first and int(last) and not size:
            return None
        if first:
            asked.append({p for p in range(size) if p >= int(first) and (not last or p <= int(last))})
        else:
            asked.append({p for p in range(size) if p >= size - int(last)})
    groups = []
    for positions in (positions for positions in asked if positions):
        joined = [group for group in groups if group & positions]
        merged = set(positions).union(*joined)
        place = groups.index(joined[0]) if joined else len(groups)
        groups = [group for group in groups if not group & positions]
        groups.insert(min(place, len(groups)), merged)
    return [(min(group), max(group) + 1) for group in groups]


numbers = st.integers(0, 25).map(str) | st.just("") | st.just("007")
specs = st.builds("{}-{}".format, numbers, numbers) | st.sampled_from(["", " ", "x", "-", "1-2-3"])
fields = st.builds(
    lambda unit, items, comma: unit + comma.join(items),
    st.sampled_from(["bytes=", "Bytes=", "bytes= ", "byte="]),
    st.lists(specs, max_size=6),
    st.sampled_from([",", ", ", " ,", "\t,\t"]),
)


@settings(deadline=None)
@given(fields | st.text("bytes=0123,- \t", max_size=20), st.integers(0, 20))
def test_parsing_agrees_with_brute_force(value, size):
    """Any field over any size: the same answer as comparing every byte's position."""
    assert parse_range(value, size) == oracle(value, size)


@settings(deadline=None)
@given(st.text(max_size=60), st.integers(0, 2**63))
def test_no_range_field_is_an_error(value, size):
    """Whatever is sent gives ranges inside the representation, or is ignored."""
    for source in (value, "bytes=" + value):
        for start, stop in parse_range(source, size) or []:
            assert 0 <= start < stop <= size


def test_content_range():
    """RFC 9110 §14.4: positions are inclusive; an unsatisfied range has a star."""
    assert content_range(ByteRange(0, 5), 10) == "bytes 0-4/10"
    assert unsatisfied_range(47022) == "bytes */47022"


def test_the_frame_of_several_parts():
    """RFC 9110 §14.6: each part has its type and place; line breaks belong to the boundaries."""
    heads, tail = multipart_frame([ByteRange(0, 1), ByteRange(3, 5)], 9, "text/plain", "B")
    assert heads[0] == b"--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/9\r\n\r\n"
    assert heads[1] == b"\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 3-4/9\r\n\r\n"
    assert tail == b"\r\n--B--\r\n"
