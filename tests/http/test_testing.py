"""Facts about ``areion_http.testing``: the contract holds for our server and for a stranger's; the stand-ins."""

import asyncio
import inspect
import runpy
from pathlib import Path

import pytest
from areion_http import HttpConfig, HttpResponse, HttpServer
from areion_http.testing import HttpServerContract, MemoryServer, read_responses

H11Server = runpy.run_path(str(Path(__file__).with_name("h11_server.py")))["H11Server"]
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class TestHttpServer(HttpServerContract):
    """Our own server keeps the contract."""

    def make_server(self, handler, **options):
        return HttpServer(handler, **options)


class TestHttpServerWithoutReading(HttpServerContract):
    """It keeps it with handlers that are called at the end of the head, where they ask for no body."""

    def make_server(self, handler, **options):
        async def reading(request):
            await request.read()
            result = handler(request)
            return await result if inspect.isawaitable(result) else result

        return HttpServer(reading, **(options | {"read_body": False}))


class TestStranger(HttpServerContract):
    """A stranger's server that was written from the base alone keeps it too: the contract asks for no more."""

    def make_server(self, handler, **options):
        return H11Server(handler, **options)


def test_the_contract_says_what_an_implementer_forgot():
    """Without make_server() a test says so."""
    with pytest.raises(TypeError, match="HttpServerContract must define make_server"):
        HttpServerContract().test_is_a_base_http_server()


def test_the_contract_fails_for_a_server_that_breaks_it():
    """It is no formality: a server whose HEAD has a body does not pass."""

    class Wrong(HttpServerContract):
        def make_server(self, handler, **options):
            return HttpServer(lambda request: HttpResponse("wrong", 201), **options)

    with pytest.raises(AssertionError):
        Wrong().test_answers_with_what_the_handler_returns()


# -- the server in memory ---------------------------------------------------------------------------------------


async def test_feed_returns_what_the_server_said():
    """A request in, its answer out, with a handler that waits."""

    async def handler(request):
        await asyncio.sleep(0.001)
        return request.client.host

    connection = MemoryServer(handler).connect(client=("198.51.100.7", 4242))
    (answer,) = read_responses(await connection.feed(REQUEST))
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"198.51.100.7")
    assert not connection.closed
    connection.lose()


async def test_a_client_that_does_not_read_pauses_the_server():
    """What is written meanwhile piles up to a limit, and goes on when the client reads."""

    async def handler(request):
        async def pieces():
            for _ in range(100):
                yield b"x" * 10_000

        return pieces()

    connection = MemoryServer(handler).connect()
    connection.stop_reading()
    assert await connection.feed(REQUEST) == b""
    assert 64 * 1024 < connection.transport.get_write_buffer_size() < 100_000
    connection.go_on_reading()
    (answer,) = read_responses(await connection.feed())
    assert len(answer.body) == 1_000_000
    connection.lose()


async def test_time_passes_when_it_is_told_to():
    """Deadlines need no waiting."""
    memory = MemoryServer(lambda request: "", config=HttpConfig(keep_alive_timeout=20.0))
    idle = memory.connect()
    await idle.feed(REQUEST)
    memory.pass_time(19.0)
    assert not idle.closed
    memory.pass_time(3.0)
    assert idle.closed


async def test_over_a_unix_socket_there_is_no_client_address():
    """``client=None`` stands for one."""
    connection = MemoryServer(lambda request: str(request.client)).connect(client=None)
    (answer,) = read_responses(await connection.feed(REQUEST))
    assert answer.body == b"None"
    connection.lose()


async def test_stop_drains():
    """Idle connections are closed."""
    server = MemoryServer(lambda request: "")
    connection = server.connect()
    await server.stop()
    assert connection.closed
    assert server.connection_count == 0


async def test_stop_answers_the_first_request_of_a_new_connection():
    """A connection that was let in just before the stop gets its answer, its only one."""
    server = MemoryServer(lambda request: "late")
    served, new = server.connect(), server.connect()
    await served.feed(REQUEST)
    stopping = asyncio.create_task(server.stop())
    for _ in range(10):
        await asyncio.sleep(0)
    assert served.closed
    assert not new.closed
    (answer,) = read_responses(await new.feed(REQUEST))
    assert (answer.body, answer.headers["connection"]) == (b"late", "close")
    await stopping
    assert new.closed


def test_read_responses_is_strict():
    """It reads bodies by length, by chunks and to the end, and refuses what is none of these."""
    data = (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
        b"HTTP/1.1 204 No Content\r\n\r\n"
        b"HTTP/1.1 200 OK\r\n\r\nrest"
    )
    answers = read_responses(data, ["GET", "GET", "HEAD"])
    assert [answer.status for answer in answers] == [100, 200, 200, 200, 204, 200]
    assert [answer.body for answer in answers] == [b"", b"hi", b"hi", b"", b"", b"rest"]
    assert answers[2].trailers["x"] == "y"
    for broken in (
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ):
        with pytest.raises(ValueError):
            read_responses(broken)
