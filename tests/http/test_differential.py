"""Our reading of requests beside those of h11 and llhttp (httptools), over mutated requests.

The three must agree where one message ends and the next begins. Where one of them refuses what another accepts,
the difference stands in a table here with its reason; any other difference fails.
"""

import random
from dataclasses import dataclass, field

import h11
import httptools
import pytest
from areion_http import HttpConfig, HttpRequest, ProtocolError
from areion_http._body import ChunkedDecoder, LengthDecoder
from areion_http._parser import HeadParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CONFIG = HttpConfig(max_request_line=4000, max_head_size=8000)
PARSER = HeadParser(CONFIG, HttpRequest)


@dataclass
class Reading:
    """What a parser made of bytes: whole messages in order, and why it stopped."""

    messages: list = field(default_factory=list)
    error: str = ""
    closed: bool = False


# -- three readers ------------------------------------------------------------------------------------------


def ours(data):
    """Read with our parser and decoders."""
    reading = Reading()
    position = 0
    try:
        while position < len(data) and not reading.closed:
            request = PARSER.parse(data, position)
            if request is None:
                PARSER.check_partial(data[position:], 0, 0)
                break
            position = request._head_end
            out = []
            if request.declared_length:
                decoder = (
                    LengthDecoder(request.declared_length)
                    if request.declared_length > 0
                    else ChunkedDecoder(CONFIG.max_trailer_size, CONFIG.max_fields)
                )
                position = decoder.feed(data, position, out)
                if not decoder.done:
                    break
            reading.messages.append((request.method, b"".join(out)))
            reading.closed = not request._keep_alive
    except ProtocolError as error:
        reading.error = error.reason
    return reading


def by_h11(data):
    """Read with h11 as a server."""
    reading = Reading()
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=16_000)
    connection.receive_data(data)
    method, body = "", b""
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                break
            if isinstance(event, h11.Request):
                method, body = event.method.decode(), b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                reading.messages.append((method, body))
                if method == "CONNECT":
                    reading.closed = True
                    break
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is h11.MUST_CLOSE:
                    reading.closed = True
                    break
                connection.start_next_cycle()
    except h11.RemoteProtocolError as error:
        reading.error = str(error)
    return reading


class _Collector:
    """Callbacks of httptools."""

    def __init__(self):
        self.parser = None
        self.reading = Reading()
        self.body = b""

    def on_message_begin(self):
        self.body = b""

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.reading.messages.append((self.parser.get_method().decode(), self.body))
        if not self.parser.should_keep_alive():
            self.reading.closed = True


def by_llhttp(data):
    """Read with llhttp as it is by default."""
    collector = _Collector()
    collector.parser = httptools.HttpRequestParser(collector)
    reading = collector.reading
    try:
        collector.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        reading.closed = True
    except httptools.HttpParserError as error:
        if not (reading.closed and "Data after" in str(error)):
            reading.error = f"{type(error).__name__}: {error}"
    return reading


# -- explained differences ----------------------------------------------------------------------------------

# We refuse and they do not: a part of our reason, and why that is right.
STRICTER = {
    "control character 0x": "RFC 9110 §5.5: CTL characters are no part of a field value",
    "CR without LF": "RFC 9112 §2.2: a bare CR must be refused or replaced",
    "LF without CR": "RFC 9112 §2.2: accepting a lone LF is a MAY; two servers that differ in it can be played off",
    "not host[:port]": "RFC 9112 §3.2: a Host field with an invalid value must be answered 400",
    "more than one Host": "RFC 9112 §3.2: likewise",
    "without a Host": "RFC 9112 §3.2: a server must answer 400; llhttp leaves that to its user",
    "authority of the target": "RFC 9110 §4.2: an http URI has a host and no user information",
    "the target is in none": "RFC 9112 §3.2: there are four forms, of characters of RFC 3986",
    "the target of CONNECT": "RFC 9112 §3.2.3: only the authority form",
    "the target * is for": "RFC 9112 §3.2.4: only OPTIONS",
    "two hex digits": "RFC 3986 §2.1: a percent sign begins a triplet",
    "this server speaks": "RFC 9110 §15.6.6: 505 for versions that are not supported; h11 answers them too",
    "not HTTP/DIGIT.DIGIT": "RFC 9112 §2.3: the name is case-sensitive",
    "more than one Content-Length": "RFC 9112 §6.3: may be accepted if identical; refusing leaves nothing to guess",
    "Content-Length is not": "RFC 9110 §8.6: 1*DIGIT; a list of identical values may be refused (RFC 9112 §6.3)",
    "both Transfer-Encoding": "RFC 9112 §6.3: ought to be handled as an error; h11 lets the coding win",
    "Transfer-Encoding in HTTP/1.0": "RFC 9112 §6.1: must be treated as faulty framing",
    "chunked must be the last": "RFC 9112 §6.3: 400",
    "not a list of codings": "RFC 9112 §6.1: Transfer-Encoding = #transfer-coding",
    "no parameters": "RFC 9112 §7.1: parameters of chunked should be treated as an error",
    "only transfer coding known": "RFC 9112 §6.1: 501",
    "the only expectation": "RFC 9110 §10.1.1: 417",
    "not a chunk size line": "RFC 9112 §7.1: chunk-size [ chunk-ext ] CRLF, nothing else",
    "after the data of a chunk": "RFC 9112 §7.1: chunk-data CRLF",
    "chunk size line longer": "RFC 9112 §7.1.1: extensions are to be limited",
    "not a field line in the trailers": "RFC 9112 §7.1.2: trailers are field lines",
    "may not stand in trailers": "RFC 9110 §6.5.1",
    "header fields (max_fields)": "RFC 6585 §5",
    "single spaces": "RFC 9112 §3: method SP request-target SP HTTP-version",
    "begins with a space": "RFC 9112 §3: likewise",
    "folded fields": "RFC 9112 §5.2: a server must refuse obs-fold or replace it",
    "the field name is not a token": "RFC 9110 §5.1",
    "the method is not a token": "RFC 9110 §9.1",
    "blanks between": "RFC 9112 §5.1: must be answered 400",
    "no name": "RFC 9112 §5",
    "no colon": "RFC 9112 §5",
    "NUL in the head": "RFC 9110 §5.5",
}

# They refuse what we accept: a part of their reason, and why ours is right.
H11_STRICTER = {
    "no request line received": "RFC 9112 §2.2: an empty line or two in front of a request should be ignored",
    "illegal chunk header": "RFC 9112 §7.1.1: blanks in front of the semicolon must be parsed, and ignored",
}
LLHTTP_STRICTER = {
    "Invalid method": "RFC 9110 §9.1: a method is any token; llhttp knows a list",
    "Expected space after method": "RFC 9110 §9.1: likewise",
    "Invalid character in chunk": "RFC 9112 §7.1.1: chunk-ext allows blanks around its signs, and quoted strings",
    "invalid `Transfer-Encoding`": "RFC 9110 §5.5: a tab behind a value is no part of it",
}


def explain(data, mine, theirs, table):
    """Return why two readings may differ; None if they may not."""
    mine_count, their_count = len(mine.messages), len(theirs.messages)
    common = min(mine_count, their_count)
    if mine.messages[:common] != theirs.messages[:common]:
        return None
    if mine_count == their_count and bool(mine.error) == bool(theirs.error):
        return "no difference"
    if mine.error and mine_count <= their_count:
        return next((why for part, why in STRICTER.items() if part in mine.error), None)
    if theirs.error and mine_count == their_count:
        return "the message is not complete, and we judge a line when it is"
    if theirs.error:
        return next((why for part, why in table.items() if part in theirs.error), None)
    if theirs.closed and b" HTTP/1.0\r\n" in data:
        return "RFC 9112 §9.3: h11 closes after HTTP/1.0, whatever Connection says"
    return None


# -- mutated requests ---------------------------------------------------------------------------------------

SEEDS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a?b=c HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nX-Y: z\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n..",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
]
TOKENS = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b"\x0b", b"\x7f", b"\x80", b":", b";", b",", b"0", b"5",
    b"-", b"+", b"0x", b"_", b"chunked", b", chunked", b"identity", b"\r\n ", b"Content-Length: 5\r\n",
    b"Content-Length: 6\r\n", b"5, 5", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n",
    b"Transfer-Encoding : chunked\r\n", b";a=b", b"Host: b\r\n", b"0\r\n\r\n", b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1", b"HTTP/1.0", b"#", b"%",
]  # fmt: skip
EDITS = st.tuples(
    st.sampled_from(["replace", "insert", "insert", "delete", "double"]),
    st.integers(0, 300),
    st.sampled_from(TOKENS),
)


def mutate(data, edits):
    for kind, at, token in edits:
        at %= len(data) + 1
        if kind == "insert":
            data = data[:at] + token + data[at:]
        elif kind == "replace":
            data = data[:at] + token + data[at + len(token) :]
        elif kind == "delete":
            data = data[:at] + data[at + len(token) :]
        else:
            end = data.find(b"\r\n", at) + 2
            data = data[:end] + data[at:end] + data[end:]
    return data


REQUESTS = st.builds(
    lambda seeds, edits: mutate(b"".join(seeds), edits),
    st.lists(st.sampled_from(SEEDS), min_size=1, max_size=2),
    st.lists(EDITS, max_size=3),
)


@pytest.mark.parametrize(
    ("read", "table"), [(by_h11, H11_STRICTER), (by_llhttp, LLHTTP_STRICTER)], ids=["h11", "llhttp"]
)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(REQUESTS)
def test_every_difference_is_explained(read, table, data):
    """Same messages with the same bodies, or a refusal that the table explains."""
    mine, theirs = ours(data), read(data)
    assert explain(data, mine, theirs, table), (data, mine, theirs)


def test_the_framing_of_mutated_requests_is_never_read_differently():
    """Ten thousand more, of fixed seeds: where messages of both are whole, they are the same ones."""
    rnd = random.Random(9112)
    disagreements = []
    for _ in range(10_000):
        seeds = rnd.choices(SEEDS, k=rnd.choice([1, 2]))
        kinds = ["replace", "insert", "insert", "delete", "double"]
        edits = [
            (rnd.choice(kinds), rnd.randrange(300), rnd.choice(TOKENS)) for _ in range(rnd.randrange(1, 4))
        ]
        data = mutate(b"".join(seeds), edits)
        mine = ours(data)
        for read, table in ((by_h11, H11_STRICTER), (by_llhttp, LLHTTP_STRICTER)):
            theirs = read(data)
            if explain(data, mine, theirs, table) is None:
                disagreements.append((read.__name__, data, mine, theirs))
    assert disagreements == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("read", [by_h11, by_llhttp], ids=["h11", "llhttp"])
def test_all_agree_on_what_is_right(seed, read):
    """No difference at all in what has not been mutated."""
    mine, theirs = ours(seed), read(seed)
    assert (mine.messages, mine.error) == (theirs.messages, theirs.error)
