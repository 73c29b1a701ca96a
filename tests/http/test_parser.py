"""Facts about ``_parser``, ``_lines`` and ``_grammar``: two ways to read a head, and one language.

The table of raw requests (``test_wire``) says what that language is; here the fast way is held against the slow
one, and incomplete heads against complete ones.
"""

import re

import pytest
from areion_http import HttpConfig, HttpRequest, ProtocolError, _grammar, _lines
from areion_http._parser import HeadParser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

CONFIG = HttpConfig(max_request_line=200, max_head_size=500, max_fields=8)
PARSER = HeadParser(CONFIG, HttpRequest)
SLOW = HeadParser(CONFIG, HttpRequest)
SLOW._match = re.compile(rb"(?!)").match

GOOD_LINES = [
    "GET / HTTP/1.1", "GET /a/b?c=d HTTP/1.1", "POST /%20 HTTP/1.1", "HEAD / HTTP/1.0", "OPTIONS * HTTP/1.1",
    "FROB /a?% HTTP/1.1", "get //a HTTP/1.1", "CONNECT b:80 HTTP/1.1", "GET http://b/c?d HTTP/1.1",
    "GET https://[::1] HTTP/1.1", "GET /?[] HTTP/1.1", f"GET /{'x' * 180} HTTP/1.1",
]  # fmt: skip
BAD_LINES = [
    "GET /a%2 HTTP/1.1", "GET /%zz HTTP/1.1", "GET * HTTP/1.1", "GET b:80 HTTP/1.1", "CONNECT /a HTTP/1.1",
    "GET /a#b HTTP/1.1", "GET /\xe9 HTTP/1.1", "GET /a[ HTTP/1.1", "GET /a b HTTP/1.1", "GET  / HTTP/1.1",
    "GET / HTTP/1.2", "GET / HTTP/2.0", "GET / http/1.1", "GET / HTTP/1.10", "GET /", "G( / HTTP/1.1",
    " / HTTP/1.1", f"GET /{'x' * 187} HTTP/1.1", f"GET /{'x' * 199} HTTP/1.1",
]  # fmt: skip
PLAIN_FIELDS = [
    "X: y", "X:", "x:y", "Cookie: a=b; c=d", "Content-Type: a/b", "Con: x", "Connections: close", "H: z",
    "Hosts: b", "Content-Lengths: 5", "T: chunked", "TE: trailers", "E: x", 'ETag: "a"', "Expectation: x", "Hos: t",
    "C: d", "Transfer-Encodings: x", "Co: d", "X_Y: caf\xe9", f"X: {'x' * 200}",
]  # fmt: skip
FRAMING_FIELDS = [
    "Connection: close", "connection: Keep-Alive", "Connection: keep-alive", "CONNECTION: x, close",
    "Connection: upgrade", "Content-Length: 5", "content-length:\t05 ", "Content-Length: 0",
    "Content-Length: 999999999999999999", "Transfer-Encoding: chunked", "transfer-encoding:Chunked",
    "Expect: 100-continue", "expect: 100-CONTINUE",
]  # fmt: skip
BAD_FIELDS = [
    "X Y: z", "X : y", ": y", "X", "X(: y", "\xe9: x", " X: y", "\tX: y", "X: a\x0bb", "X: a\x7f", "X: a\0",
    "Host: b", "Content-Length: -5", "Content-Length: 5,5", "Content-Length: 5 5", "Content-Length: \xb2",
    "Content-Length:", "Content-Length: 9999999999999999999", "Transfer-Encoding: gzip", "Expect: 200", "Expect:",
    "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked", "X: a\nY: b", "X: a\rY: b",
    f"X: {'x' * 480}",
]  # fmt: skip
GOOD_HOSTS = [
    "Host: a",
    "host:a:80",
    "HOST: \ta:65535 ",
    "Host: a:59999",
    "Host: a:60000",
    "Host: [::1]",
    "Host: %41",
]
BAD_HOSTS = [
    "Host:",
    "Host: a:65536",
    "Host: a,b",
    "Host: a/b",
    "Host: [z]",
    "Host: a b",
    "Host: ::1",
    "Ho: a",
]


def weighted(*pools):
    """Draw from pools, each given with how often."""
    return st.one_of(*(st.sampled_from(pool) for pool, weight in pools for _ in range(weight)))


LINES = weighted((GOOD_LINES, 5), (BAD_LINES, 1))
FIELDS = weighted((PLAIN_FIELDS, 12), (FRAMING_FIELDS, 3), (BAD_FIELDS, 1))
HOSTS = weighted((GOOD_HOSTS, 8), (BAD_HOSTS, 1))


@st.composite
def heads(draw):
    """Heads that are nearly right."""
    fields = draw(st.lists(FIELDS, max_size=8))
    fields.insert(draw(st.integers(0, len(fields))), draw(HOSTS))
    return "\r\n".join([draw(LINES), *fields, "", ""]).encode("latin-1")


@st.composite
def mutated(draw):
    """Heads with a byte or two changed, taken out or put in, if any."""
    head = bytearray(draw(heads()))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(head) - 1))
        byte = draw(st.sampled_from(b'\r\n\t :\0\x0b\x7f\x80,/%AZaz09[]()"'))
        match draw(st.integers(0, 2)):
            case 0:
                head[at] = byte
            case 1:
                head.insert(at, byte)
            case 2:
                del head[at]
    return bytes(head)


def read(parser, data, start=0):
    """All that a parser says about a head, comparable."""
    try:
        request = parser.parse(data, start)
    except ProtocolError as error:
        return error.status_code, error.reason, error.offset
    if request is None:
        return None
    return {
        "method": request.method,
        "path": request.raw_path,
        "query": request._query,
        "version": request.http_version,
        "host": request.host,
        "headers": request.headers.pairs(),
        "length": request.declared_length,
        "keep-alive": request._keep_alive,
        "continue": request._expects_continue,
        "end": request._head_end,
    }


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
@example(b"CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n")
@example(b"GET / HTTP/1.0\r\nhost:a\r\n\r\n")
@example(b"GET / HTTP/1.1\r\nHost: a:59999\r\n\r\n")
@example(b"GET / HTTP/1.1\r\nHost: a:60000\r\n\r\n")
def test_both_ways_accept_the_same_and_read_it_alike(head):
    """What the one pattern matches is read as the same line by line; the rest it leaves to the lines."""
    assert read(PARSER, head) == read(SLOW, head)
    assert read(PARSER, b"XX" + head + b"YY", 2) == read(SLOW, b"XX" + head + b"YY", 2)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_an_incomplete_head_is_refused_only_if_the_complete_one_is(head):
    """And what is accepted whole is not refused in any of its beginnings, in whatever steps they are checked."""
    try:
        request = PARSER.parse(head)
    except ProtocolError:
        return
    if request is None:
        return
    end = request._head_end
    checked = 0
    for at in range(1, end):
        checked = PARSER.check_partial(head[:at], 0, checked, at - 1)
        PARSER.check_partial(head[:at], 0, 0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(), st.data())
def test_in_steps_a_head_is_refused_where_it_is_refused_at_once(head, data):
    """What has been seen is not looked at again, and nothing wrong is missed for that.

    What a field says of an earlier one, its repetition, is judged when the head is complete.
    """
    checked = seen = 0
    while seen < len(head):
        at = data.draw(st.integers(seen + 1, len(head)))
        if b"\r\n\r\n" in head[:at].lstrip(b"\r\n"):
            return
        try:
            at_once = PARSER.check_partial(head[:at], 0, 0)
        except ProtocolError as error:
            if "more than one" not in error.reason:
                # Of several faults the steps may come upon another first.
                with pytest.raises(ProtocolError):
                    PARSER.check_partial(head[:at], 0, checked, seen)
            return
        checked = PARSER.check_partial(head[:at], 0, checked, seen)
        assert checked == at_once
        seen = at


def test_a_long_line_in_small_pieces_is_looked_at_once():
    """A byte that comes alone must not cost a look at all that came before it."""
    head = b"GET / HTTP/1.1\r\nX: \0" + b"y" * 400
    assert PARSER.check_partial(head + b"y", 0, 16, len(head)) == 16
    with pytest.raises(ProtocolError):
        PARSER.check_partial(head + b"y", 0, 16, 16)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_refused_beginning_is_refused_in_every_continuation(head):
    """Early is never wrong: nothing that could follow makes it a head."""
    for at in range(1, len(head)):
        try:
            PARSER.check_partial(head[:at], 0, 0)
        except ProtocolError:
            for rest in (
                head[at:],
                b"\r\n\r\n",
                b" / HTTP/1.1\r\nHost: a\r\n\r\n",
                b": a\r\nHost: a\r\n\r\n",
            ):
                whole = head[:at] + rest
                if b"\r\n\r\n" in whole.lstrip(b"\r\n"):
                    with pytest.raises(ProtocolError):
                        PARSER.parse(whole)
            return


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=700))
def test_any_bytes_have_one_of_three_outcomes(data):
    """A head, need more, or ProtocolError; and never more than the limits without one of the first and the last."""
    outcome = read(PARSER, data)
    if outcome is None and len(data) > 520:
        with pytest.raises(ProtocolError):
            PARSER.check_partial(data, 0, 0)


@pytest.mark.parametrize("field", ["X: y", "Hosts: a", "Cookie: y", "Content-Type: y", "ETag: y"])
@pytest.mark.parametrize("count", [7, 8, 9])
def test_the_limit_of_fields_is_the_same_in_both_ways(field, count):
    """max_fields are accepted, one more is 431."""
    head = (
        "GET / HTTP/1.1\r\nHost: a\r\n" + f"{field.replace('Host: a', 'Hosts: a')}\r\n" * (count - 1) + "\r\n"
    ).encode()
    for parser in (PARSER, SLOW):
        if count <= 8:
            assert parser.parse(head) is not None
        else:
            with pytest.raises(ProtocolError) as caught:
                parser.parse(head)
            assert caught.value.status_code == 431


def test_the_smallest_limits_hold():
    """A head within both limits is read, whichever of them is smaller than usual."""
    head = b"GET /" + b"a" * 86 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    assert len(head) == 113
    for size in (112, 113):
        parser = HeadParser(HttpConfig(max_request_line=100, max_head_size=size), HttpRequest)
        if size == 113:
            assert parser.parse(head) is not None
        else:
            with pytest.raises(ProtocolError) as caught:
                parser.parse(head)
            assert caught.value.status_code == 431


def test_heads_that_are_nearly_right_are_of_both_kinds():
    """The strategy above makes enough that is accepted, by both ways, and enough that is not."""
    fast = slow = refused = 0

    @settings(max_examples=300, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated())
    def count(head):
        nonlocal fast, slow, refused
        outcome = read(SLOW, head)
        fast += PARSER._match(head) is not None
        slow += isinstance(outcome, dict)
        refused += isinstance(outcome, tuple)

    count()
    assert fast > 30
    assert slow > 60
    assert refused > 60


def test_no_pattern_takes_more_than_linear_time():
    """Each is given what makes careless patterns explode, a hundred thousand bytes of it."""
    long = 100_000
    match = _grammar.usual_head(100).match
    for attack in (
        b"GET / HTTP/1.1\r\n" + b"a" * long,
        b"GET / HTTP/1.1\r\nHost: " + b"a" * long,
        b"GET /" + b"%41" * long,
        b"GET /" + b"a%" * long,
        b"GET /?" + b"a" * long + b"#",
        b"GET / HTTP/1.1\r\n" + b"a: " + b" \t" * long + b"\x00",
        b"GET / HTTP/1.1\r\n" + b"a:\r\n" * long,
        b"GET / HTTP/1.1\r\nConnection: " + b" " * long + b"\r",
    ):
        match(attack)
    _grammar.CHUNK_LINE.match(b"5" + b";a=b" * long)
    _grammar.CHUNK_LINE.match(b'5;a="' + b"\\" * long)
    _grammar.CHUNK_LINE.match(b"5" + b" \t" * long)
    _grammar.CHUNK_LINE.match(b"5;a" + b" " * long + b"=" + b" " * long)
    _grammar.HOST.match(b"%41" * long + b"/")
    _grammar.ABSOLUTE_FORM.match(b"http://" + b"a" * long)
    _grammar.FORBIDDEN.search(b"\r\n" * long)


def test_a_refusal_carries_offset_and_excerpt():
    """Counted from the begin of the message, wherever that lies in what was received; 32 bytes at most."""
    data = b"GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n"
    with pytest.raises(ProtocolError) as caught:
        PARSER.parse(data, 32)
    error = caught.value
    assert (error.status_code, error.offset) == (400, 25)
    assert error.excerpt == b"P/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n"


def test_empty_lines_are_skipped_before_a_head_only():
    """Two at most (RFC 9112 §2.2)."""
    assert [_lines.skip_empty(b"\r\n" * count + b"GET", 0) for count in range(5)] == [0, 2, 4, 4, 4]
    assert _lines.skip_empty(b"\r", 0) == 0


def test_a_request_is_of_the_class_that_was_asked_for():
    """Its __init__ is not called: the parser fills it."""

    class Own(HttpRequest):
        __slots__ = ()

        def __init__(self):
            raise AssertionError

        def shout(self):
            return self.path.upper()

    request = HeadParser(CONFIG, Own).parse(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
    assert isinstance(request, Own)
    assert type(request).__name__ == "Own"
    assert request.shout() == "/A"


def test_what_a_request_says_of_its_target():
    """Whatever the form, path, query, host and URL are there (RFC 9112 §3.3)."""
    for line, path, host, url in [
        (b"GET /a%20b?c HTTP/1.1", "/a b", "h:8", "http://h:8/a%20b?c"),
        (b"GET http://b:9/a?c HTTP/1.1", "/a", "b:9", "http://b:9/a?c"),
        (b"GET http://b HTTP/1.1", "/", "b", "http://b/"),
        (b"OPTIONS * HTTP/1.1", "*", "h:8", "http://h:8"),
        (b"GET /a? HTTP/1.1", "/a", "h:8", "http://h:8/a?"),
    ]:
        request = PARSER.parse(line + b"\r\nHost: h:8\r\n\r\n")
        assert (request.path, request.host, request.url) == (path, host, url)
