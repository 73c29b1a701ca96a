"""The contract of ``BaseHttpServer`` as tests that any implementation can inherit, and a server without sockets.

Strategy: plain asserts in methods that pytest finds in a subclass; the servers run in threads of their own and
are spoken to over real sockets, with what the standard library has. Nothing here imports a test framework.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from areion_http._memory import MemoryConnection, MemoryServer, MemoryTransport
from areion_http.base import BaseHttpServer
from areion_http.errors import HttpError, NotFoundError
from areion_http.headers import Headers
from areion_http.request import HttpRequest
from areion_http.response import HttpResponse

__all__ = [
    "HttpServerContract",
    "MemoryConnection",
    "MemoryServer",
    "MemoryTransport",
    "RawResponse",
    "read_responses",
]

_PATIENCE: Final = 10.0


@dataclass(slots=True)
class RawResponse:
    """A response as it stood on the wire.

    Attributes:
        status: The status code.
        reason: The phrase behind it.
        headers: The header fields.
        body: The content, without the framing of chunks.
        trailers: The fields behind a body in chunks.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes
    trailers: Headers


def read_responses(data: bytes, methods: Sequence[str] = ()) -> list[RawResponse]:
    """Split what a server has said into responses, strictly (RFC 9112 §6.3).

    Args:
        data: All that came on one connection, from its beginning to its end.
        methods: Methods of the requests, in order; the answer to HEAD has no body. Default: none of them is HEAD.

    Raises:
        ValueError: If anything in ``data`` is no complete response.
    """
    found: list[RawResponse] = []
    finals = 0
    while data:
        method = methods[finals] if finals < len(methods) else "GET"
        response, data = _read_response(data, method)
        found.append(response)
        finals += response.status >= 200
    return found


def _read_response(data: bytes, method: str) -> tuple[RawResponse, bytes]:
    head, end, rest = data.partition(b"\r\n\r\n")
    status_line, *lines = head.split(b"\r\n")
    version, _, status_text = status_line.decode("latin-1").partition(" ")
    code, _, reason = status_text.partition(" ")
    if not end or version != "HTTP/1.1" or len(code) != 3 or not code.isdecimal():
        raise ValueError(f"no head of a response: {data[:80]!r}")
    headers = _fields(lines)
    status = int(code)
    trailers = Headers()
    if method == "HEAD" or status < 200 or status in {204, 304}:
        body = b""
    elif "transfer-encoding" in headers:
        body, trailers, rest = _unchunk(rest)
    elif "content-length" in headers:
        length = int(headers["content-length"])
        if len(rest) < length:
            raise ValueError(f"{len(rest)} bytes of a body of {length}")
        body, rest = rest[:length], rest[length:]
    else:
        body, rest = rest, b""
    return RawResponse(status, reason, headers, body, trailers), rest


def _fields(lines: Sequence[bytes]) -> Headers:
    pairs = []
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ValueError(f"no field line: {line!r}")
        pairs.append((name, value.strip(" \t")))
    return Headers(pairs)


def _unchunk(data: bytes) -> tuple[bytes, Headers, bytes]:
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end or not line:
            raise ValueError(f"no chunk size: {line[:40]!r}")
        size = int(line, 16)
        if not size:
            break
        if data[size : size + 2] != b"\r\n":
            raise ValueError(f"a chunk of {size} bytes does not end in CR LF")
        body += data[:size]
        data = data[size + 2 :]
    lines: list[bytes] = []
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            raise ValueError("the trailers have no end")
        if not line:
            return body, _fields(lines), data
        lines.append(line)


class HttpServerContract:
    """What every implementation of ``BaseHttpServer`` must do. Inherit it in a class that pytest collects.

    Example:
        A test module of a server called ``Other`` says::

            class TestOther(HttpServerContract):
                def make_server(self, handler, **options):
                    return Other(handler, **options)
    """

    def make_server(self, handler: Callable[[Any], Any], **options: Any) -> BaseHttpServer:  # noqa: ARG002
        """Return a server that has not been started; the implementer's part.

        Args:
            handler: To be called with each request.
            options: ``host`` and ``port``, and in some tests ``request_class``, ``on_error``, ``on_listening``.
        """
        raise TypeError(f"{type(self).__name__} must define make_server()")

    # -- helpers ------------------------------------------------------------------------------------------

    @contextmanager
    def serving(self, handler: Callable[[Any], Any], **options: Any) -> Iterator[_Running]:
        """Run a server in a thread, and stop it at the end."""
        port = _free_port()
        listening = threading.Event()
        server = self.make_server(handler, host="127.0.0.1", port=port, on_listening=listening.set, **options)
        running = _Running(server, port)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        try:
            assert listening.wait(_PATIENCE), "on_listening() is called when the server accepts connections"
            yield running
        finally:
            server.stop()
            thread.join(_PATIENCE)
        assert not thread.is_alive(), "run() returns after stop()"
        if running.failure is not None:
            raise running.failure

    # -- the contract -------------------------------------------------------------------------------------

    def test_is_a_base_http_server(self) -> None:
        """It is a ``BaseHttpServer``."""
        assert isinstance(self.make_server(lambda _: "", host="127.0.0.1", port=0), BaseHttpServer)

    def test_answers_with_what_the_handler_returns(self) -> None:
        """Status, fields and body of a returned response are sent; other values are bodies of a 200."""

        def handler(request: HttpRequest) -> Any:
            if request.path == "/json":
                return {"a": 1}
            return HttpResponse("teapot", 418, "text/plain", {"X-Kind": "round"})

        with self.serving(handler) as server:
            response, body = server.ask("GET", "/")
            assert (response.status, response.getheader("X-Kind"), body) == (418, "round", b"teapot")
            response, body = server.ask("GET", "/json")
            assert (response.status, body) == (200, b'{"a":1}')
            assert response.getheader("Content-Type") == "application/json"

    def test_gives_the_handler_a_request(self) -> None:
        """Method, path, query, fields and body of the request are there when an ordinary handler is called."""
        seen: list[Any] = []

        def handler(request: HttpRequest) -> str:
            seen.append(
                (
                    request.method,
                    request.path,
                    request.get_query_param("q"),
                    request.headers["x-kind"],
                    request.body,
                )
            )
            return ""

        with self.serving(handler) as server:
            server.ask("POST", "/a%20b?q=1", b"body", {"X-Kind": "round"})
        assert seen == [("POST", "/a b", "1", "round", b"body")]

    def test_awaits_coroutine_handlers(self) -> None:
        """A handler may be a coroutine function; it runs on an event loop."""

        async def handler(request: HttpRequest) -> bytes:
            await asyncio.sleep(0)
            return request.body

        with self.serving(handler) as server:
            assert server.ask("POST", "/", b"x" * 100_000)[1] == b"x" * 100_000

    def test_an_http_error_becomes_its_response(self) -> None:
        """What a handler raises as ``HttpError`` is sent as it says."""

        def handler(_: HttpRequest) -> Any:
            raise HttpError("not today", 403, {"X-Why": "rain"})

        with self.serving(handler) as server:
            response, body = server.ask("GET", "/")
        assert (response.status, response.getheader("X-Why"), body) == (403, "rain", b"not today")

    def test_a_crash_harms_its_own_request_only(self) -> None:
        """Any other exception is a 500 that tells no details, and the next request is served."""

        def handler(request: HttpRequest) -> Any:
            if request.path == "/crash":
                raise LookupError("secret detail")
            return "fine"

        with self.serving(handler) as server:
            response, body = server.ask("GET", "/crash")
            assert response.status == 500
            assert b"secret" not in body
            assert server.ask("GET", "/")[1] == b"fine"

    def test_on_error_makes_the_answer(self) -> None:
        """``on_error(request, exception)`` makes a response of what a handler raises."""

        def handler(_: HttpRequest) -> Any:
            raise NotFoundError

        def on_error(request: HttpRequest, error: Exception) -> HttpResponse:
            return HttpResponse(f"{type(error).__name__} {request.path}", 410)

        with self.serving(handler, on_error=on_error) as server:
            response, body = server.ask("GET", "/x")
        assert (response.status, body) == (410, b"NotFoundError /x")

    def test_requests_are_of_the_class_asked_for(self) -> None:
        """``request_class`` is what handlers get."""

        class Own(HttpRequest):
            __slots__ = ()
            extra = "own"

        with self.serving(lambda request: request.extra, request_class=Own) as server:
            assert server.ask("GET", "/")[1] == b"own"

    def test_head_has_no_body(self) -> None:
        """The answer to HEAD ends with its fields; the connection stays usable."""
        with self.serving(lambda _: "four") as server:
            connection = server.connect()
            response, body = server.ask("HEAD", "/", connection=connection)
            assert (response.getheader("Content-Length"), body) == ("4", b"")
            assert server.ask("GET", "/", connection=connection)[1] == b"four"
            connection.close()

    def test_an_iterator_is_streamed(self) -> None:
        """A body that is an iterator is sent piece by piece, and to its end."""
        with self.serving(lambda _: HttpResponse(iter([b"a", b"b", b"c"]))) as server:
            assert server.ask("GET", "/")[1] == b"abc"

    def test_stop_lets_a_running_request_finish(self) -> None:
        """``stop()`` from another thread accepts no more, and ``run()`` returns when what runs is answered."""
        entered = threading.Event()

        async def handler(_: HttpRequest) -> str:
            entered.set()
            await asyncio.sleep(0.2)
            return "finished"

        with self.serving(handler) as server:
            answers: list[bytes] = []
            client = threading.Thread(target=lambda: answers.append(server.ask("GET", "/")[1]))
            client.start()
            assert entered.wait(_PATIENCE)
            server.server.stop()
            client.join(_PATIENCE)
        assert answers == [b"finished"]
        assert _refuses(server.port), "nothing listens after run() has returned"

    def test_stop_before_run_ends_the_run_at_once(self) -> None:
        """A stop that comes before the start is not lost."""
        server = self.make_server(lambda _: "", host="127.0.0.1", port=_free_port())
        server.stop()
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        assert not thread.is_alive()

    def test_start_serves_inside_a_running_loop(self) -> None:
        """``await start()`` serves until ``stop()``, without a loop of its own."""
        port = _free_port()

        async def main() -> bytes:
            listening = asyncio.Event()
            server = self.make_server(
                lambda _: "inside", host="127.0.0.1", port=port, on_listening=listening.set
            )
            task = asyncio.create_task(server.start())
            await asyncio.wait_for(listening.wait(), _PATIENCE)
            _, body = await asyncio.to_thread(_Running(server, port).ask, "GET", "/")
            server.stop()
            await asyncio.wait_for(task, _PATIENCE)
            return body

        assert asyncio.run(main()) == b"inside"


class _Running:
    """A server at work, and how to ask it."""

    def __init__(self, server: BaseHttpServer, port: int) -> None:
        self.server = server
        self.port = port
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.server.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
            self.failure = error

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        connection: http.client.HTTPConnection | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request, on a connection of its own unless one is given; return the response and its body."""
        used = connection or self.connect()
        try:
            used.request(method, target, body, headers or {})
            response = used.getresponse()
            return response, response.read()
        finally:
            if connection is None:
                used.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _refuses(port: int) -> bool:
    """Tell whether nobody listens, giving the system a moment to see it."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.01)
    return False
