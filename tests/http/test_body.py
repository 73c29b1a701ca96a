"""Facts about ``_body``: decoders of bodies by length and in chunks, fed in any pieces (RFC 9112 §6, §7)."""

from itertools import pairwise

import pytest
from areion_http import ProtocolError
from areion_http._body import ChunkedDecoder, LengthDecoder
from hypothesis import given, settings
from hypothesis import strategies as st


def chunked(pieces, trailers=""):
    return (
        b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
        + b"0\r\n"
        + trailers.encode()
        + b"\r\n"
    )


def decode(decoder, pieces):
    """Feed pieces one behind the other; return content and what is left over behind the end."""
    out = []
    rest = b""
    for piece in pieces:
        if decoder.done:
            rest += piece
            continue
        position = decoder.feed(piece, 0, out)
        rest += piece[position:]
    return b"".join(out), rest


def cut(data, at):
    """Cut data at these offsets."""
    marks = [0, *sorted(at), len(data)]
    return [data[a:b] for a, b in pairwise(marks)]


def fail_at(pieces, **limits):
    decoder = ChunkedDecoder(limits.get("trailers", 1000), limits.get("fields", 10))
    with pytest.raises(ProtocolError) as caught:
        decode(decoder, pieces)
    return caught.value


@given(
    st.lists(st.binary(max_size=30), max_size=8),
    st.binary(max_size=20),
    st.lists(st.integers(0, 300), max_size=6),
)
@settings(deadline=None)
def test_chunks_in_any_pieces_give_their_content(pieces, behind, at):
    """And leave what lies behind the end untouched."""
    data = chunked(pieces, "X: 1\r\n") + behind
    decoder = ChunkedDecoder(1000, 10)
    content, rest = decode(decoder, cut(data, [min(mark, len(data)) for mark in at]))
    assert (content, rest, decoder.done) == (b"".join(pieces), behind, True)
    assert decoder.trailers == [("X", "1")]


@given(st.binary(min_size=1, max_size=50), st.binary(max_size=20), st.lists(st.integers(0, 70), max_size=5))
def test_a_length_in_any_pieces_gives_its_content(content, behind, at):
    """No more and no less than was declared."""
    data = content + behind
    decoder = LengthDecoder(len(content))
    assert decode(decoder, cut(data, [min(mark, len(data)) for mark in at])) == (content, behind)
    assert (decoder.done, decoder.remaining, decoder.trailers) == (True, 0, [])


def test_a_decoder_begins_anywhere_in_its_bytes():
    """The offset says where."""
    for decoder, data in (
        (LengthDecoder(2), b"xxhiYY"),
        (ChunkedDecoder(100, 10), b"xx2\r\nhi\r\n0\r\n\r\nYY"),
    ):
        out = []
        assert decoder.feed(data, 2, out) == len(data) - 2
        assert b"".join(out) == b"hi"


def test_what_remains_is_known_as_far_as_it_is_announced():
    """All of a length, and the rest of the current chunk."""
    length = LengthDecoder(10)
    length.feed(b"abc", 0, [])
    assert length.remaining == 7
    chunks = ChunkedDecoder(100, 10)
    chunks.feed(b"a\r\nabc", 0, [])
    assert chunks.remaining == 7


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_an_error_says_where_in_the_body_it_lies(step):
    """Counted from the body's first byte, however it arrived."""
    data = b"5\r\nhello\r\n5;a=b\r\nhello\r\nzz\r\n"
    error = fail_at([data[at : at + step] for at in range(0, len(data), step)])
    assert error.offset == data.index(b"zz")
    assert error.reason == "in the body: not a chunk size line (RFC 9112 §7.1)"
    assert b"z" in error.excerpt


@pytest.mark.parametrize(
    "begin",
    ["g", "0x", "+", "-", " ", "\r\r", "5\rx", "5;\n", "5;a\0", "_", "5,", "F" * 16, "5;" + "a" * 300],
)
def test_a_size_line_is_refused_as_soon_as_it_can_be_none(begin):
    """Without waiting for the end of the line."""
    fail_at([begin.encode()])


@pytest.mark.parametrize(
    "begin", ["5", "F" * 15, "5\r", "5;", "5; ", "5 ", '5;a="', "0", "0\r\n", "0\r\n\r", "0\r\nX: y\r"]
)
def test_what_can_still_become_a_line_is_waited_for(begin):
    """It is held until the rest comes."""
    decoder = ChunkedDecoder(100, 10)
    assert decode(decoder, [begin.encode()]) == (b"", b"")
    assert not decoder.done


def test_what_a_decoder_holds_is_bounded():
    """At most one line, of a size line 256 bytes, of the trailers their limit."""
    decoder = ChunkedDecoder(100, 10)
    for _ in range(10_000):
        decode(decoder, [b"1\r", b"\nx\r", b"\n"])
    assert len(decoder._held) == 0
    assert fail_at([b"5;a"] + [b"a"] * 300).reason.endswith("longer than 256 bytes")
    assert fail_at([b"0\r\nX: "] + [b"y"] * 200, trailers=100).status_code == 431


def test_extensions_are_bounded_over_the_whole_body():
    """Chunks of one byte with long extensions must not multiply what is sent for nothing."""
    fine = (b"1;" + b"a" * 63 + b"\r\nx\r\n") * 256
    decoder = ChunkedDecoder(100, 10)
    assert len(decode(decoder, [fine])[0]) == 256
    with pytest.raises(ProtocolError, match="16384"):
        decode(decoder, [b"1;a\r\nx\r\n"])


def test_values_of_trailers_are_stripped_and_of_any_bytes():
    """As those of fields (RFC 9110 §5.5)."""
    decoder = ChunkedDecoder(100, 10)
    decode(decoder, [b"0\r\nX: \t caf\xe9 \t\r\nY:\r\nx:2\r\n\r\n"])
    assert decoder.trailers == [("X", "caf\xe9"), ("Y", ""), ("x", "2")]
