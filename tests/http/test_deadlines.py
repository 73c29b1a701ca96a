"""Facts about ``_deadlines``: whom the server waits for, how long, and what is said then. Time is told to pass."""

import asyncio

import pytest
from areion_http import HttpConfig, HttpResponse, RequestTimeoutError
from areion_http.testing import read_responses

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
CONFIG = HttpConfig(
    head_timeout=10.0, body_grace=5.0, body_min_rate=100, keep_alive_timeout=60.0, write_timeout=30.0,
    half_close_timeout=20.0, linger_timeout=2.0, max_body_size=10_000_000,
)  # fmt: skip


async def turns(count=6):
    for _ in range(count):
        await asyncio.sleep(0)


async def read(request):
    return str(len(await request.read()))


async def forever(request):
    await asyncio.Event().wait()


# -- heads --------------------------------------------------------------------------------------------------


async def test_a_head_that_does_not_end_is_answered_408(serve, log):
    """From the first byte on, however its bytes trickle; one log line, one reason."""
    server = serve(read, config=CONFIG)
    connection = server.connect()
    for byte in GET[:11]:
        connection.send(bytes([byte]))
        server.pass_time(1.0)
    (answer,) = read_responses(connection.take())
    assert (answer.status, answer.body) == (408, b"the head did not arrive in time (head_timeout)")
    assert answer.headers["connection"] == "close"
    assert connection.closed
    (record,) = log.records
    assert record.exc_info is None


async def test_a_head_may_take_its_time(serve):
    """Until the deadline."""
    server = serve(lambda request: "x", config=CONFIG)
    connection = server.connect()
    connection.send(GET[:20])
    server.pass_time(9.9)
    assert len(read_responses(await connection.feed(GET[20:]))) == 1


async def test_each_head_has_its_own_deadline(serve):
    """Time between requests is not counted."""
    server = serve(lambda request: "x", config=CONFIG)
    connection = server.connect()
    for _ in range(10):
        connection.send(GET[:20])
        server.pass_time(8.0)
        assert len(read_responses(await connection.feed(GET[20:]))) == 1


async def test_slow_loris(serve):
    """A thousand connections that each send a byte now and then are all gone after the deadline."""
    server = serve(lambda request: "x", config=CONFIG)
    connections = [server.connect() for _ in range(1000)]
    for second in range(12):
        for connection in connections:
            connection.send(b"GET / HTTP/1.1\r\n"[second : second + 1])
        server.pass_time(1.0)
    assert all(connection.closed for connection in connections)
    server.pass_time(3.0)
    await turns()
    assert server.connection_count == 0


# -- idle ---------------------------------------------------------------------------------------------------


async def test_an_idle_connection_is_closed_without_a_word(serve, log):
    """After the keep-alive timeout, and not before: the client may be about to send."""
    server = serve(lambda request: "x", config=CONFIG)
    connection = server.connect()
    await connection.feed(GET)
    server.pass_time(59.0)
    assert not connection.closed
    server.pass_time(2.0)
    assert connection.closed
    assert connection.take() == b""
    assert not log.records


async def test_a_connection_that_never_says_anything_is_closed_without_a_word(serve, log):
    """After the time that a head may take."""
    server = serve(lambda request: "x", config=CONFIG)
    connection = server.connect()
    server.pass_time(9.0)
    assert not connection.closed
    server.pass_time(2.0)
    assert connection.closed
    assert connection.take() == b""
    assert not log.records


async def test_empty_lines_are_no_begin_of_a_head(serve):
    """A line too many behind a body (RFC 9112 §2.2) brings no 408 upon an idle client."""
    server = serve(lambda request: "x", config=CONFIG)
    connection = server.connect()
    await connection.feed(GET + b"\r\n")
    server.pass_time(50.0)
    assert not connection.closed
    assert len(read_responses(await connection.feed(GET))) == 1


async def test_deadlines_can_be_off(serve):
    """None waits for ever."""
    config = HttpConfig(
        head_timeout=None,
        keep_alive_timeout=None,
        body_grace=None,
        write_timeout=None,
        half_close_timeout=None,
    )
    server = serve(read, config=config)
    idle, head, body, reader, half = (server.connect() for _ in range(5))
    await idle.feed(GET)
    head.send(GET[:9])
    body.send(POST)
    reader.stop_reading()
    reader.send(GET * 10)
    half.send(POST)
    await turns()
    server.pass_time(10_000.0)
    assert not any(connection.closed for connection in (idle, head, body, reader))
    for connection in (idle, head, body, reader, half):
        connection.lose()


# -- bodies -------------------------------------------------------------------------------------------------


async def test_a_body_that_stops_is_answered_408(serve, log):
    """When nothing comes for the grace period; the handler gets RequestTimeoutError."""
    server = serve(read, config=CONFIG)
    connection = server.connect()
    connection.send(POST + b"x" * 5000)
    await turns()
    server.pass_time(7.0)
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, answer.body) == (408, b"the body came too slowly (body_min_rate)")
    assert connection.closed
    (record,) = log.records
    assert record.exc_info is None


@pytest.mark.parametrize("head", [POST, CHUNKED])
async def test_a_body_that_trickles_is_answered_408(serve, head):
    """A byte each second is progress, and below the minimum rate."""
    server = serve(read, config=CONFIG)
    connection = server.connect()
    connection.send(head)
    for _ in range(8):
        connection.send(b"x" if head is POST else b"1\r\nx\r\n")
        await turns()
        server.pass_time(1.0)
    (answer,) = read_responses(await connection.feed())
    assert answer.status == 408


async def test_a_slow_body_above_the_rate_is_read(serve):
    """However long it takes."""
    server = serve(read, config=CONFIG)
    connection = server.connect()
    connection.send(POST.replace(b"1000000", b"6000"))
    for _ in range(60):
        await turns()
        server.pass_time(0.9)
        connection.send(b"x" * 100)
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, answer.body) == (200, b"6000")


async def test_a_body_that_is_not_waited_for_has_no_deadline(serve):
    """While the handler does something else, the client is not to blame."""
    release = asyncio.Event()

    async def handler(request):
        await release.wait()
        return await read(request)

    server = serve(handler, config=CONFIG, read_body=False)
    connection = server.connect()
    connection.send(POST.replace(b"1000000", b"10"))
    await turns()
    server.pass_time(1000.0)
    release.set()
    (answer,) = read_responses(await connection.feed(b"x" * 10))
    assert answer.body == b"10"


async def test_a_handler_may_answer_a_timeout_itself(serve):
    """It gets the exception, and may do with it what it likes; the connection closes."""

    async def handler(request):
        try:
            return await request.read()
        except RequestTimeoutError:
            return HttpResponse("too slow for me", 418)

    server = serve(handler, config=CONFIG, read_body=False)
    connection = server.connect()
    connection.send(POST)
    await turns()
    server.pass_time(7.0)
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, answer.headers["connection"]) == (418, "close")


async def test_an_unread_body_that_does_not_come_ends_the_connection(serve):
    """Nobody waits for what will be thrown away."""
    server = serve(lambda request: "x", config=CONFIG, read_body=False)
    connection = server.connect()
    await connection.feed(POST.replace(b"1000000", b"10"))
    server.pass_time(4.0)
    assert not connection.closed
    connection.send(b"x")
    server.pass_time(3.0)
    assert connection.closed


# -- writing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bytes", "large", "stream", "file", "pipeline"])
async def test_a_reader_that_takes_nothing_is_dropped(serve, log, tmp_path, kind):
    """After write_timeout, whatever it asked for, in one log line; memory was bounded until then."""
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)

    def stream():
        while True:
            yield b"x" * 10_000

    def handler(request):
        return {
            "bytes": lambda: b"x" * 200_000,
            "large": lambda: b"x" * 3_000_000,
            "stream": stream,
            "file": lambda: HttpResponse(tmp_path / "file"),
            "pipeline": lambda: b"x" * 30_000,
        }[kind]()

    server = serve(handler, config=CONFIG)
    connection = server.connect()
    connection.stop_reading()
    connection.send(GET * (100 if kind == "pipeline" else 1))
    async with asyncio.timeout(10):
        while not connection.transport.waiting:
            await asyncio.sleep(0.001)
    await turns(30)
    assert len(connection.transport.waiting) < 600_000
    server.pass_time(29.0)
    assert not connection.transport.aborted
    server.pass_time(3.0)
    assert connection.transport.aborted
    await turns()
    assert server.connection_count == 0
    (record,) = log.records
    assert "takes nothing of its response" in record.getMessage()


async def test_a_reader_that_takes_a_little_at_a_time_is_served(serve):
    """A byte between two looks is progress."""
    server = serve(lambda request: b"x" * 100_000, config=CONFIG)
    connection = server.connect()
    connection.stop_reading()
    connection.send(GET)
    for _ in range(100):
        server.pass_time(20.0)
        connection.transport.client_takes(1)
    assert not connection.transport.closing
    connection.lose()


async def test_a_refused_client_that_reads_nothing_is_dropped(serve):
    """Answers in front of a refusal that nobody takes do not keep the connection open."""
    server = serve(lambda request: b"x" * 200_000, config=CONFIG)
    connection = server.connect()
    connection.stop_reading()
    connection.send(GET + b"BAD\r\n")
    await turns()
    connection.go_on_reading()
    connection.stop_reading()
    await turns()
    server.pass_time(100.0)
    await turns()
    assert server.connection_count == 0


# -- handlers -----------------------------------------------------------------------------------------------


async def test_handlers_have_no_deadline_by_default(serve):
    """Only the application knows how long its work takes."""
    server = serve(forever)
    connection = server.connect()
    connection.send(GET)
    await turns()
    server.pass_time(10_000.0)
    await turns()
    assert not connection.closed
    connection.protocol.cut()
    await turns()


async def test_a_handler_that_takes_too_long_is_cancelled_and_answered_503(serve):
    """The connection goes on with the next request."""
    server = serve(
        lambda request: forever(request) if request.path == "/" else "quick",
        config=HttpConfig(handler_timeout=3.0),
    )
    connection = server.connect()
    connection.send(GET + b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n")
    await turns()
    server.pass_time(2.0)
    await turns()
    assert connection.take() == b""
    server.pass_time(2.0)
    first, second = read_responses(await connection.feed())
    assert (first.status, first.body) == (503, b"the handler took too long")
    assert second.body == b"quick"


async def test_a_handler_is_cancelled_once(serve):
    """What it does to clean up is not cancelled again and again."""
    cleaned = []

    async def handler(request):
        try:
            await asyncio.sleep(60)
        finally:
            for _ in range(5):
                await asyncio.sleep(0.001)
            cleaned.append(1)

    server = serve(handler, config=HttpConfig(handler_timeout=3.0))
    connection = server.connect()
    connection.send(GET)
    for _ in range(20):
        await turns(2)
        server.pass_time(3.0)
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, cleaned) == (503, [1])


async def test_a_handler_that_will_not_be_cancelled_answers_late(serve):
    """Its result is sent, and a later cancellation is not taken for a timeout."""

    async def handler(request):
        if request.path == "/later":
            raise asyncio.CancelledError
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "late"

    server = serve(handler, config=HttpConfig(handler_timeout=3.0))
    connection = server.connect()
    connection.send(GET + b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
    await turns()
    server.pass_time(5.0)
    first, second = read_responses(await connection.feed())
    assert first.body == b"late"
    assert second.status == 500


async def test_a_stream_that_has_begun_is_no_handler_that_takes_too_long(serve):
    """The deadline ends with the first piece; a stream may go on for hours."""
    gate = asyncio.Event()

    async def handler(request):
        async def events():
            yield "first "
            await gate.wait()
            yield "second"

        return events()

    server = serve(handler, config=HttpConfig(handler_timeout=3.0))
    connection = server.connect()
    connection.send(GET)
    await turns()
    server.pass_time(1000.0)
    gate.set()
    (answer,) = read_responses(await connection.feed())
    assert answer.body == b"first second"


async def test_a_stream_that_does_not_begin_is_answered_503(serve):
    """Nothing has been sent yet, so it can still be said."""
    closed = []

    async def handler(request):
        async def events():
            try:
                await asyncio.Event().wait()
                yield "never"
            finally:
                closed.append(1)

        return events()

    server = serve(handler, config=HttpConfig(handler_timeout=3.0))
    connection = server.connect()
    connection.send(GET)
    await turns()
    server.pass_time(5.0)
    (answer,) = read_responses(await connection.feed())
    assert (answer.status, closed) == (503, [1])


async def test_the_handler_of_a_client_that_left_has_its_deadline_too(serve):
    """Nobody would ever end it otherwise."""
    server = serve(forever, config=HttpConfig(handler_timeout=3.0))
    connection = server.connect()
    connection.send(GET)
    await turns()
    connection.lose()
    await turns()
    assert server.connection_count == 1
    server.pass_time(5.0)
    await turns()
    assert server.connection_count == 0


# -- half-closed, lingering ---------------------------------------------------------------------------------


async def test_a_half_closed_client_is_waited_for_a_while(serve):
    """Then it is taken for gone, and what works for it is ended."""
    server = serve(lambda request: events(), config=CONFIG)
    ended = []

    async def events():
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    connection = server.connect()
    connection.send(GET)
    await turns()
    connection.end()
    server.pass_time(19.0)
    assert not connection.closed
    server.pass_time(3.0)
    await turns()
    assert connection.transport.aborted
    assert ended == [1]


async def test_a_half_closed_client_gets_a_stream_that_goes_on(serve):
    """Progress keeps it."""
    tick = asyncio.Event()

    async def events():
        for number in range(10):
            await tick.wait()
            tick.clear()
            yield str(number)

    server = serve(lambda request: events(), config=CONFIG)
    connection = server.connect()
    connection.send(GET)
    connection.end()
    for _ in range(10):
        server.pass_time(15.0)
        tick.set()
        await turns()
    (answer,) = read_responses(await connection.feed())
    assert answer.body == b"0123456789"


async def test_lingering_has_an_end(serve):
    """A client that neither stops to send nor leaves is dropped."""
    server = serve(lambda request: "x", config=CONFIG)
    connection = server.connect()
    await connection.feed(b"BAD\r\n")
    for _ in range(3):
        connection.send(b"more")
        server.pass_time(1.0)
    assert connection.transport.aborted
    await turns()
    assert server.connection_count == 0


def test_deadlines_are_looked_at_often_enough():
    """Four times in the shortest of them, and at least each second."""
    assert HttpConfig(handler_timeout=0.4).sweep_interval() == pytest.approx(0.1)
    assert HttpConfig(head_timeout=0.001).sweep_interval() == 0.02
    assert HttpConfig(linger_timeout=60.0, body_grace=60.0).sweep_interval() == 1.0
