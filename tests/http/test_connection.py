"""Facts about ``_connection``: order, failures, ends, and what is kept when (RFC 9112 §9)."""

import asyncio
import gc
import tracemalloc

import pytest
from areion_http import (
    ClientDisconnectedError,
    HttpConfig,
    HttpError,
    HttpResponse,
    NotFoundError,
    PayloadTooLargeError,
)
from areion_http.testing import MemoryServer, read_responses

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def get(*paths):
    return b"".join(GET % path.encode() for path in paths)


def post(body, *fields, path="/"):
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
    return (head + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode() + body


def statuses(data, methods=()):
    return [answer.status for answer in read_responses(data, methods)]


def bodies(data, methods=()):
    return [answer.body for answer in read_responses(data, methods)]


async def turns(count=6):
    for _ in range(count):
        await asyncio.sleep(0)


# -- order --------------------------------------------------------------------------------------------------


async def test_pipelined_answers_come_in_the_order_of_their_requests(serve, tmp_path):
    """Slow, fast, streamed, large, failing and file responses never overtake one another (RFC 9112 §9.3.2)."""
    file = tmp_path / "file.txt"
    file.write_bytes(b"from the disk")

    async def slow(request):
        await asyncio.sleep(0.002)
        return "slow"

    async def pieces():
        for piece in ("str", "ea", "med"):
            await asyncio.sleep(0)
            yield piece

    def handler(request):
        return {
            "/slow": lambda: slow(request),
            "/fast": lambda: "fast",
            "/json": lambda: {"a": 1},
            "/stream": lambda: pieces(),
            "/sync": lambda: iter(["sync ", "iterator"]),
            "/large": lambda: b"x" * 300_000,
            "/file": lambda: HttpResponse(file),
            "/headers": lambda: HttpResponse("own", headers={"X-Own": "1"}),
            "/crash": lambda: 1 / 0,
            "/empty": lambda: HttpResponse(None, 204),
        }[request.path]()

    order = ["/fast", "/slow", "/json", "/stream", "/fast", "/sync", "/large", "/file", "/crash", "/slow"]
    order += ["/headers", "/empty", "/file", "/json", "/stream", "/fast"]
    expected = {
        "/slow": b"slow", "/fast": b"fast", "/json": b'{"a":1}', "/stream": b"streamed", "/empty": b"",
        "/sync": b"sync iterator", "/large": b"x" * 300_000, "/file": b"from the disk", "/headers": b"own",
        "/crash": b"Internal Server Error",
    }  # fmt: skip
    connection = serve(handler).connect()
    data = await connection.feed(get(*order))
    assert bodies(data) == [expected[path] for path in order]


@pytest.mark.parametrize("waits", [False, True], ids=["at once", "waiting"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_ten_thousand_requests_in_one_buffer(serve, waits, method):
    """A long pipeline needs no recursion, and every request is answered."""

    async def waiting(request):
        await asyncio.sleep(0)
        return request.path

    handler = waiting if waits else lambda request: request.path
    count = 2_000 if waits else 10_000
    connection = serve(handler, config=HttpConfig(max_requests_per_connection=20_000)).connect()
    wire = b"".join(f"{method} /{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for number in range(count))
    answers = read_responses(await connection.feed(wire), [method] * count)
    assert len(answers) == count
    if method == "GET":
        assert [answer.body for answer in answers] == [f"/{number}".encode() for number in range(count)]


async def test_a_client_that_reads_nothing_gets_no_more_answers_made(serve):
    """While writing is paused, pipelined requests wait; memory stays within the limits; then all are answered."""
    called = 0

    def handler(request):
        nonlocal called
        called += 1
        return b"x" * 10_000

    connection = serve(handler, config=HttpConfig(max_read_ahead=4096)).connect()
    connection.stop_reading()
    await connection.feed(get(*["/"] * 1000))
    assert called < 30
    assert connection.transport.get_write_buffer_size() < 200_000
    assert not connection.transport.taking
    connection.go_on_reading()
    assert len(bodies(await connection.feed())) == 1000


@pytest.mark.parametrize(
    "answer", [{"a": "x" * 20_000}, "x" * 20_000, b"x" * 20_000], ids=["dict", "str", "bytes"]
)
async def test_a_client_that_asks_again_and_again_and_never_reads(serve, answer):
    """Requests that come one by one do not pile up answers either: reading stops."""
    connection = serve(lambda request: answer).connect()
    connection.stop_reading()
    for _ in range(500):
        connection.send(get("/"))
        await asyncio.sleep(0)
    assert connection.transport.get_write_buffer_size() < 200_000
    connection.go_on_reading()
    assert len(bodies(await connection.feed())) == 500


async def test_what_is_held_behind_a_busy_request_is_bounded(serve):
    """Beyond max_read_ahead the client is made to wait, and goes on when its turn has come."""
    release = asyncio.Event()

    async def handler(request):
        await release.wait()
        return "done"

    connection = serve(handler, config=HttpConfig(max_read_ahead=1000)).connect()
    connection.send(get("/"))
    for _ in range(100):
        connection.send(get("/next"))
    assert not connection.transport.taking
    assert len(connection.protocol._buffer) < 1100
    release.set()
    assert len(bodies(await connection.feed())) == 101


async def test_answers_of_a_batch_leave_in_one_write(serve):
    """Pipelined answers cost one call of the transport."""
    connection = serve(lambda request: {"a": 1}).connect()
    writes = []
    write = connection.transport.write
    connection.transport.write = lambda data: (writes.append(1), write(data))
    await connection.feed(get(*["/"] * 20))
    assert len(writes) == 1


# -- failures -----------------------------------------------------------------------------------------------


class Unusual(BaseException):
    """No Exception."""


@pytest.mark.parametrize(
    "error", [ValueError, asyncio.CancelledError, Unusual, GeneratorExit, StopAsyncIteration]
)
@pytest.mark.parametrize("kind", ["plain", "coroutine", "waiting"])
async def test_whatever_a_handler_raises_harms_its_own_request_only(serve, log, error, kind):
    """It is answered 500 without details and logged with its traceback; neighbours on the connection are served."""

    def plain(request):
        if request.path == "/crash":
            raise error("secret")
        return "fine"

    async def coroutine(request):
        return plain(request)

    async def waiting(request):
        await asyncio.sleep(0)
        return plain(request)

    connection = serve({"plain": plain, "coroutine": coroutine, "waiting": waiting}[kind]).connect()
    answers = read_responses(await connection.feed(get("/a", "/crash", "/b", "/crash", "/c")))
    assert [answer.status for answer in answers] == [200, 500, 200, 500, 200]
    assert b"secret" not in answers[1].body
    assert len([record for record in log.records if record.exc_info]) == 2
    assert not connection.closed


def ends(error, kind):
    """A handler that ends the program, in one of the ways there are."""

    def at_once(request):
        raise error

    async def coroutine(request):
        raise error

    async def waiting(request):
        await asyncio.sleep(0.01)
        raise error

    def body(request):
        def pieces():
            raise error
            yield b""

        return HttpResponse(pieces())

    def late(request):
        def pieces():
            yield b"some"
            raise error

        return HttpResponse(pieces())

    return {"plain": at_once, "coroutine": coroutine, "waiting": waiting, "body": body, "late": late}[kind]


@pytest.mark.parametrize("kind", ["plain", "coroutine", "waiting", "body", "late"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_reaches_whoever_runs_the_loop(error, kind):
    """Its client is told, the requests behind it are not handled, and no drain waits for the connection."""
    handled = []
    handler = ends(error, kind)
    connections = []

    def counting(request):
        handled.append(request.raw_path)
        return handler(request)

    async def serving():
        server = MemoryServer(counting, config=HttpConfig(shutdown_timeout=60))
        connections.append(server.connect())
        connections[0].send(get("/a", "/b"))
        try:
            await asyncio.sleep(60)
        finally:
            await server.stop()

    with asyncio.Runner() as runner, pytest.raises(error):
        runner.run(serving())
    (connection,) = connections
    if kind == "late":
        assert connection.transport.aborted
    else:
        (answer,) = read_responses(connection.take())
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        assert connection.closed
    assert handled == ["/a"]


@pytest.mark.parametrize("kind", ["raised", "unsendable", "waiting"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_error_handler_may_end_the_program_too(error, kind):
    """What ends it comes out of the loop, never out of the protocol; the client is told."""
    connections = []

    async def handler(request):
        if kind == "waiting":
            await asyncio.sleep(0.01)
        if kind == "unsendable":
            return object()
        raise ValueError

    def on_error(request, reason):
        raise error

    async def serving():
        server = MemoryServer(handler, on_error=on_error)
        connections.append(server.connect())
        connections[0].send(get("/a", "/b"))
        try:
            await asyncio.sleep(60)
        finally:
            await server.stop()

    with asyncio.Runner() as runner, pytest.raises(error):
        runner.run(serving())
    (answer,) = read_responses(connections[0].take())
    assert (answer.status, answer.headers["connection"]) == (503, "close")
    assert connections[0].closed


async def test_a_cancellation_out_of_an_error_handler_is_a_plain_500(serve, log):
    """It ends neither the connection nor the loop."""

    def on_error(request, reason):
        raise asyncio.CancelledError

    def handler(request):
        raise ValueError

    (answer,) = read_responses(await serve(handler, on_error=on_error).connect().feed(get("/")))
    assert answer.status == 500
    assert any("CancelledError" in str(record.exc_info[1]) for record in log.records if record.exc_info)


@pytest.mark.parametrize("body", ["caf\u00e9", "stream"])
async def test_text_is_sent_in_the_charset_of_its_type(serve, body):
    """Whole or in pieces."""

    def handler(request):
        text = iter(["caf", "\u00e9"]) if body == "stream" else body
        return HttpResponse(text, content_type="text/html; charset=latin-1")

    (answer,) = read_responses(await serve(handler).connect().feed(get("/")))
    assert (answer.status, answer.body) == (200, b"caf\xe9")


@pytest.mark.parametrize("body", ["\u20ac", "stream"])
async def test_text_that_its_charset_lacks_is_a_500(serve, log, body):
    """The log says what is wrong with the response."""

    def handler(request):
        text = iter(["\u20ac"]) if body == "stream" else body
        return HttpResponse(text, content_type="text/html; charset=latin-1")

    (answer,) = read_responses(await serve(handler).connect().feed(get("/")))
    assert answer.status == 500
    assert "has no code for" in log.text


async def test_an_http_error_is_its_response(serve, log):
    """It needs no log line: the handler has said what it means."""

    def handler(request):
        raise NotFoundError("no such cat", headers={"X-Cat": "none"})

    (answer,) = read_responses(await serve(handler).connect().feed(get("/")))
    assert (answer.status, answer.body, answer.headers["x-cat"]) == (404, b"no such cat", "none")
    assert not log.records


@pytest.mark.parametrize(
    "value",
    [
        {1, 2}, object(), "\ud800", {"a": object()}, HttpResponse({"a": {1}}), HttpResponse("\udfff"), [{1}],
        float, NotImplemented,
    ],
    ids=str,
)  # fmt: skip
async def test_what_cannot_be_sent_is_a_500_that_names_the_type(serve, log, value):
    """The log says what the handler returned; the connection goes on."""
    connection = serve(lambda request: value if request.path == "/bad" else "fine").connect()
    assert statuses(await connection.feed(get("/bad", "/good"))) == [500, 200]
    (record,) = log.records
    assert "/bad: the handler returned a " in record.getMessage()
    assert type(value).__name__ in record.getMessage()


@pytest.mark.parametrize(
    "status", [0, 99, 600, 1000, -1, "200", "200 OK\r\nX: y", None, 200.5, True, [200]], ids=repr
)
@pytest.mark.parametrize("fields", [None, {"X-Own": "1"}], ids=["bare", "fields"])
async def test_a_status_that_is_none_is_a_500(serve, status, fields):
    """Even set past the setter, a status that is no int from 100 to 599 never reaches the wire."""

    def handler(request):
        response = HttpResponse("x", headers=fields)
        response.status_code = status
        return response

    (answer,) = read_responses(await serve(handler).connect().feed(get("/")))
    assert answer.status == 500
    assert "x" not in answer.headers


async def test_a_body_that_fails_while_it_is_encoded(serve, log):
    """What a mapping of one's own raises is logged with its traceback, and answered 500."""

    class Treacherous(dict):
        def __iter__(self):
            raise LookupError("from within")

        def items(self):
            raise LookupError("from within")

    connection = serve(
        lambda request: HttpResponse(Treacherous(a=1)) if request.path == "/" else "x"
    ).connect()
    assert statuses(await connection.feed(get("/", "/x"))) in ([500, 200], [200, 200])
    assert not connection.closed


@pytest.mark.parametrize("kind", ["coroutine", "future", "task", "own"])
async def test_a_plain_function_may_return_an_awaitable(serve, kind):
    """What it yields is the answer."""

    async def later():
        await asyncio.sleep(0)
        return "later"

    class Own:
        def __await__(self):
            return later().__await__()

    def handler(request):
        if kind == "coroutine":
            return later()
        if kind == "own":
            return Own()
        task = asyncio.ensure_future(later())
        return task if kind == "task" else asyncio.wrap_future(as_future(task))

    def as_future(task):
        import concurrent.futures

        future = concurrent.futures.Future()
        task.add_done_callback(lambda done: future.set_result(done.result()))
        return future

    assert bodies(await serve(handler).connect().feed(get("/", "/"))) == [b"later", b"later"]


# -- error handlers -----------------------------------------------------------------------------------------


def crash(request):
    if request.path == "/good":
        return "good"
    raise LookupError("first")


async def crash_later(request):
    await asyncio.sleep(0)
    return crash(request)


@pytest.mark.parametrize("handler", [crash, crash_later])
async def test_an_error_handler_may_be_asynchronous(serve, handler):
    """What its coroutine returns is the answer."""

    async def on_error(request, error):
        await asyncio.sleep(0)
        return HttpResponse(str(error), 418)

    answers = read_responses(await serve(handler, on_error=on_error).connect().feed(get("/", "/good", "/")))
    assert [(answer.status, answer.body) for answer in answers] == [
        (418, b"first"), (200, b"good"), (418, b"first"),
    ]  # fmt: skip


@pytest.mark.parametrize("handler", [crash, crash_later])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_an_error_handler_that_fails_is_called_once(serve, log, handler, asynchronous):
    """The client gets a plain 500, the log both failures, and the next request is served."""
    calls = 0

    def on_error(request, error):
        nonlocal calls
        calls += 1
        raise RuntimeError("second")

    async def on_error_later(request, error):
        await asyncio.sleep(0)
        on_error(request, error)

    server = serve(handler, on_error=on_error_later if asynchronous else on_error)
    data = await server.connect().feed(get("/", "/good", "/"))
    assert statuses(data) == [500, 200, 500]
    assert calls == 2
    assert [str(record.exc_info[1]) for record in log.records] == ["second", "second"]


async def test_an_error_handler_may_return_anything_that_is_a_body(serve):
    """A dict, a stream: as handlers do."""
    kinds = iter([{"error": 1}, iter(["stre", "am"]), HttpResponse(b"x" * 300_000, 500), object(), None])
    data = await serve(crash, on_error=lambda request, error: next(kinds)).connect().feed(get(*["/"] * 5))
    answers = read_responses(data)
    assert [answer.status for answer in answers] == [200, 200, 500, 500, 200]
    assert [len(answer.body) for answer in answers] == [11, 6, 300_000, 21, 0]


async def test_an_error_handler_whose_stream_fails_ends_in_a_plain_500(serve, log):
    """It cannot go round in circles."""

    def failing():
        raise RuntimeError("second")
        yield

    data = await serve(crash, on_error=lambda request, error: failing()).connect().feed(get("/", "/good"))
    assert statuses(data) == [500, 200]
    assert [record.getMessage() for record in log.records] == ["GET /: answering an error failed"]


# -- framing of responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("body", ["text", b"bytes", {"a": 1}, None, "stream"])
async def test_204_and_304_have_no_body_and_no_length(serve, status, body):
    """Whatever the handler gives (RFC 9110 §6.4.1, §8.6); a stream is closed unread."""
    closed = []

    class Pieces:
        def __iter__(self):
            return self

        def __next__(self):
            raise AssertionError("read")

        def close(self):
            closed.append(1)

    def handler(request):
        if request.path == "/next":
            return "next"
        return HttpResponse(Pieces() if body == "stream" else body, status, headers={"Content-Length": "4"})

    answers = read_responses(await serve(handler).connect().feed(get("/", "/next")))
    assert [answer.status for answer in answers] == [status, 200]
    assert not {"content-length", "transfer-encoding", "content-type"} & {
        n.lower() for n in answers[0].headers
    }
    assert answers[1].body == b"next"
    assert closed == ([1] if body == "stream" else [])


@pytest.mark.parametrize("body", ["text", None, {"a": 1}, "stream"])
async def test_205_has_a_length_of_zero(serve, body):
    """RFC 9110 §15.3.6: no content, and not in chunks either."""
    handler = lambda request: HttpResponse(iter(["a"]) if body == "stream" else body, 205)  # noqa: E731
    first, second = read_responses(await serve(handler).connect().feed(get("/", "/")))
    assert (first.status, first.headers["content-length"], first.body) == (205, "0", b"")
    assert "transfer-encoding" not in first.headers
    assert second.status == 205


@pytest.mark.parametrize("status", [100, 101, 102, 103, 199])
async def test_an_interim_status_as_the_answer_closes_the_connection(serve, log, status):
    """No final response follows, so nothing else may: the next answer would be taken for it (RFC 9110 §15.2)."""
    connection = serve(lambda request: HttpResponse("body", status)).connect()
    (answer,) = read_responses(await connection.feed(get("/", "/")))
    assert (answer.status, answer.headers.get("content-length"), answer.body) == (status, None, b"")
    assert connection.closed
    assert "no final response" in log.text


async def test_an_interim_status_never_goes_to_http_1_0(serve, log):
    """RFC 9110 §15.2: MUST NOT; it becomes a 500."""
    connection = serve(lambda request: HttpResponse("body", 103)).connect()
    assert statuses(await connection.feed(b"GET / HTTP/1.0\r\n\r\n")) == [500]
    assert "HTTP/1.0" in log.text


async def test_a_2xx_to_connect_is_never_sent(serve):
    """It would mean that a tunnel follows (RFC 9110 §9.3.6); other answers are the handler's."""
    connect = b"CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n"
    for status, expected in ((200, 501), (204, 501), (299, 501), (403, 403), (302, 302), (405, 405)):
        connection = serve(lambda request, status=status: HttpResponse("x", status)).connect()
        assert statuses(await connection.feed(connect + get("/"))) == [expected]
        assert connection.closed
    closed = []
    stream = HttpResponse(iter(["a"]))
    stream.body.close = lambda: closed.append(1)
    connection = serve(lambda request: stream).connect()
    assert statuses(await connection.feed(connect)) == [501]
    await turns()
    assert closed == [1]


@pytest.mark.parametrize("body", ["hello", b"hello", {"a": 1}, [1], None])
async def test_head_has_the_fields_of_get_and_no_body(serve, body):
    """RFC 9110 §9.3.2, with and without fields of the handler's own."""
    for fields in (None, {"X-Own": "1"}):
        server = serve(lambda request, fields=fields: HttpResponse(body, 200, headers=fields))
        (full,) = read_responses(await server.connect().feed(get("/")))
        (bare,) = read_responses(await server.connect().feed(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), ["HEAD"])
        assert bare.headers == full.headers
        assert bare.body == b""
        assert full.headers["content-length"] == str(len(full.body))


@pytest.mark.parametrize(
    "wire",
    [
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
        b"HEAD  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\nHEAD /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD / HTTP/3.0\r\nHost: a\r\n\r\n",
        b"HEAD /" + b"a" * 9000,
    ],
)
@pytest.mark.parametrize("in_front", [b"", GET % b"/a"])
@pytest.mark.parametrize("size", [1, 100_000])
async def test_a_refused_head_has_no_body(serve, wire, in_front, size):
    """A client that has asked with HEAD reads none, and would take it for another answer (RFC 9110 §9.3.2)."""
    connection = serve(lambda request: "x").connect()
    wire = in_front + wire
    for at in range(0, len(wire), size):
        connection.send(wire[at : at + size])
    said = connection.take()
    *_, answer = read_responses(said, ["GET", "HEAD"] if in_front else ["HEAD"])
    assert answer.status in {400, 414, 505}
    assert int(answer.headers["content-length"]) > 10
    assert connection.closed


@pytest.mark.parametrize("how", ["end", "time"])
async def test_an_unfinished_head_request_is_refused_without_a_body(serve, how):
    """Whether its client closes its side inside it, or lets the time pass."""
    server = serve(lambda request: "x")
    connection = server.connect()
    connection.send(b"HEAD / HTTP/1.1\r\nHo")
    if how == "end":
        connection.end()
    else:
        server.pass_time(60)
    (answer,) = read_responses(connection.take(), ["HEAD"])
    assert (answer.status, answer.body) == (400 if how == "end" else 408, b"")


async def test_head_of_something_large_or_streamed(serve):
    """Neither is sent; the iterator is closed without being read."""
    closed = []

    class Pieces:
        def __iter__(self):
            return self

        def __next__(self):
            raise AssertionError("read")

        def close(self):
            closed.append(1)

    def handler(request):
        return b"x" * 1_000_000 if request.path == "/large" else Pieces()

    wire = b"HEAD /large HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
    large, streamed = read_responses(await serve(handler).connect().feed(wire), ["HEAD", "HEAD"])
    assert large.headers["content-length"] == "1000000"
    assert streamed.headers["transfer-encoding"] == "chunked"
    assert closed == [1]


async def test_a_handler_that_answers_head_itself_may_name_a_length(serve):
    """The length it sets is that of the content it did not make."""
    server = serve(lambda request: HttpResponse(None, headers={"Content-Length": "123"}))
    (answer,) = read_responses(await server.connect().feed(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), ["HEAD"])
    assert answer.headers["content-length"] == "123"


async def test_the_server_alone_says_how_a_response_is_framed(serve):
    """Length, coding and connection fields of a handler are not sent; its length would be wrong."""
    fields = {
        "Content-Length": "999", "Transfer-Encoding": "gzip, chunked", "Connection": "upgrade, x",
        "Keep-Alive": "timeout=1", "Upgrade": "x", "X-Own": "1",
    }  # fmt: skip
    connection = serve(lambda request: HttpResponse("four", headers=fields)).connect()
    data = await connection.feed(get("/", "/"))
    first, second = read_responses(data)
    assert {name.lower(): value for name, value in first.headers.items() if name.lower() != "date"} == {
        "server": "Areion", "content-type": "text/plain; charset=utf-8", "x-own": "1", "content-length": "4",
    }  # fmt: skip
    assert second.body == b"four"


@pytest.mark.parametrize("value", ["close", "Close", "x, close", "keep-alive, CLOSE"])
async def test_a_handler_may_close_the_connection(serve, value):
    """By a Connection field with the option close; it is announced."""
    connection = serve(lambda request: HttpResponse("x", headers={"Connection": value})).connect()
    (answer,) = read_responses(await connection.feed(get("/", "/")))
    assert answer.headers.getall("connection") == ["close"]
    assert connection.closed


@pytest.mark.parametrize("value", ["closed", "not-close", "keep-alive"])
async def test_other_options_do_not_close_it(serve, value):
    """Only the option itself does."""
    connection = serve(lambda request: HttpResponse("x", headers={"Connection": value})).connect()
    assert statuses(await connection.feed(get("/", "/"))) == [200, 200]


async def test_the_last_request_of_a_connection_is_told_so(serve):
    """After max_requests_per_connection the connection closes, announced; what is behind is not answered."""
    connection = serve(lambda request: "x", config=HttpConfig(max_requests_per_connection=3)).connect()
    answers = read_responses(await connection.feed(get(*["/"] * 5)))
    assert ["connection" in answer.headers for answer in answers] == [False, False, True]
    assert connection.closed


async def test_http_1_0_is_told_that_its_connection_persists(serve):
    """RFC 9112 §9.3: only with keep-alive in both directions."""
    connection = serve(lambda request: "x").connect()
    (answer,) = read_responses(await connection.feed(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"))
    assert answer.headers["connection"] == "keep-alive"
    assert not connection.closed


# -- bodies in ----------------------------------------------------------------------------------------------


async def read(request):
    return await request.read()


async def test_continue_is_sent_on_the_first_pull_only(serve):
    """Not before, and once (RFC 9110 §10.1.1)."""
    begin = asyncio.Event()

    async def handler(request):
        await begin.wait()
        return await request.read()

    connection = serve(handler, read_body=False).connect()
    head, body = post(b"hello", "Expect: 100-continue")[:-5], b"hello"
    connection.send(head)
    await turns()
    assert connection.take() == b""
    begin.set()
    assert await connection.feed() == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.send(body[:2])
    await turns()
    assert connection.take() == b""
    assert bodies(await connection.feed(body[2:])) == [b"hello"]
    assert not connection.closed


async def test_continue_is_not_sent_when_content_has_come_already(serve):
    """RFC 9110 §10.1.1: a server may omit it then."""
    connection = serve(read, read_body=False).connect()
    assert statuses(await connection.feed(post(b"hello", "Expect: 100-continue"))) == [200]
    assert await connection.feed(post(b"hello", "Expect: 100-continue")[:-2]) == b""
    assert bodies(await connection.feed(b"lo")) == [b"hello"]


@pytest.mark.parametrize("error", [HttpError("no", 403), PayloadTooLargeError(), ValueError()])
async def test_a_refusal_is_not_followed_by_continue(serve, error):
    """And the connection closes: whether the content follows cannot be known."""

    def handler(request):
        raise error

    connection = serve(handler, read_body=False).connect()
    (answer,) = read_responses(await connection.feed(post(b"hello", "Expect: 100-continue")[:-5]))
    assert answer.headers["connection"] == "close"
    assert connection.closed


async def test_a_declared_length_above_the_limit_is_refused_before_it_is_asked_for(serve):
    """413 without 100 Continue."""
    connection = serve(read, config=HttpConfig(max_body_size=4)).connect()
    assert statuses(await connection.feed(post(b"hello", "Expect: 100-continue")[:-5])) == [413]


async def test_continue_comes_behind_earlier_answers(serve):
    """The client reads it as part of the answer to the request it belongs to."""
    connection = serve(read, read_body=False).connect()
    wire = get("/", "/") + post(b"hello", "Expect: 100-continue")[:-5]
    assert statuses(await connection.feed(wire)) == [200, 200, 100]
    assert bodies(await connection.feed(b"hello")) == [b"hello"]


async def test_an_unread_body_is_skipped(serve):
    """Within max_unread_body the connection goes on with the next request, however the body comes."""
    connection = serve(lambda request: request.path, read_body=False).connect()
    body = get("/smuggled")
    wire = post(body, path="/a") + get("/b")
    assert bodies(await connection.feed(wire)) == [b"/a", b"/b"]
    for at in range(1, len(wire)):
        first = await connection.feed(wire[:at])
        assert bodies(first + await connection.feed(wire[at:])) == [b"/a", b"/b"]
    chunked = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get(
        "/b"
    )
    for at in range(1, len(chunked)):
        first = await connection.feed(chunked[:at])
        assert bodies(first + await connection.feed(chunked[at:])) == [b"/a", b"/b"]


async def test_skipping_goes_on_when_more_comes_than_is_read_ahead(serve):
    """A body that is thrown away never stops the reading."""
    config = HttpConfig(max_read_ahead=100, max_unread_body=5000)
    connection = serve(lambda request: request.path, read_body=False, config=config).connect()
    wire = post(b"x" * 4000, path="/a") + get("/b")
    first = await connection.feed(wire[:150])
    assert bodies(first + await connection.feed(wire[150:])) == [b"/a", b"/b"]


async def test_an_unread_body_that_is_too_large_ends_the_connection(serve):
    """Announced, when its length is known before."""
    config = HttpConfig(max_unread_body=10)
    connection = serve(lambda request: "x", read_body=False, config=config).connect()
    (answer,) = read_responses(await connection.feed(post(b"x" * 11)[:-11]))
    assert answer.headers["connection"] == "close"
    assert connection.closed


async def test_an_unread_body_in_chunks_is_skipped_within_the_bound(serve):
    """Its length is not known: it is read until the bound, and then the connection closes without a word."""
    config = HttpConfig(max_unread_body=10)
    connection = serve(lambda request: "x", read_body=False, config=config).connect()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    (answer,) = read_responses(await connection.feed(head))
    assert "connection" not in answer.headers
    assert await connection.feed(b"a\r\n0123456789\r\n") == b""
    assert not connection.closed
    assert await connection.feed(b"1\r\nx\r\n") == b""
    assert connection.closed


async def test_malformed_framing_of_a_skipped_body_closes_without_another_answer(serve, log):
    """The request has been answered; a 400 would be taken for the answer to the next one."""
    connection = serve(lambda request: "x", read_body=False).connect()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(await connection.feed(head)) == [200]
    assert await connection.feed(b"zz\r\n") == b""
    assert connection.closed
    (record,) = log.records
    assert "chunk size line" in record.getMessage()


async def test_malformed_framing_reaches_the_handler(serve, log):
    """It may clean up; the answer is 400 whatever it was doing, in one log line, and the connection closes."""
    seen = []

    async def handler(request):
        try:
            return await request.read()
        except HttpError as error:
            seen.append(error.status_code)
            raise

    connection = serve(handler, read_body=False).connect()
    connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
    (answer,) = read_responses(await connection.feed(b"zz\r\n"))
    assert (answer.status, seen) == (400, [400])
    assert connection.closed
    (record,) = log.records
    assert "at byte 7 near " in record.getMessage()


async def test_reading_pauses_while_the_handler_does_not_take_its_body(serve):
    """At most max_read_ahead lies between; then the client waits (back-pressure)."""
    go = asyncio.Event()

    async def handler(request):
        await go.wait()
        return str(len(await request.read()))

    connection = serve(handler, read_body=False, config=HttpConfig(max_read_ahead=1000)).connect()
    wire = post(b"x" * 100_000)
    for at in range(0, len(wire), 500):
        connection.send(wire[at : at + 500])
    await turns()
    assert not connection.transport.taking
    assert connection.protocol._incoming._held <= 1500
    go.set()
    assert bodies(await connection.feed()) == [b"100000"]


# -- the end ------------------------------------------------------------------------------------------------


async def test_an_idle_client_that_leaves_is_no_event(serve, log):
    """No answer, no log line."""
    connection = serve(lambda request: "x").connect()
    connection.end()
    assert await connection.feed() == b""
    assert connection.closed
    connection = serve(lambda request: "x").connect()
    assert statuses(await connection.feed(get("/"))) == [200]
    connection.end()
    await connection.settled()
    assert connection.closed
    assert connection.take() == b""
    assert not log.records


async def test_empty_lines_and_then_the_end_are_no_event(serve, log):
    """They are no request."""
    connection = serve(lambda request: "x").connect()
    connection.send(b"\r\n")
    connection.end()
    assert await connection.feed() == b""
    assert connection.closed
    assert not log.records


async def test_a_head_without_its_end_is_refused(serve, log):
    """RFC 9112 §8: incomplete; the client may still read why."""
    connection = serve(lambda request: "x").connect()
    connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
    connection.end()
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, answer.body) == (400, b"the request ends inside its head")
    assert connection.closed
    assert len(log.records) == 1


@pytest.mark.parametrize(
    "wire", [post(b"hello")[:-2], b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"]
)
@pytest.mark.parametrize("read_body", [True, False])
async def test_a_body_without_its_end_is_refused(serve, log, wire, read_body):
    """RFC 9112 §8: such a message is incomplete, and its handler does not get it as if it were whole."""
    got = []

    async def handler(request):
        got.append(await request.read())

    connection = serve(handler, read_body=read_body).connect()
    connection.send(wire)
    await turns()
    connection.end()
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, got) == (400, [])
    assert connection.closed
    (record,) = log.records
    assert record.exc_info is None


async def test_a_client_that_has_closed_its_side_gets_its_answers(serve):
    """Half-close: what was sent before it is answered, then the server closes."""

    async def handler(request):
        await asyncio.sleep(0.001)
        return request.path

    connection = serve(handler).connect()
    connection.send(get("/a", "/b", "/c"))
    connection.end()
    assert bodies(await connection.feed()) == [b"/a", b"/b", b"/c"]
    assert connection.closed


async def test_a_slow_reader_that_has_closed_its_side_gets_its_answers(serve):
    """The end comes only after all that was held."""
    connection = serve(lambda request: b"x" * 50_000).connect()
    connection.stop_reading()
    connection.send(get(*["/"] * 10))
    connection.end()
    await turns()
    connection.go_on_reading()
    assert len(bodies(await connection.feed())) == 10
    assert connection.closed


async def test_a_handler_is_told_that_its_client_has_left(serve):
    """is_disconnected() becomes true, at the half-close too; by default the handler goes on."""
    told = []

    async def handler(request):
        while not await request.is_disconnected():
            await asyncio.sleep(0)
        told.append(request.path)
        return "nobody hears this"

    server = serve(handler)
    lost, ended = server.connect(), server.connect()
    lost.send(get("/lost"))
    ended.send(get("/ended"))
    await turns()
    lost.lose()
    ended.end()
    data = await ended.feed()
    await turns()
    assert sorted(told) == ["/ended", "/lost"]
    assert bodies(data) == [b"nobody hears this"]


@pytest.mark.parametrize("how", ["lost", "ended"])
async def test_cancel_on_disconnect(serve, log, how):
    """If wanted, a handler is cancelled when its client leaves; that is no failure, and nothing is sent."""
    cancelled = []

    async def handler(request):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    connection = serve(handler, config=HttpConfig(cancel_on_disconnect=True)).connect()
    connection.send(get("/"))
    await turns()
    if how == "lost":
        connection.lose()
    else:
        connection.end()
    await turns()
    assert cancelled == [1]
    assert connection.take() == b""
    assert connection.closed
    assert not log.records


async def test_a_client_that_leaves_inside_its_body(serve, log):
    """The handler that waits for more gets ClientDisconnectedError; nobody is answered, nothing is logged."""
    seen = []

    async def handler(request):
        try:
            await request.read()
        except ClientDisconnectedError as error:
            seen.append(error)
            raise

    connection = serve(handler, read_body=False).connect()
    connection.send(post(b"hello")[:-2])
    await turns()
    connection.lose()
    await turns()
    assert len(seen) == 1
    assert not log.records


async def test_a_response_for_a_client_that_left_is_closed(serve):
    """An iterator that nobody will read is closed, synchronous or asynchronous."""
    closed = []

    class Plain:
        def __iter__(self):
            return self

        def __next__(self):
            raise AssertionError

        def close(self):
            closed.append("plain")

    class Asynchronous:
        def __aiter__(self):
            return self

        async def __anext__(self):
            raise AssertionError

        async def aclose(self):
            await asyncio.sleep(0)
            closed.append("asynchronous")

    async def handler(request):
        await asyncio.sleep(0)
        return Plain() if request.path == "/plain" else Asynchronous()

    server = serve(handler)
    for path in ("/plain", "/asynchronous"):
        connection = server.connect()
        connection.send(get(path))
        connection.lose()
        await turns(10)
    assert closed == ["plain", "asynchronous"]


async def test_a_handler_at_work_counts_until_it_is_done(serve):
    """Leaving does not make room for more handlers: clients that come and go cannot start work without bound."""
    release = asyncio.Event()

    async def handler(request):
        await release.wait()

    server = serve(handler, config=HttpConfig(max_connections=2))
    for _ in range(2):
        connection = server.connect()
        connection.send(get("/"))
        connection.lose()
    assert server.connection_count == 2
    assert statuses(await server.connect().feed()) == [503]
    release.set()
    await turns()
    assert server.connection_count == 0


async def test_data_behind_the_last_answer_is_thrown_away_up_to_a_bound(serve):
    """So that a client which still sends reads its answer; more than the bound is a reset (RFC 9112 §9.6)."""
    connection = serve(lambda request: "x").connect()
    assert statuses(await connection.feed(b"BAD\r\n")) == [400]
    assert connection.transport.half_closed
    data = b"x" * (1 << 20)
    for _ in range(64):
        connection.send(data)
    assert not connection.transport.aborted
    connection.send(b"x")
    assert connection.transport.aborted


async def test_lingering_ends_when_the_client_closes(serve):
    """No need to wait for the timeout."""
    connection = serve(lambda request: "x").connect()
    await connection.feed(b"BAD\r\n")
    assert not connection.transport.closing
    connection.end()
    assert connection.transport.closing


async def test_too_many_connections_are_told_so(serve, log):
    """503 with Retry-After, in one log line; when one leaves, the next is served."""
    server = serve(lambda request: "x", config=HttpConfig(max_connections=2))
    first, second, third = server.connect(), server.connect(), server.connect()
    (answer,) = read_responses(await third.feed(get("/")))
    assert (answer.status, answer.headers["retry-after"], answer.headers["connection"]) == (503, "1", "close")
    assert b"too many connections" in answer.body
    assert third.closed
    assert len(log.records) == 1
    assert statuses(await first.feed(get("/"))) == [200]
    second.lose()
    assert statuses(await server.connect().feed(get("/"))) == [200]


async def test_connections_above_the_limit_are_bounded_too(serve):
    """Those that are told are few; the rest is dropped without a word."""
    server = serve(lambda request: "x", config=HttpConfig(max_connections=1))
    server.connect()
    told = [server.connect() for _ in range(200)]
    assert sum(connection.transport.aborted for connection in told) == 200 - 128
    await turns()
    server.pass_time(5)
    await turns()
    assert all(connection.transport.closing for connection in told)


# -- leftovers ----------------------------------------------------------------------------------------------


async def test_a_request_may_be_kept(serve):
    """Head and body stay readable after the response."""
    kept = []
    connection = serve(lambda request: kept.append(request) or "x").connect()
    await connection.feed(post(b"hello", "X-Own: 1", path="/kept?a=b"))
    await connection.feed(get("/other"))
    request = kept[0]
    assert (request.path, request.headers["x-own"], request.body) == ("/kept", "1", b"hello")
    assert request.query_params["a"] == "b"


async def test_reading_after_the_response_is_an_error_that_says_so(serve):
    """A body given up with its response is never handed out in part."""
    errors = []
    tasks = []

    async def reading(request):
        try:
            await request.read()
        except RuntimeError as error:
            errors.append(str(error))

    async def handler(request):
        tasks.append(asyncio.create_task(reading(request)))
        await asyncio.sleep(0)
        return "early"

    connection = serve(handler, read_body=False).connect()
    await connection.feed(post(b"hello")[:-2])
    await connection.feed(b"lo")
    await asyncio.gather(*tasks)
    assert errors == ["the body of a request was given up when its response had been sent"]
    assert statuses(await connection.feed(post(b"")[:0] + get("/"))) == [200]
    await asyncio.gather(*tasks)


async def test_a_connection_keeps_nothing_of_its_requests(serve):
    """After the answer neither request nor body is held by the connection."""
    connection = serve(lambda request: "x").connect()
    await connection.feed(post(b"x" * 100_000))
    protocol = connection.protocol
    assert protocol.request is None
    assert protocol._buffer == b""
    assert protocol._incoming is None
    assert protocol._context is None


async def test_bytes_one_by_one_need_no_memory(serve):
    """A chunked body of single bytes, in single bytes, costs its content and little more."""
    count = 20_000

    async def handler(request):
        total = 0
        async for piece in request.stream():
            total += len(piece)
        return str(total)

    connection = serve(handler, read_body=False).connect()
    connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await turns()
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(count):
            connection.send(b"1\r\nx\r\n")
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < 1_000_000
    assert bodies(await connection.feed(b"0\r\n\r\n")) == [str(count).encode()]


async def test_context_variables_of_one_request_do_not_reach_the_next(serve):
    """Each request runs in a context of its own."""
    from contextvars import ContextVar

    var = ContextVar("var", default="clean")

    def handler(request):
        found = var.get()
        var.set("dirty")
        return found

    assert bodies(await serve(handler).connect().feed(get("/", "/", "/"))) == [b"clean"] * 3


async def test_upgrade_is_answered_as_an_ordinary_request(serve):
    """The server may ignore it (RFC 9110 §7.8)."""
    wire = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    (answer,) = read_responses(await serve(lambda request: "x").connect().feed(wire))
    assert answer.status == 200
    assert "upgrade" not in answer.headers
