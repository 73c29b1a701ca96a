"""Facts about ``_drain``: how the last requests end when a server stops."""

import asyncio
import logging

import pytest
from areion_http import HttpConfig, HttpResponse
from areion_http.testing import read_responses

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
QUICK = HttpConfig(shutdown_timeout=0.2, stream_shutdown_timeout=0.05)


async def turns(count=6):
    for _ in range(count):
        await asyncio.sleep(0)


async def test_idle_connections_close_at_once(serve, log):
    """Without a word, those in the middle of a head too: their request is not in flight."""
    server = serve(lambda request: "x")
    idle, partial = server.connect(), server.connect()
    await idle.feed(GET)
    await partial.feed(GET + GET[:9])
    await server.stop()
    assert idle.closed
    assert partial.closed
    assert (idle.take(), partial.take()) == (b"", b"")
    assert not log.records


async def test_a_running_request_is_finished_and_told_that_it_was_the_last(serve):
    """Its connection closes behind it; what was pipelined after it is not begun."""
    begun = []
    release = asyncio.Event()

    async def handler(request):
        begun.append(request.path)
        await release.wait()
        return "done"

    server = serve(handler)
    connection = server.connect()
    connection.send(GET + GET)
    await turns()
    stopping = asyncio.create_task(server.stop())
    await turns()
    release.set()
    await stopping
    (answer,) = read_responses(connection.take())
    assert (answer.body, answer.headers["connection"], begun) == (b"done", "close", ["/"])
    assert connection.closed


async def test_a_body_that_is_still_coming_is_waited_for(serve):
    """The request is in flight."""
    server = serve(lambda request: request.body)
    connection = server.connect()
    connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    await turns()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.02)
    connection.send(b"cd")
    await stopping
    (answer,) = read_responses(connection.take())
    assert answer.body == b"abcd"


async def test_the_first_request_of_a_new_connection_is_answered(serve):
    """It was accepted before the stop, and is on its way."""
    server = serve(lambda request: "first")
    connection = server.connect()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.02)
    (answer,) = read_responses(await connection.feed(GET))
    assert (answer.body, answer.headers["connection"]) == (b"first", "close")
    await stopping


async def test_a_stream_without_end_is_ended_and_named(serve, log):
    """After stream_shutdown_timeout its generator is closed; the client sees that the body is not whole."""
    closed = []

    async def events():
        try:
            while True:
                yield "event"
                await asyncio.sleep(0.01)
        finally:
            closed.append(1)

    server = serve(lambda request: events(), config=QUICK)
    connection = server.connect()
    connection.send(GET)
    await turns()
    await server.stop()
    assert closed == [1]
    assert connection.transport.aborted
    assert [record.getMessage() for record in log.records] == ["ended at shutdown: 1 request (GET /)"]


async def test_a_stream_may_end_itself_when_the_server_stops(serve, log):
    """``request.connection.stopping`` tells it; the client gets a good end."""

    async def events(request):
        while not request.connection.stopping:
            yield "event"
            await asyncio.sleep(0)
        yield "bye"

    server = serve(lambda request: events(request))
    connection = server.connect()
    connection.send(GET)
    await turns()
    await server.stop()
    (answer,) = read_responses(connection.take())
    assert answer.body.endswith(b"bye")
    assert not log.records


async def test_a_stream_that_has_not_begun_is_answered_503(serve):
    """Nothing has been sent yet, so it can be said."""

    async def events():
        await asyncio.Event().wait()
        yield "never"

    server = serve(lambda request: events(), config=QUICK)
    connection = server.connect()
    connection.send(GET)
    await turns()
    await server.stop()
    (answer,) = read_responses(connection.take())
    assert (answer.status, answer.body) == (503, b"the server is stopping")


async def test_a_download_is_no_stream_without_end(serve, tmp_path):
    """Files have the whole shutdown_timeout."""
    (tmp_path / "file").write_bytes(b"x" * 2_000_000)
    config = HttpConfig(shutdown_timeout=5.0, stream_shutdown_timeout=0.01)
    server = serve(lambda request: HttpResponse(tmp_path / "file"), config=config)
    connection = server.connect()
    connection.stop_reading()
    connection.send(GET)
    while not connection.transport.waiting:
        await asyncio.sleep(0.001)
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.05)
    connection.go_on_reading()
    await stopping
    (answer,) = read_responses(connection.take())
    assert len(answer.body) == 2_000_000


async def test_what_does_not_end_is_cut_and_named(serve, log):
    """After shutdown_timeout; the handlers are cancelled, and have a moment to clean up."""
    cleaned = []

    async def handler(request):
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            cleaned.append(request.path)

    server = serve(handler, config=QUICK)
    connections = [server.connect() for _ in range(7)]
    for number, connection in enumerate(connections):
        connection.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
    await turns()
    await server.stop()
    assert len(cleaned) == 7
    assert all(connection.transport.aborted for connection in connections)
    (record,) = log.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("cut off at shutdown: 7 requests (GET /")
    assert record.getMessage().endswith(" and 2 more)")


async def test_a_handler_that_will_not_be_cancelled_is_named(serve, log, monkeypatch):
    """The stop does not hang on it."""
    monkeypatch.setattr("areion_http._drain._CUT_GRACE", 0.05)
    release = asyncio.Event()

    async def handler(request):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                pass

    server = serve(handler, config=QUICK)
    connection = server.connect()
    connection.send(GET)
    await turns()
    await server.stop()
    assert [record.getMessage() for record in log.records] == [
        "cut off at shutdown: 1 request (GET /)",
        "1 handlers go on although they were cancelled",
    ]
    release.set()
    await turns()


async def test_a_handler_whose_client_has_left_is_waited_for(serve):
    """It may be in the middle of something that is to be finished."""
    finished = []

    async def handler(request):
        await asyncio.sleep(0.05)
        finished.append(1)

    server = serve(handler)
    connection = server.connect()
    connection.send(GET)
    connection.lose()
    await server.stop()
    assert finished == [1]


async def test_the_log_says_what_is_waited_for(serve, log, monkeypatch):
    """Now and then, while it takes long."""
    monkeypatch.setattr("areion_http._drain._TELL_EVERY", 0.05)

    async def handler(request):
        while "waiting for 1 request (GET /)" not in log.text:
            await asyncio.sleep(0.01)
        return "x"

    server = serve(handler)
    connection = server.connect()
    connection.send(GET)
    await turns()
    await server.stop()
    assert [answer.body for answer in read_responses(connection.take())] == [b"x"]


async def test_connections_that_were_refused_are_not_waited_for(serve):
    """Whether or not they have read why."""
    server = serve(lambda request: "x", config=HttpConfig(max_connections=1))
    server.connect()
    refused = server.connect()
    await asyncio.wait_for(server.stop(), 2)
    assert refused.transport.aborted


async def test_a_client_that_is_sending_what_nobody_wants_is_closed_with_care(serve):
    """It may still read its answer."""
    server = serve(lambda request: "x", read_body=False)
    connection = server.connect()
    await connection.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    stopping = asyncio.create_task(server.stop())
    await turns()
    assert connection.transport.half_closed or connection.transport.closing
    connection.end()
    await stopping


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_connections_without_a_request_are_counted(serve, log, count):
    """In the words of the log."""
    from areion_http._drain import summary

    server = serve(lambda request: "x")
    for _ in range(count):
        await server.connect().feed(GET)
    words = f"{count} connection{'s' if count != 1 else ''} without one"
    assert summary(server._shared.connections) == words
