"""What every HTTP server makes of requests and responses, as tests; starting and stopping are in ``testing``."""

from __future__ import annotations

import asyncio
import http.client
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from areion_http._served import PATIENCE, ServerTests
from areion_http.errors import HttpError, NotFoundError, UnsendableError
from areion_http.files import FileBody
from areion_http.request import HttpRequest
from areion_http.response import HttpResponse


class ExchangeContract(ServerTests):
    """Requests, answers and errors."""

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

    def test_on_error_may_be_a_coroutine_function(self) -> None:
        """What it returns is treated like what a handler returns."""

        def handler(_: HttpRequest) -> Any:
            raise NotFoundError

        async def on_error(_: HttpRequest, error: Exception) -> Any:
            await asyncio.sleep(0)
            return {"error": type(error).__name__}

        with self.serving(handler, on_error=on_error) as server:
            assert server.ask("GET", "/")[1] == b'{"error":"NotFoundError"}'

    def test_an_on_error_that_fails_is_a_plain_500(self) -> None:
        """An error of the error handler tells no details either, and harms nobody else."""

        def handler(request: HttpRequest) -> Any:
            if request.path == "/":
                raise NotFoundError
            return "fine"

        def on_error(_: HttpRequest, error: Exception) -> Any:
            raise LookupError("secret detail") from error

        with self.serving(handler, on_error=on_error) as server:
            response, body = server.ask("GET", "/")
            assert response.status == 500
            assert b"secret" not in body
            assert server.ask("GET", "/fine")[1] == b"fine"

    def test_what_cannot_be_sent_goes_to_on_error(self) -> None:
        """As an ``UnsendableError``, whether it is no body at all or holds what JSON cannot express."""

        def handler(request: HttpRequest) -> Any:
            return object() if request.path == "/" else {"value": object()}

        def on_error(_: HttpRequest, error: Exception) -> HttpResponse:
            return HttpResponse("unsendable" if isinstance(error, UnsendableError) else "other", 500)

        with self.serving(handler, on_error=on_error) as server:
            for path in ("/", "/json"):
                response, body = server.ask("GET", path)
                assert (response.status, body) == (500, b"unsendable")

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

    def test_an_async_iterator_is_streamed_and_closed(self) -> None:
        """It is closed at its end, and pieces may be text."""
        closed = threading.Event()

        async def pieces() -> Any:
            try:
                yield "a"
                await asyncio.sleep(0)
                yield b"b"
            finally:
                closed.set()

        with self.serving(lambda _: pieces()) as server:
            assert server.ask("GET", "/")[1] == b"ab"
            assert closed.wait(PATIENCE)

    def test_a_stream_that_fails_does_not_look_complete(self) -> None:
        """After the first piece an error breaks the connection off."""

        def pieces() -> Iterator[bytes]:
            yield b"x" * 100
            raise LookupError

        with self.serving(lambda _: pieces()) as server:
            try:
                server.ask("GET", "/")
            except (http.client.HTTPException, ConnectionError):
                return
        raise AssertionError("half a body came as a whole one")

    def test_a_file_is_sent_in_whole_and_in_part(self) -> None:
        """With its type, and with a range of it if that is asked for; a file that is not there is a 404."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file.txt"
            path.write_bytes(b"0123456789" * 10_000)

            def handler(request: HttpRequest) -> Any:
                return HttpResponse(FileBody(path if request.path == "/" else path.with_name("none")))

            with self.serving(handler) as server:
                response, body = server.ask("GET", "/")
                assert body == path.read_bytes()
                assert response.getheader("Content-Type") == "text/plain; charset=utf-8"
                response, body = server.ask("GET", "/", headers={"Range": "bytes=3-5"})
                assert (response.status, body) == (206, b"345")
                assert response.getheader("Content-Range") == "bytes 3-5/100000"
                response, body = server.ask("HEAD", "/")
                assert (response.getheader("Content-Length"), body) == ("100000", b"")
                assert server.ask("GET", "/none")[0].status == 404

    def test_a_204_has_neither_body_nor_length(self) -> None:
        """Whatever the handler says (RFC 9110 §8.6, §15.3.5); the connection stays usable."""
        with self.serving(lambda request: HttpResponse("x", 204 if request.path == "/" else 200)) as server:
            connection = server.connect()
            response, body = server.ask("GET", "/", connection=connection)
            assert (response.status, response.getheader("Content-Length"), body) == (204, None, b"")
            assert server.ask("GET", "/more", connection=connection)[1] == b"x"
            connection.close()

    def test_fields_of_one_name_are_all_there(self) -> None:
        """In requests and in responses."""

        def handler(request: HttpRequest) -> HttpResponse:
            response = HttpResponse(request.cookies["b"])
            for value in request.headers["x-names"].split():
                response.set_cookie(value)
            return response

        with self.serving(handler) as server:
            response, body = server.ask("GET", "/", headers={"Cookie": "a=1; b=2", "X-Names": "c d"})
        cookies = response.headers.get_all("Set-Cookie") or []
        assert [cookie.partition("=")[0] for cookie in cookies] == ["c", "d"]
        assert body == b"2"

    def test_a_request_knows_its_client(self) -> None:
        """Host and port of the peer."""
        with self.serving(lambda request: request.client and request.client.host) as server:
            assert server.ask("GET", "/")[1] == b"127.0.0.1"

    def test_a_handler_may_read_the_body_itself(self) -> None:
        """With ``read_body=False``, in whole, in pieces and up to a limit of its own."""

        async def handler(request: HttpRequest) -> Any:
            if request.path == "/pieces":
                return b"".join([piece async for piece in request.stream()])
            if request.path == "/few":
                request.limit_body(10)
            return await request.read()

        with self.serving(handler, read_body=False) as server:
            for path in ("/", "/pieces"):
                assert server.ask("POST", path, b"x" * 100_000)[1] == b"x" * 100_000
            assert server.ask("POST", "/few", b"x" * 10)[1] == b"x" * 10
            assert server.ask("POST", "/few", b"x" * 11)[0].status == 413
