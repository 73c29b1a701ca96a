"""Facts about ``_sender``: responses piece by piece, and what becomes of those that break off (RFC 9112 §7, §8)."""

import asyncio
import contextlib
import gc
import io
import os
import socket
import time
import tracemalloc
from contextvars import ContextVar

import pytest
from areion_http import FileBody, HttpResponse
from areion_http.testing import read_responses

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
BIG = 3_000_000


async def turns(count=8):
    for _ in range(count):
        await asyncio.sleep(0)


async def eventually(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def plain(*pieces):
    yield from pieces


async def waiting(*pieces):
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


KINDS = pytest.mark.parametrize("make", [plain, waiting])


# -- framing ------------------------------------------------------------------------------------------------


@KINDS
async def test_an_iterator_is_sent_in_chunks(serve, make):
    """One chunk for each piece, and an end (RFC 9112 §7.1); the connection persists."""
    connection = serve(lambda request: make("a", b"bc", bytearray(b"d"), memoryview(b"e"))).connect()
    data = await connection.feed(GET)
    assert data.endswith(
        b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n1\r\nd\r\n1\r\ne\r\n0\r\n\r\n"
    )
    (answer,) = read_responses(data)
    assert "content-length" not in answer.headers
    assert len(read_responses(await connection.feed(GET))) == 1


@KINDS
async def test_http_1_0_gets_it_to_the_end_of_the_connection(serve, make):
    """There are no chunks in 1.0, even where the client would keep the connection."""
    for request in (OLD, OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")):
        connection = serve(lambda request: make("a", "b")).connect()
        data = await connection.feed(request)
        assert data.endswith(b"Connection: close\r\n\r\nab")
        assert b"Transfer-Encoding" not in data
        assert connection.closed


@KINDS
async def test_empty_pieces_do_not_end_the_body(serve, make):
    """An empty chunk would be the last one."""
    connection = serve(lambda request: make("", "a", b"", "b", "")).connect()
    (answer,) = read_responses(await connection.feed(GET))
    assert answer.body == b"ab"


@KINDS
async def test_an_iterator_without_pieces(serve, make):
    """An empty body, and the next request."""
    connection = serve(lambda request: make()).connect()
    assert [answer.body for answer in read_responses(await connection.feed(GET + GET))] == [b"", b""]
    connection = serve(lambda request: make()).connect()
    assert [answer.body for answer in read_responses(await connection.feed(OLD))] == [b""]
    assert connection.closed


@KINDS
async def test_a_length_of_the_handlers_own_is_used(serve, make):
    """Without chunks, in 1.0 too, where the connection then can persist."""

    def handler(request):
        return HttpResponse(make("abc", "de"), headers={"Content-Length": "5"})

    connection = serve(handler).connect()
    old = OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    answers = read_responses(await connection.feed(GET + old + GET))
    assert [answer.headers["content-length"] for answer in answers] == ["5"] * 3
    assert [answer.body for answer in answers] == [b"abcde"] * 3
    assert not any("transfer-encoding" in answer.headers for answer in answers)


@pytest.mark.parametrize("pieces", [["ab"], ["ab", "cd", "e"], ["ab", "cde"], ["ab", "cd", "", "e"]])
@KINDS
async def test_a_body_of_another_length_than_announced_is_no_good_end(serve, log, make, pieces):
    """Too short or too long: the connection is dropped (RFC 9112 §8), and the log says why."""
    response = lambda request: HttpResponse(make(*pieces), headers={"Content-Length": "4"})  # noqa: E731
    connection = serve(response).connect()
    data = await connection.feed(GET + GET)
    assert data.endswith(b"\r\n\r\nab")
    assert connection.transport.aborted
    assert "Content-Length of 4" in log.text or "Content-Length is 4" in log.text


async def test_too_much_at_once_is_a_500(serve):
    """Nothing has been sent yet."""
    connection = serve(
        lambda request: HttpResponse(plain("abcde"), headers={"Content-Length": "4"})
    ).connect()
    assert [answer.status for answer in read_responses(await connection.feed(GET))] == [500]
    assert not connection.closed


@pytest.mark.parametrize("value", ["abc", "-1", "1,1", "", "+4"])
async def test_a_length_that_is_none_is_a_500(serve, value):
    """It is not passed over in silence."""
    connection = serve(lambda request: HttpResponse(plain("a"), headers={"Content-Length": value})).connect()
    assert [answer.status for answer in read_responses(await connection.feed(GET))] == [500]


async def test_a_stream_may_be_read_from_an_open_file(serve):
    """A binary file is sent from where it stands, and closed."""
    file = io.BytesIO(b"x" * 200_000)
    connection = serve(lambda request: file).connect()
    (answer,) = read_responses(await connection.feed(GET))
    assert len(answer.body) == 200_000
    assert file.closed


# -- errors -------------------------------------------------------------------------------------------------


@KINDS
async def test_an_error_before_the_first_piece_is_a_proper_answer(serve, log, make):
    """It goes the way of all errors, and the connection persists."""

    def broken():
        raise LookupError("early")
        yield

    async def broken_later():
        await asyncio.sleep(0)
        raise LookupError("early")
        yield

    def on_error(request, error):
        return HttpResponse(str(error), 418)

    kind = broken if make is plain else broken_later
    connection = serve(lambda request: kind(), on_error=on_error).connect()
    answers = read_responses(await connection.feed(GET + GET))
    assert [(answer.status, answer.body) for answer in answers] == [(418, b"early")] * 2


@KINDS
async def test_an_error_after_the_first_piece_is_never_a_good_end(serve, log, make):
    """No last chunk: the client must see that the body is not whole. The log has the traceback."""

    async def broken():
        async for piece in waiting("one"):
            yield piece
        raise LookupError("late")

    def broken_plain():
        yield "one"
        raise LookupError("late")

    connection = serve(lambda request: broken_plain() if make is plain else broken()).connect()
    data = await connection.feed(GET + GET)
    assert data.endswith(b"3\r\none\r\n")
    assert connection.transport.aborted
    (record,) = log.records
    assert record.getMessage() == "GET /: the response broke off"
    assert "late" in str(record.exc_info[1])


async def test_a_piece_that_cannot_be_sent(serve, log):
    """As the first it is a 500, later it breaks the response off."""
    connection = serve(lambda request: plain(object())).connect()
    assert [answer.status for answer in read_responses(await connection.feed(GET))] == [500]
    connection = serve(lambda request: plain("a", object())).connect()
    assert (await connection.feed(GET)).endswith(b"1\r\na\r\n")
    assert connection.transport.aborted


# -- closing ------------------------------------------------------------------------------------------------


class Tracked:
    """An iterator that knows whether it was closed, and how far it was read."""

    def __init__(self, count=10, error=None):
        self.left = count
        self.closed = 0
        self.error = error

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return b"x" * 10_000

    def close(self):
        self.closed += 1
        if self.error is not None:
            raise self.error


async def test_an_iterator_is_closed_when_it_has_been_sent(serve):
    """Once."""
    body = Tracked()
    await serve(lambda request: body).connect().feed(GET)
    assert (body.left, body.closed) == (0, 1)


async def test_a_failure_to_close_harms_nobody(serve, log):
    """The body has been sent; the log has the traceback."""
    connection = serve(lambda request: Tracked(1, LookupError("closing"))).connect()
    assert len(read_responses(await connection.feed(GET + GET))) == 2
    assert [str(record.exc_info[1]) for record in log.records] == ["closing"] * 2


async def test_an_iterator_is_closed_when_its_client_leaves(serve):
    """It is not read any further."""
    body = Tracked(1000)
    connection = serve(lambda request: body).connect()
    connection.stop_reading()
    await connection.feed(GET)
    assert body.left > 950
    connection.lose()
    await turns()
    assert body.closed == 1
    assert body.left > 950


@pytest.mark.parametrize("begun", [True, False])
async def test_a_generator_that_waits_for_ever_is_closed_when_its_client_leaves(serve, log, begun):
    """Its finally blocks run; nothing is logged."""
    closed = []

    async def events():
        try:
            if begun:
                yield "first"
            await asyncio.Event().wait()
            yield "never"
        finally:
            await asyncio.sleep(0)
            closed.append(1)

    connection = serve(lambda request: events()).connect()
    connection.send(GET)
    await turns()
    connection.lose()
    await turns()
    assert closed == [1]
    assert not log.records


async def test_a_response_whose_client_leaves_at_once_is_closed(serve):
    """Even if its sending has not begun."""
    body = Tracked()
    connection = serve(lambda request: body).connect()
    connection.send(GET)
    connection.lose()
    await turns()
    assert body.closed == 1


async def test_a_generator_is_not_advanced_while_the_client_does_not_read(serve):
    """Back-pressure: what has been made is bounded by what the transport holds."""
    made = []

    async def pieces():
        for number in range(1000):
            made.append(number)
            yield b"x" * 10_000

    connection = serve(lambda request: pieces()).connect()
    connection.stop_reading()
    await connection.feed(GET)
    assert 5 < len(made) < 10
    connection.go_on_reading()
    (answer,) = read_responses(await connection.feed())
    assert len(answer.body) == 10_000_000


async def test_an_iterator_without_end_does_not_starve_others(serve):
    """Between pieces other connections are served, though the iterator never waits."""
    stop = []

    def endless():
        while not stop:
            yield b"x"

    server = serve(lambda request: endless() if request.path == "/" else "quick")
    greedy, other = server.connect(), server.connect()
    greedy.send(GET)
    await turns()
    (answer,) = read_responses(await other.feed(b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert answer.body == b"quick"
    stop.append(1)
    await greedy.settled()


async def test_a_stream_may_read_the_request_while_it_answers(serve):
    """Both directions at once, and the next request behind it."""

    async def echo(request):
        async def pieces():
            async for piece in request.stream():
                yield piece.upper()

        return pieces()

    connection = serve(echo, read_body=False).connect()
    connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await turns()
    connection.send(b"2\r\nab\r\n")
    await turns()
    assert connection.transport.written.endswith(b"2\r\nAB\r\n")
    first, second = read_responses(await connection.feed(b"1\r\nc\r\n0\r\n\r\n" + GET))
    assert (first.body, second.body) == (b"ABC", b"")


async def test_a_stream_that_reads_a_broken_body_breaks_off(serve, log):
    """The refusal of the body is logged in one line, without a traceback."""

    async def echo(request):
        async def pieces():
            yield b"begin"
            async for piece in request.stream():
                yield piece

        return pieces()

    connection = serve(echo, read_body=False).connect()
    connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await turns()
    connection.send(b"zz\r\n")
    await turns()
    assert connection.transport.aborted
    assert not any(record.exc_info for record in log.records)


async def test_a_stream_runs_in_the_context_of_its_handler(serve):
    """A variable that the handler has set is there in its generator."""
    var = ContextVar("var", default="unset")

    async def handler(request):
        var.set(request.path)

        async def pieces():
            await asyncio.sleep(0)
            yield var.get()

        return pieces()

    (answer,) = read_responses(await serve(handler).connect().feed(GET))
    assert answer.body == b"/"


# -- trailers -----------------------------------------------------------------------------------------------


def with_trailers(trailers):
    response = HttpResponse(plain("a"))
    response.trailers = trailers
    return response


async def test_trailers(serve):
    """A mapping is announced and sent behind the body (RFC 9110 §6.5, §6.6.2)."""
    connection = serve(lambda request: with_trailers({"X-Sum": "1", "X-Two": "2"})).connect()
    (answer,) = read_responses(await connection.feed(GET))
    assert answer.headers["trailer"] == "X-Sum, X-Two"
    assert answer.trailers == {"X-Sum": "1", "X-Two": "2"}


async def test_trailers_may_be_made_when_the_body_is_known(serve):
    """By a function that is called at the end."""
    total = []

    def pieces():
        for piece in ("a", "b"):
            total.append(piece)
            yield piece

    def handler(request):
        response = HttpResponse(pieces())
        response.trailers = lambda: {"X-Count": str(len(total))}
        return response

    (answer,) = read_responses(await serve(handler).connect().feed(GET))
    assert answer.trailers["x-count"] == "2"


async def test_there_are_no_trailers_without_chunks(serve):
    """In HTTP/1.0 they have no place."""
    data = await serve(lambda request: with_trailers({"X-Sum": "1"})).connect().feed(OLD)
    assert b"X-Sum" not in data


@pytest.mark.parametrize(
    "trailers",
    [{"Content-Length": "1"}, {"Transfer-Encoding": "x"}, {"a": "b\r\nc"}, {"a b": "c"}, ["a"], lambda: 1],
)
async def test_trailers_that_cannot_be_sent_break_the_response_off(serve, log, trailers):
    """They could change how the message is read (RFC 9110 §6.5.1)."""
    connection = serve(lambda request: with_trailers(trailers)).connect()
    data = await connection.feed(GET)
    assert not data.endswith(b"0\r\n\r\n")
    assert log.records


# -- large payloads -----------------------------------------------------------------------------------------


async def test_a_large_payload_has_a_length_and_comes_whole(serve):
    """It is sent in slices, which nobody sees."""
    payload = os.urandom(BIG)
    connection = serve(lambda request: HttpResponse(payload, 201, headers={"X-Own": "1"})).connect()
    first, second = read_responses(await connection.feed(GET + GET))
    assert (first.status, first.headers["content-length"], first.headers["x-own"]) == (201, str(BIG), "1")
    assert first.body == second.body == payload
    connection = serve(lambda request: payload.hex()).connect()
    (answer,) = read_responses(await connection.feed(OLD))
    assert answer.body == payload.hex().encode()
    assert connection.closed


async def test_slow_readers_share_a_large_payload(serve):
    """A hundred clients that do not read what is in memory once cost a little each, not a copy."""
    payload = b"x" * 10_000_000
    server = serve(lambda request: payload)
    connections = [server.connect() for _ in range(100)]
    for connection in connections:
        connection.stop_reading()
    gc.collect()
    tracemalloc.start()
    try:
        for connection in connections:
            connection.send(GET)
        await turns(20)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 100 * 200_000
    for connection in connections:
        connection.lose()


# -- files --------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch):
    """All deliveries that have been made."""
    found = []
    original = FileBody.open

    def tracking(self, *args, **options):
        delivery = original(self, *args, **options)
        found.append(delivery)
        return delivery

    monkeypatch.setattr(FileBody, "open", tracking)
    yield found
    assert all(delivery.file is None or delivery.file.closed for delivery in found)


@pytest.fixture
def big(tmp_path):
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(range(256)) * (BIG // 256))
    os.utime(path, (1_500_000_000, 1_500_000_000))
    return path


def request(*fields, method="GET"):
    return "\r\n".join([f"{method} / HTTP/1.1", "Host: a", *fields, "", ""]).encode()


async def test_a_file_is_sent(serve, big, opened):
    """With type, validators and length."""
    connection = serve(lambda request: HttpResponse(big)).connect()
    (answer,) = read_responses(await connection.feed(GET))
    assert answer.body == big.read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["last-modified"] == "Fri, 14 Jul 2017 02:40:00 GMT"
    assert answer.headers["accept-ranges"] == "bytes"
    (again,) = read_responses(await connection.feed(request(f"If-None-Match: {answer.headers['etag']}")))
    assert (again.status, again.body, again.headers.get("content-length")) == (304, b"", None)


async def test_ranges_of_a_file(serve, big, opened):
    """One, several, none that can be satisfied; HEAD knows no ranges (RFC 9110 §14.2)."""
    content = big.read_bytes()
    connection = serve(lambda request: HttpResponse(big)).connect()
    (one,) = read_responses(await connection.feed(request("Range: bytes=1000-600999")))
    assert (one.status, one.body) == (206, content[1000:601_000])
    (several,) = read_responses(await connection.feed(request("Range: bytes=0-9,500000-899999")))
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert content[500_000:900_000] in several.body
    (none,) = read_responses(await connection.feed(request("Range: bytes=9999999-")))
    assert (none.status, none.headers["content-range"]) == (416, f"bytes */{len(content)}")
    (head,) = read_responses(await connection.feed(request("Range: bytes=0-9", method="HEAD")), ["HEAD"])
    assert (head.status, head.headers["content-length"]) == (200, str(len(content)))


async def test_a_missing_file_goes_the_way_of_all_errors(serve, tmp_path):
    """404, made by the application's error handler."""

    def on_error(request, error):
        return HttpResponse(type(error).__name__, 410)

    connection = serve(lambda request: HttpResponse(tmp_path / "none"), on_error=on_error).connect()
    answers = read_responses(await connection.feed(GET + GET))
    assert [(answer.status, answer.body) for answer in answers] == [(410, b"NotFoundError")] * 2


async def test_a_file_may_be_the_body_of_an_error(serve, tmp_path):
    """Conditions and ranges are for a 200 only (RFC 9110 §13.2.1)."""
    page = tmp_path / "404.html"
    page.write_text("<p>lost")
    connection = serve(lambda request: HttpResponse(page, 404)).connect()
    (answer,) = read_responses(await connection.feed(request("If-None-Match: *", "Range: bytes=0-1")))
    assert (answer.status, answer.body) == (404, b"<p>lost")


@pytest.mark.parametrize(("status", "length"), [(204, None), (205, "0"), (304, None)])
async def test_a_file_is_not_sent_where_no_content_may_be(serve, tmp_path, status, length):
    """Whatever the handler gives."""
    (tmp_path / "a.txt").write_text("text")
    connection = serve(lambda request: HttpResponse(tmp_path / "a.txt", status)).connect()
    first, second = read_responses(await connection.feed(GET + GET))
    assert (first.status, first.headers.get("content-length"), second.status) == (status, length, status)


async def test_fields_of_the_handler_stand_beside_those_of_the_file(serve, tmp_path):
    """Those that describe what is sent are the file's."""
    (tmp_path / "a.txt").write_text("text")

    def handler(request):
        headers = {"Cache-Control": "no-store", "ETag": '"mine"', "X-Own": "1", "Content-Length": "999"}
        return HttpResponse(tmp_path / "a.txt", headers=headers)

    (answer,) = read_responses(await serve(handler).connect().feed(GET))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-own"] == "1"
    assert len(answer.headers.getall("etag")) == 1
    assert answer.headers["etag"] != '"mine"'
    assert answer.headers["content-length"] == "4"


async def test_a_file_that_shrinks_while_it_is_sent_breaks_off(serve, log, big, opened):
    """Its length has been announced."""
    connection = serve(lambda request: HttpResponse(big)).connect()
    connection.stop_reading()
    connection.send(GET)
    await eventually(lambda: connection.transport.waiting)
    os.truncate(big, 1000)
    connection.go_on_reading()
    await eventually(lambda: connection.transport.aborted)
    await eventually(lambda: log.records)
    assert "the file became shorter" in log.text


async def test_the_file_is_closed_when_the_client_leaves(serve, big, opened):
    """In the middle of sending."""
    server = serve(lambda request: HttpResponse(big))
    connection = server.connect()
    connection.stop_reading()
    connection.send(GET)
    await eventually(lambda: connection.transport.waiting)
    connection.lose()
    await eventually(lambda: server.connection_count == 0)
    assert opened[0].file.closed


async def test_the_file_is_closed_when_the_client_leaves_while_it_is_opened(serve, big, opened):
    """The worker thread finishes, and what it has opened is closed."""
    server = serve(lambda request: HttpResponse(big))
    connection = server.connect()
    connection.send(GET)
    connection.lose()
    await eventually(lambda: server.connection_count == 0)
    await asyncio.sleep(0.05)


# -- over sockets -------------------------------------------------------------------------------------------


def test_large_bodies_over_sockets(live, big):
    """Files (by sendfile), payloads and streams, pipelined, whole and in order, on each event loop."""
    content = big.read_bytes()

    def handler(request):
        if request.path == "/file":
            return HttpResponse(big)
        if request.path == "/bytes":
            return content
        return (content[at : at + 50_000] for at in range(0, len(content), 50_000))

    paths = ["/file", "/bytes", "/stream", "/file", "/stream", "/bytes"]
    server = live(handler)
    wire = b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode() for path in paths)
    answers = read_responses(server.ask(wire))
    assert [answer.body == content for answer in answers] == [True] * 6


def test_a_slow_reader_of_a_file_gets_all_of_it(live, big):
    """Where the socket takes no more, sendfile waits for it."""
    server = live(lambda request: HttpResponse(big))
    sock = server.connect()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.sendall(GET)
    data = b""
    for _ in range(20):
        time.sleep(0.005)
        data += sock.recv(10_000)
    sock.shutdown(socket.SHUT_WR)
    while piece := sock.recv(100_000):
        data += piece
    (answer,) = read_responses(data)
    assert answer.body == big.read_bytes()


def test_clients_that_leave_in_the_middle_of_files_leave_nothing_open(live, big):
    """Neither the file nor the descriptor that sendfile uses."""
    server = live(lambda request: HttpResponse(big))
    read_responses(server.ask(GET))
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        sock = server.connect()
        sock.sendall(GET)
        sock.recv(1000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
    deadline = time.monotonic() + 10
    while server.server.connection_count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.server.connection_count == 0
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before


def test_a_file_that_shrinks_during_sendfile_breaks_off(live, tmp_path):
    """The connection ends before the announced length."""
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 200_000_000)
    sock = live(lambda request: HttpResponse(path)).connect()
    sock.sendall(GET)
    count = len(sock.recv(1000))
    os.truncate(path, 5000)
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(1 << 20):
            count += len(piece)
    assert count < 200_000_000
