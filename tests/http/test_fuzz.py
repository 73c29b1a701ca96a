"""Whole connections under mutated streams of requests: whatever comes, what is said stays HTTP, and nothing breaks.

Streams of valid requests are mutated and cut at random, and given to a server whose handlers read, wait, fail,
stream and ignore at random. An h11 client reads all that is answered; an h11 server and llhttp read what was sent.
"""

import asyncio
import logging
import random
import re

import h11
import httptools
import pytest
from areion_http import HttpConfig, HttpError, HttpResponse
from areion_http.testing import MemoryServer
from hypothesis import given, settings
from hypothesis import strategies as st

CONFIG = HttpConfig(
    max_request_line=300, max_head_size=700, max_fields=12, max_body_size=400, max_unread_body=100,
    max_read_ahead=150, max_requests_per_connection=7, shutdown_timeout=5, stream_shutdown_timeout=5,
)  # fmt: skip

SEEDS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a%20b?c=%zz&d HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nCookie: a=b; c\r\n\r\n",
    b"get http://[::1]:8/b HTTP/1.1\r\nHost: a\r\nConnection: x, keep-alive\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /h HTTP/1.1\r\nContent-Length: 2\r\nHost: a\r\n\r\nhi",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n" + b"0123456789" * 30,
    b"POST /huge HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n" + b"\r\n\r\n" * 125,
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1f;a=b\r\n" + b"0\r\n\r\n" * 6
    + b"!\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"64\r\n" + b"x" * 100
    + b"\r\n64\r\n" + b"y" * 100 + b"\r\n0\r\n\r\n",
]  # fmt: skip
PARTS = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b"\0", b"\x0b", b"\x80", b"\xff", b":", b";", b",", b"=",
    b"0", b"5", b"-", b"+", b"0x", b"_", b'"', b"%", b"#", b"?", b"/", b"@", b"[", b"chunked", b", chunked",
    b"Content-Length: 5\r\n", b"Content-Length : 6\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n X: y",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Connection: close\r\n", b"Host: b\r\n", b"Expect: x\r\n",
    b"0\r\n\r\n", b"5\r\nhello\r\n", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HEAD ", b"GET / HTTP/1.1\r\n",
    b"x" * 99,
]  # fmt: skip


def ways(rnd):
    """What a handler may do with its request, chosen by ``rnd``."""

    async def some(request):
        async for _ in request.stream():
            break
        return "some"

    async def all_of_it(request):
        return b"got " + await request.read()

    async def waits(request):
        await asyncio.sleep(0)
        return {"path": request.path}

    async def reads_late(request):
        await asyncio.sleep(0)
        return await all_of_it(request)

    async def pieces():
        for piece in ("a", b"", "b" * 50):
            await asyncio.sleep(0)
            yield piece

    def fails(request):
        raise rnd.choice([ValueError("no"), HttpError("teapot", 418), asyncio.CancelledError()])

    def looks(request):
        return [request.path, request.host, request.url, dict(request.query_params), dict(request.cookies)]

    return [
        all_of_it, all_of_it, reads_late, waits, some, looks, fails,
        lambda request: "at once",
        lambda request: {"at": "once"},
        lambda request: HttpResponse("own", 201, headers={"X-Own": "1", "Content-Length": "99"}),
        lambda request: HttpResponse(None, rnd.choice([204, 205, 304])),
        lambda request: HttpResponse("bye", headers={"Connection": "close"}),
        lambda request: pieces(),
        lambda request: iter([b"x" * 40, b"y"]),
        lambda request: HttpResponse(iter([b"xy"]), headers={"Content-Length": "2"}),
        lambda request: b"z" * 300_000,
        lambda request: object(),
    ]  # fmt: skip


class Handled(list):
    """The requests a handler was called with: method, target, fields, and the body if it was read whole."""

    def handler(self, rnd):
        choices = ways(rnd)

        async def waiting(entry, request, result):
            try:
                return await result
            finally:
                if request.body_arrived:
                    entry[3] = request.body

        def handle(request):
            body = request.body if request.body_arrived else None
            fields = [(name.lower(), value) for name, value in request.headers.items()]
            entry = [request.method, request.raw_path, fields, body]
            self.append(entry)
            result = rnd.choice(choices)(request)
            return waiting(entry, request, result) if asyncio.iscoroutine(result) else result

        return handle


# -- what was said, read by a client ------------------------------------------------------------------------


def read_answer(data, method, ended):
    """Read one final answer with h11; return its status, whether it closes, and what is behind it."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    status, closes = 0, False
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            assert ended, f"incomplete: {data[:200]!r}"
            client.receive_data(b"")
        elif isinstance(event, h11.Response):
            status = event.status_code
            closes = (b"connection", b"close") in event.headers
            assert sum(name == b"date" for name, _ in event.headers) == 1
        elif isinstance(event, h11.EndOfMessage):
            return status, closes, client.trailing_data[0]
        else:
            assert isinstance(event, (h11.InformationalResponse, h11.Data)), event


def read_answers(said, methods, refused_method, ended):
    """Read all answers; each belongs to a request that was handled, and one more may be a refusal."""
    statuses, closes = [], False
    methods = [*methods, refused_method]
    while said:
        assert not closes, f"behind the last answer: {said[:200]!r}"
        assert methods, f"an answer to nothing: {said[:200]!r}"
        status, closes, said = read_answer(said, methods.pop(0), ended)
        statuses.append(status)
    return statuses, closes


# -- what was sent, read by other servers -------------------------------------------------------------------


def by_h11(data):
    """Read as an h11 server; return messages, whole or only begun, and whether it has stopped where we go on."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=4000)
    connection.receive_data(data)
    messages = []
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                fields = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
                messages.append([event.method.decode(), event.target.decode(), fields, b"", False])
            elif isinstance(event, h11.Data):
                messages[-1][3] += event.data
            elif isinstance(event, h11.EndOfMessage):
                messages[-1][4] = True
                connection.send(h11.Response(status_code=501, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    # It closes behind every HTTP/1.0, whatever Connection says (RFC 9112 §9.3 does not).
                    return messages, True
                connection.start_next_cycle()
            else:
                return messages, False
    except h11.RemoteProtocolError as error:
        # RFC 9112 §2.2: empty lines in front; §7.1.1: blanks around the signs of chunk extensions.
        return messages, "no request line" in str(error) or "illegal chunk header" in str(error)


class ByLlhttp:
    """Read with llhttp; it knows a list of methods, and is asked about framing only."""

    def __init__(self, data):
        self.messages = []
        self.parser = httptools.HttpRequestParser(self)
        self.error = ""
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.error = f"{type(error).__name__}: {error}"

    def on_url(self, url):
        self.messages.append([self.parser.get_method().decode(), b"", False])

    def on_body(self, body):
        self.messages[-1][1] += body

    def on_message_complete(self):
        self.messages[-1][2] = True


def path_of(target):
    """The path of a target in any form, as it stands there."""
    if target.lower().startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("?")[0].partition("/")[2]
    return target.partition("?")[0]


def check_read_alike(data, handled):
    """What handlers were called with is what others read in the same bytes, in the same order."""
    messages, stricter = by_h11(data)
    assert stricter or len(handled) <= len(messages)
    for (method, path, fields, body), theirs in zip(handled, messages, strict=False):
        assert method == theirs[0]
        assert path == path_of(theirs[1]) or (path == "*" and method == "OPTIONS")
        assert fields == theirs[2]
        if body is not None:
            assert body == theirs[3]
            assert theirs[4] or stricter
    llhttp = ByLlhttp(data)
    for (method, _, _, body), theirs in zip(handled, llhttp.messages, strict=False):
        assert method == theirs[0]
        # For llhttp a tunnel begins behind CONNECT; RFC 9110 §9.3.6 gives its content no meaning, and we close.
        if body is not None and theirs[2] and method != "CONNECT":
            assert body == theirs[1]


# -- one connection -----------------------------------------------------------------------------------------


async def converse(data, cuts, seed, *, ends):
    """Give a server a stream in pieces and check all that can be said of any connection."""
    loop = asyncio.get_running_loop()
    trouble = []
    loop.set_exception_handler(lambda _, context: trouble.append(context))
    rnd = random.Random(seed)
    handled = Handled()
    server = MemoryServer(handled.handler(rnd), config=CONFIG, read_body=False)
    connection = server.connect()
    said = bytearray()
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        said += await connection.feed(data[start:end])
    if ends:
        connection.end()
        said += await connection.feed()
    protocol = connection.protocol
    methods = [entry[0] for entry in handled]
    waits_for_body = protocol._incoming is not None and protocol._incoming.waiting
    if waits_for_body:
        said = said.removesuffix(b"HTTP/1.1 100 Continue\r\n\r\n")
    # A refusal without a body is that of a HEAD.
    refused_method = "HEAD" if said.endswith(b"\r\n\r\n") else "GET"
    ended = connection.closed and not connection.transport.aborted
    statuses, closes = read_answers(bytes(said), methods, refused_method, ended)
    if len(statuses) > len(handled):
        assert statuses[-1] in {400, 408, 414, 417, 431, 501, 505}
        assert closes
    if closes:
        assert connection.closed
    if not connection.closed:
        # It waits for more: of a head, of a body, or of nothing yet.
        assert not protocol._busy or waits_for_body
        assert len(statuses) == len(handled) - protocol._busy
    assert len(protocol._buffer) <= CONFIG.max_head_size + CONFIG.max_read_ahead + len(data)
    check_read_alike(data, handled)
    connection.lose()
    await connection.settled()
    assert server.connection_count == 0
    assert protocol._task is None
    await asyncio.sleep(0)
    assert not trouble
    return len(handled), statuses


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as one:
        yield one


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    """Refusals and failures are logged, and are many here."""
    logger = logging.getLogger("areion.http")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


WORDS = re.compile(rb"[\w/.-]+|\r\n|.", re.DOTALL)


def mutated(rnd):
    """A stream of requests with a few edits, and where to cut it."""
    data = b"".join(rnd.choices(SEEDS, k=rnd.randint(1, 4)))
    for _ in range(rnd.choice([0, 0, 1, 1, 2, 3])):
        part = rnd.choice(PARTS)
        kind = rnd.randrange(5)
        if kind == 0:
            end = data.find(b"\n", rnd.randrange(len(data) + 1)) + 1
            data = data[:end] + data[rnd.randrange(end + 1) : end] + data[end:]
        elif kind == 1:
            at = rnd.randrange(len(data) + 1)
            data = data[:at] + rnd.choice([b"", part]) + data[at + rnd.randint(0, 9) :]
        else:
            words = WORDS.findall(data)
            at = rnd.randrange(len(words) + 1)
            words[at : at + rnd.choice([0, 0, 1, 1, 2])] = [part] * rnd.choice([0, 1, 1, 1, 1, 1, 8])
            data = b"".join(words)
    count = rnd.choice([0, 0, 1, 2, 5, 30])
    return data, sorted(rnd.randrange(len(data) + 1) for _ in range(count))


def test_mutated_streams(runner):
    """A thousand of fixed seeds; all kinds of answers come about."""
    seen = set()
    called = 0
    for seed in range(1000):
        rnd = random.Random(seed)
        data, cuts = mutated(rnd)
        try:
            count, statuses = runner.run(converse(data, cuts, seed, ends=rnd.random() < 0.3))
        except BaseException as error:
            error.add_note(f"seed {seed}: {data!r} cut at {cuts}")
            raise
        called += count
        seen |= set(statuses)
    assert seen >= {200, 201, 204, 205, 304, 400, 413, 417, 418, 500, 501, 505}
    assert called > 1000


EDITS = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(0, 9), st.one_of(st.sampled_from(PARTS), st.binary(max_size=3))
    ),
    max_size=3,
)


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3),
    EDITS,
    st.lists(st.integers(0, 400)),
    st.booleans(),
)
def test_any_stream(runner, seeds, edits, cuts, ends):
    """The same of streams that are sought out, and made small when they fail."""
    data = b"".join(seeds)
    for at, length, part in edits:
        data = data[:at] + part + data[at + length :]
    cuts = sorted(cut % (len(data) + 1) for cut in cuts)
    runner.run(converse(data, cuts, 1, ends=ends))
