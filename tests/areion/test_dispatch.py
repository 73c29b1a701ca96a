"""From a request to an answer, over real sockets: rings, options, methods, results."""

import asyncio
import contextvars
import dataclasses
import logging
import socket
import threading
import time
from pathlib import Path

import pytest
from areion import (
    AreionServerBuilder,
    BaseMiddleware,
    BaseRouter,
    DefaultRouter,
    ForbiddenError,
    HttpRequest,
    HttpResponse,
    NotFoundError,
    ResponseFilter,
    create_file_response,
)


def note(name, seen):
    """A sync middleware that notes when it is entered and left."""

    def middleware(handler):
        seen.append(f"composed {name}")

        def wrapper(request, *args, **kwargs):
            seen.append(name)
            return handler(request, *args, **kwargs)

        return wrapper

    return middleware


def note_async(name, seen):
    def middleware(handler):
        seen.append(f"composed {name}")

        async def wrapper(request, *args, **kwargs):
            seen.append(name)
            result = await handler(request, *args, **kwargs)
            seen.append(f"after {name}")
            return result

        return wrapper

    return middleware


def eventually(holds):
    """Ask until it holds, for ten seconds at most: a response's end is seen by its client first."""
    end = time.monotonic() + 10
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.01)
    return held


class Classy(BaseMiddleware):
    """Class-based middleware with both hooks."""

    def __init__(self, name, seen):
        self.name, self.seen = name, seen

    def handle(self, request):
        self.seen.append(self.name)
        return request

    def after(self, request, response):
        self.seen.append(f"after {self.name}")


class AsyncClassy(Classy):
    async def handle(self, request):
        await asyncio.sleep(0)
        return super().handle(request)


KINDS = [note, note_async, Classy, AsyncClassy]


class TestMiddleware:
    """The innermost rings."""

    @pytest.mark.parametrize("outer", KINDS)
    @pytest.mark.parametrize("inner", KINDS)
    @pytest.mark.parametrize("is_async", [False, True])
    def test_any_mixture_over_any_handler(self, serve, outer, inner, is_async):
        """Global, group and route middleware run in this order, whatever is sync, async or a class."""
        seen = []
        router = DefaultRouter()
        group = router.group("/g", middlewares=[inner("group", seen)])

        async def a(request, name):
            await asyncio.sleep(0)
            return {"hello": name}

        def b(request, name):
            return {"hello": name}

        group.add_route("/:name", a if is_async else b, middlewares=[outer("route", seen)])
        router.add_global_middleware(outer("global", seen))
        served = serve(router)
        seen.clear()
        for _ in range(2):
            assert served.http.get("/g/you").json() == {"hello": "you"}
        order = [each for each in seen if each in {"global", "group", "route"}]
        assert order == ["global", "group", "route"] * 2
        assert not [each for each in seen if each.startswith("composed")]

    def test_each_middleware_is_called_once(self, serve):
        """Chains are composed once: building and serving do not call a middleware again."""
        seen = []
        router = DefaultRouter()
        router.get("/", middlewares=[note("route", seen)])(lambda request: "x")
        served = serve(router)
        assert served.http.get("/").text == "x"
        assert seen.count("composed route") == 1

    @pytest.mark.parametrize("is_async", [False, True])
    def test_middleware_sees_exceptions_as_exceptions(self, serve, is_async):
        """A transaction can roll back, and may answer in place of the error."""
        seen = []

        def sync_transaction(handler):
            def wrapper(request):
                try:
                    return handler(request)
                except ValueError as error:
                    seen.append(error)
                    raise ForbiddenError("rolled back") from error

            return wrapper

        def async_transaction(handler):
            async def wrapper(request):
                try:
                    return await handler(request)
                except ValueError as error:
                    seen.append(error)
                    return HttpResponse("rolled back", 403)

            return wrapper

        router = DefaultRouter()
        transaction = async_transaction if is_async else sync_transaction

        @router.get("/", middlewares=[transaction])
        def fail(request):
            raise ValueError("no")

        answer = serve(router).http.get("/")
        assert (answer.status_code, answer.text) == (403, "rolled back")
        assert len(seen) == 1

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/none", 404), ("POST", "/a", 405), ("OPTIONS", "/a", 204), ("GET", "/static/none", 404),
         ("GET", "/static/f.txt", 200), ("PUT", "/static/f.txt", 405)],
    )  # fmt: skip
    @pytest.mark.parametrize("make", [note, note_async, Classy])
    def test_global_middleware_wraps_what_no_route_answers(self, serve, tmp_path, make, method, path, status):
        """404, 405, automatic OPTIONS and static files are inside the global middleware."""
        (tmp_path / "f.txt").write_text("file")
        seen = []
        router = DefaultRouter()
        router.add_route("/a", lambda request: "a")
        router.add_global_middleware(make("global", seen))
        answer = serve(router, lambda b: b.with_static_dir(tmp_path)).http.request(method, path)
        assert answer.status_code == status
        assert seen.count("global") == 1

    def test_global_middleware_can_refuse_before_a_404(self, serve):
        """Whether a path exists is not told to whom the middleware refuses."""
        router = DefaultRouter()

        def auth(handler):
            def wrapper(request, *args, **kwargs):
                if not request.get_header("Authorization"):
                    return HttpResponse(status_code=401, body="Unauthorized")
                return handler(request, *args, **kwargs)

            return wrapper

        router.add_global_middleware(auth)
        http = serve(router).http
        assert http.get("/none").status_code == 401
        assert http.get("/none", headers={"authorization": "x"}).status_code == 404

    def test_a_request_that_was_replaced_by_a_middleware_is_still_answered(self, serve):
        """A middleware may go on with another request object, also for an unknown path."""

        class Replace(BaseMiddleware):
            def handle(self, request):
                return HttpRequest("GET", request.path)

        router = DefaultRouter()
        router.add_global_middleware(Replace())
        router.add_route("/a", lambda request: type(request).__name__)
        http = serve(router).http
        assert http.get("/a").status_code == 200
        assert http.get("/none").status_code == 404

    def test_authentication_of_a_group_survives_include(self, serve):
        """A group's middleware wraps its routes wherever its router is included; the predecessor dropped it."""

        def deny(handler):
            return lambda request, **params: HttpResponse("no", 401)

        api = DefaultRouter(prefix="/api")
        api.group("/admin", middlewares=[deny]).add_route("/users", lambda request: "secret")
        main = DefaultRouter()
        main.include_router(api)
        assert serve(main).http.get("/api/admin/users").status_code == 401

    def test_global_middleware_wraps_routes_registered_before_it(self, serve):
        """The order of registration does not matter; the predecessor skipped earlier routes."""
        seen = []
        router = DefaultRouter()
        router.add_route("/a", lambda request: "a")
        router.add_global_middleware(note("global", seen))
        serve(router).http.get("/a")
        assert seen.count("global") == 1

    def test_async_middleware_over_a_sync_handler_sends_its_value(self, serve):
        """The predecessor sent '<coroutine object …>' with status 200."""
        router = DefaultRouter()
        router.get("/", middlewares=[note_async("x", [])])(lambda request: "plain")
        assert serve(router).http.get("/").text == "plain"


class TestOptions:
    """What a route may ask for."""

    def test_max_body_lower_than_the_servers(self, serve):
        """More than the route takes is 413, declared or in chunks; what fits is accepted."""
        router = DefaultRouter()
        router.post("/", max_body=10)(lambda request: str(len(request.body)))
        http = serve(router).http
        assert http.post("/", content=b"x" * 10).text == "10"
        assert http.post("/", content=b"x" * 11).status_code == 413
        assert http.post("/", content=iter([b"x" * 6, b"x" * 6])).status_code == 413

    def test_max_body_higher_than_the_servers(self, serve):
        """A route may take more than the server's limit; the others still refuse."""
        router = DefaultRouter()
        router.post("/big", max_body=1000)(lambda request: str(len(request.body)))
        router.post("/small")(lambda request: str(len(request.body)))
        http = serve(router, lambda b: b.with_limits(max_body_size=100)).http
        assert http.post("/big", content=b"x" * 1000).text == "1000"
        assert http.post("/big", content=iter([b"x" * 500, b"x" * 500])).text == "1000"
        assert http.post("/big", content=b"x" * 1001).status_code == 413
        assert http.post("/small", content=b"x" * 101).status_code == 413

    def test_max_body_holds_for_streams(self, serve):
        """A streaming handler is limited too: by its route's limit, else the server's."""
        router = DefaultRouter()

        async def count(request):
            return str(sum([len(chunk) async for chunk in request.stream()]))

        router.post("/route", stream=True, max_body=1000)(count)
        router.post("/server", stream=True)(count)
        http = serve(router, lambda b: b.with_limits(max_body_size=100)).http
        assert http.post("/route", content=b"x" * 1000).text == "1000"
        assert http.post("/route", content=b"x" * 1001).status_code == 413
        assert http.post("/route", content=iter([b"x" * 900, b"x" * 900])).status_code == 413
        assert http.post("/server", content=b"x" * 101).status_code == 413

    def test_stream_runs_the_handler_before_the_body_arrives(self, serve):
        """The handler is called with the head; the body is pulled as it comes."""
        called = threading.Event()
        router = DefaultRouter()

        @router.post("/", stream=True)
        async def take(request):
            called.set()
            return b"".join([chunk async for chunk in request.stream()])

        served = serve(router)
        with socket.create_connection((served.host, served.port), timeout=10) as connection:
            connection.sendall(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
            )
            assert called.wait(10)
            connection.sendall(b"body")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.endswith(b"\r\n\r\nbody")

    def test_a_refusal_comes_before_the_body_is_read(self, serve):
        """404, 401 and 413 are answered with the head alone, without 100 Continue."""
        router = DefaultRouter()
        router.post("/small", max_body=3)(lambda request: "x")
        served = serve(router)
        for path, status in (("/none", b"404"), ("/small", b"413")):
            answer = served.raw(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            assert answer.startswith(b"HTTP/1.1 " + status)

    def test_blocking_runs_in_a_thread_with_the_requests_context(self, serve):
        """The loop goes on meanwhile; context variables of middleware are seen by the handler."""
        user = contextvars.ContextVar("user")
        loop_thread, release = [], threading.Event()

        def login(handler):
            def wrapper(request, **params):
                user.set("ada")
                return handler(request, **params)

            return wrapper

        def async_login(handler):
            async def wrapper(request, **params):
                user.set("ada")
                return await handler(request, **params)

            return wrapper

        router = DefaultRouter()

        def wait(request):
            assert release.wait(10)
            return f"{user.get()} {threading.current_thread() is not loop_thread[0]}"

        router.get("/sync", blocking=True, middlewares=[login])(wait)
        router.get("/async", blocking=True, middlewares=[async_login])(wait)

        @router.get("/quick")
        async def quick(request):
            loop_thread.append(threading.current_thread())
            return "quick"

        served = serve(router)
        answers = []
        waiting = [
            threading.Thread(target=lambda p=path: answers.append(served.http.get(p).text))
            for path in ("/sync", "/async")
        ]
        for each in waiting:
            each.start()
        assert served.http.get("/quick").text == "quick"
        release.set()
        for each in waiting:
            each.join()
        assert answers == ["ada True"] * 2

    def test_blocking_handlers_share_a_bounded_pool(self, serve):
        """No more run at once than there are threads."""
        running, most, lock = 0, 0, threading.Lock()
        pair = threading.Barrier(2)
        router = DefaultRouter()

        @router.get("/", blocking=True)
        def work(request):
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            pair.wait(10)
            with lock:
                running -= 1
            return "done"

        served = serve(router, lambda b: b.with_threads(2))
        clients = [threading.Thread(target=served.http.get, args=("/",)) for _ in range(6)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        assert most == 2

    def test_middleware_of_a_blocking_route_is_called_once(self, serve):
        """A middleware that registers something when it is composed does so once, and again in no second run."""
        seen = []
        router = DefaultRouter()
        router.get("/", [note_async("outer", seen), note("inner", seen)], blocking=True)(lambda request: "x")
        served = serve(router)
        assert served.http.get("/").text == "x"
        assert [entry for entry in seen if entry.startswith("composed")] == [
            "composed inner",
            "composed outer",
        ]

    def test_sync_middleware_next_to_a_blocking_handler_gets_its_value(self, serve):
        """What is sync runs together in one thread, whatever asynchronous middleware is around it."""
        threads = []
        router = DefaultRouter()

        def stamp(handler):
            def wrapper(request, **params):
                response = handler(request, **params)
                threads.append(threading.current_thread())
                response.set_header("X-Stamp", "yes")
                return response

            return wrapper

        @router.get("/", [note_async("outer", []), stamp], blocking=True)
        def handler(request):
            threads.append(threading.current_thread())
            return HttpResponse("x")

        served = serve(router)
        answer = served.http.get("/")
        assert (answer.status_code, answer.text, answer.headers.get("x-stamp")) == (200, "x", "yes")
        assert len(set(threads)) == 1
        assert threads[0] is not served.thread

    @pytest.mark.parametrize(
        "middlewares", [[], [note_async("outer", [])]], ids=["alone", "async middleware"]
    )
    def test_a_thread_that_outlives_its_request_keeps_its_place(self, serve, middlewares, records):
        """A limit on concurrency counts threads that run, not only requests that wait; late errors are logged."""
        entered, release, ended = threading.Semaphore(0), threading.Event(), threading.Event()
        router = DefaultRouter()

        @router.get("/", middlewares, blocking=True, timeout=0.2, concurrency=1)
        def stuck(request):
            entered.release()
            assert release.wait(10)
            try:
                raise OSError("too late")
            finally:
                ended.set()

        http = serve(router).http
        assert "took longer" in http.get("/").text
        assert entered.acquire(timeout=10)
        assert "too many" in http.get("/").text
        release.set()
        assert ended.wait(10)
        answer = http.get("/")
        while "too many" in answer.text:
            answer = http.get("/")
        assert entered.acquire(timeout=10)
        assert answer.status_code == 500
        late = [each for each in records if "after its request had ended" in each.getMessage()]
        assert [str(each.exc_info[1]) for each in late] == ["too late"]
        assert "stuck" in late[0].getMessage()

    @pytest.mark.parametrize(
        "middlewares", [[], [note_async("outer", [])]], ids=["alone", "async middleware"]
    )
    @pytest.mark.parametrize("wrap", [lambda pieces: pieces, HttpResponse], ids=["iterator", "response"])
    def test_a_blocking_handler_streams_from_threads(self, serve, middlewares, wrap):
        """A generator is iterated off the loop, in the request's context, and closed when it is done."""
        user, seen = contextvars.ContextVar("user"), []
        router = DefaultRouter()

        def pieces():
            user.set("ada")
            try:
                for text in ("a", "b"):
                    seen.append((threading.current_thread().name.startswith("areion-handler"), user.get()))
                    yield text
            finally:
                seen.append("closed")

        router.get("/", middlewares, blocking=True)(lambda request: wrap(pieces()))
        served = serve(router)
        assert served.http.get("/").text == "ab"
        served.close()
        assert seen == [(True, "ada"), (True, "ada"), "closed"]

    def test_a_client_that_leaves_a_blocking_stream(self, serve):
        """The generator is closed once the piece that is being made is done."""
        entered, release, closed = threading.Event(), threading.Event(), threading.Event()
        router = DefaultRouter()

        @router.get("/", blocking=True)
        def stream(request):
            try:
                yield "a"
                entered.set()
                release.wait(10)
                yield "b"
            finally:
                closed.set()

        served = serve(router)
        with socket.create_connection((served.host, served.port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert entered.wait(10)
        release.set()
        assert closed.wait(10)

    def test_a_call_that_waits_for_a_thread_keeps_no_place(self, serve):
        """A blocking handler whose time was up before a thread was free is never called."""
        calls, held, release = [], threading.Event(), threading.Event()
        router = DefaultRouter()

        @router.get("/hold", blocking=True)
        def hold(request):
            held.set()
            return str(release.wait(10))

        @router.get("/", blocking=True, timeout=0.1, concurrency=1)
        def late(request):
            calls.append(request)

        served = serve(router, lambda b: b.with_threads(1))
        holding = threading.Thread(target=served.http.get, args=("/hold",))
        holding.start()
        assert held.wait(10)
        answers = [served.http.get("/").text for _ in range(2)]
        release.set()
        holding.join()
        assert all("took longer" in answer for answer in answers)
        assert calls == []

    def test_a_blocking_handler_that_raises_stop_iteration_is_answered(self, serve):
        """StopIteration cannot pass through a future; without care the client would wait for ever."""
        router = DefaultRouter()
        router.get("/", blocking=True)(lambda request: next(iter([])))
        assert serve(router).http.get("/").status_code == 500

    def test_timeout_answers_503(self, serve):
        """A handler that takes longer than its route allows is cancelled."""
        cancelled = threading.Event()
        router = DefaultRouter()

        @router.get("/", timeout=0.05)
        async def slow(request):
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        answer = serve(router).http.get("/")
        assert answer.status_code == 503
        assert answer.headers["retry-after"].isdecimal()
        assert cancelled.is_set()

    def test_a_timeout_error_of_the_handlers_own_is_not_the_routes(self, serve):
        """TimeoutError raised inside the time limit is an error like any other."""
        router = DefaultRouter()

        @router.get("/", timeout=30)
        async def fail(request):
            raise TimeoutError("database")

        assert serve(router).http.get("/").status_code == 500

    @pytest.mark.parametrize("blocking", [False, True])
    @pytest.mark.parametrize("as_response", [False, True])
    def test_a_stream_keeps_its_place_until_its_end(self, serve, blocking, as_response):
        """A limit on concurrency counts a response until it has been streamed, not until it was begun."""
        router, pieces = DefaultRouter(), []

        @router.get("/", blocking=blocking, concurrency=1)
        def stream(request):
            def some():
                yield b"begun"
                while not pieces:
                    yield b""
                yield b" ended"

            return HttpResponse(some()) if as_response else some()

        served = serve(router)
        with served.http.stream("GET", "/") as first:
            arriving = first.iter_raw()
            assert next(arriving) == b"begun"
            assert served.http.get("/").status_code == 503
            pieces.append(1)
            assert b"".join(arriving) == b" ended"
        assert eventually(lambda: served.http.get("/").status_code == 200)

    def test_a_stream_that_is_given_up_frees_its_place(self, serve):
        """By a client that leaves, a HEAD request, a filter that answers otherwise, and an iterator that fails."""
        router = DefaultRouter()

        class Otherwise(ResponseFilter):
            def after(self, request, response):
                return HttpResponse("other") if "other" in request.query_params else response

        @router.get("/", concurrency=1)
        async def stream(request):
            if "fail" in request.query_params:
                raise ValueError

            async def some():
                if "late" in request.query_params:
                    raise ValueError
                yield b"begun"
                if "endless" in request.query_params:
                    while True:
                        await asyncio.sleep(0.01)
                        yield b"more"

            return some()

        served = serve(router, lambda b: b.with_filter(Otherwise()))
        with served.http.stream("GET", "/?endless=1") as left:
            assert next(left.iter_raw()) == b"begun"
        for query, status in (("", 200), ("?other=1", 200), ("?late=1", 500), ("?fail=1", 500)):
            assert eventually(lambda: served.http.head("/").status_code == 200)
            assert eventually(
                lambda query=query, status=status: served.http.get("/" + query).status_code == status
            ), query
        assert eventually(lambda: served.http.get("/").text == "begun")

    def test_concurrency_beyond_the_limit_is_503_with_retry_after(self, serve):
        """The limit is of one route; it is free again when the handler is done."""
        entered, release = threading.Event(), []
        router = DefaultRouter()

        @router.get("/", concurrency=1)
        async def only_one(request):
            event = asyncio.Event()
            release.append((asyncio.get_running_loop(), event))
            entered.set()
            await event.wait()
            return "done"

        router.get("/other")(lambda request: "other")
        served = serve(router)
        first = threading.Thread(target=served.http.get, args=("/",))
        first.start()
        assert entered.wait(10)
        refused = served.http.get("/")
        assert refused.status_code == 503
        assert refused.headers["retry-after"].isdecimal()
        assert served.http.get("/other").text == "other"
        loop, event = release.pop()
        loop.call_soon_threadsafe(event.set)
        first.join()

        def let_go():
            while not release:
                pass
            loop, event = release.pop()
            loop.call_soon_threadsafe(event.set)

        entered.clear()
        second = threading.Thread(target=let_go)
        second.start()
        assert served.http.get("/").text == "done"
        second.join()

    @pytest.mark.parametrize(
        ("option", "value"),
        [("max_body", -1), ("max_body", "1MB"), ("timeout", 0), ("timeout", "1"), ("timeout", float("inf")),
         ("stream", 1), ("blocking", "yes"), ("concurrency", 0), ("concurrency", 1.5), ("concurrency", True)],
    )  # fmt: skip
    def test_wrong_values_fail_when_built(self, option, value):
        """The message says what was expected and got, and where the route was registered."""
        router = DefaultRouter()
        router.get("/", **{option: value})(lambda request: "x")
        with pytest.raises(ValueError, match=option) as caught:
            AreionServerBuilder().with_router(router).build()
        assert Path(__file__).name in str(caught.value)
        assert repr(value) in str(caught.value)

    def test_blocking_over_a_coroutine_function_fails_when_built(self):
        """A coroutine function in a thread would only make a coroutine."""
        router = DefaultRouter()

        @router.get("/", blocking=True)
        async def handler(request):
            return "x"

        with pytest.raises(ValueError, match="coroutine function"):
            AreionServerBuilder().with_router(router).build()

    def test_a_handler_that_cannot_be_called_is_named_at_the_start(self, serve, records):
        """The log says which route, where it was registered, how it is called and why that fails."""
        router = DefaultRouter()
        router.get("/users/:id")(lambda request: "x")
        router.get("/fine/:id")(lambda request, **params: params["id"])
        http = serve(router).http
        [said] = [each.getMessage() for each in records if each.levelno == logging.ERROR]
        assert "GET /users/:id" in said
        assert f"{Path(__file__).name}:" in said
        assert "<lambda> cannot be called as handler(request, id=...)" in said
        assert "unexpected keyword argument 'id'" in said
        assert (http.get("/fine/1").text, http.get("/users/1").status_code) == ("1", 500)

    def test_options_of_routes_registered_after_build_are_checked_at_the_start(self):
        """Then the start fails with the same message."""
        router = DefaultRouter()
        server = AreionServerBuilder().with_router(router).with_port(0).build()
        router.get("/", timeout=-1)(lambda request: "x")
        with pytest.raises(ValueError, match="timeout: expected seconds above 0, got -1"):
            server.run()

    def test_a_misspelt_option_is_warned_of(self, serve, records):
        """Options are opaque to the router; one that almost is ours would have no effect."""
        router = DefaultRouter()
        router.get("/", time_out=3)(lambda request: "x")
        serve(router)
        assert any("did you mean 'timeout'" in record.getMessage() for record in records)


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Teapot(HttpResponse):
    def __init__(self):
        super().__init__("short and stout", 418)


async def async_pieces():
    yield b"one "
    yield "two"


RESULTS = {
    "str": ("text", 200, "text/plain; charset=utf-8", b"text"),
    "html": ("<b>", 200, "text/plain; charset=utf-8", b"<b>"),
    "bytes": (b"\x00\xff", 200, "application/octet-stream", b"\x00\xff"),
    "bytearray": (bytearray(b"ab"), 200, "application/octet-stream", b"ab"),
    "memoryview": (memoryview(b"ab"), 200, "application/octet-stream", b"ab"),
    "dict": ({"a": 1}, 200, "application/json", b'{"a":1}'),
    "list": ([1, "a"], 200, "application/json", b'[1,"a"]'),
    "tuple": ((1, 2), 200, "application/json", b"[1,2]"),
    "int": (7, 200, "application/json", b"7"),
    "float": (1.5, 200, "application/json", b"1.5"),
    "bool": (True, 200, "application/json", b"true"),
    "none": (None, 200, None, b""),
    "dataclass": (Point(1, 2), 200, "application/json", b'{"x":1,"y":2}'),
    "response": (HttpResponse("x", 201), 201, "text/plain; charset=utf-8", b"x"),
    "subclass": (Teapot(), 418, "text/plain; charset=utf-8", b"short and stout"),
    "generator": (lambda: (piece for piece in ("a", b"b")), 200, "application/octet-stream", b"ab"),
    "async generator": (async_pieces, 200, "application/octet-stream", b"one two"),
}


class TestResults:
    """What a handler may return."""

    @pytest.mark.parametrize("kind", RESULTS)
    @pytest.mark.parametrize("is_async", [False, True])
    def test_every_body_value(self, serve, kind, is_async):
        """A body value stands for a 200 response of it; HEAD has the same fields and no body."""
        value, status, content_type, body = RESULTS[kind]
        router = DefaultRouter()

        def sync(request):
            return value() if callable(value) else value

        async def coroutine(request):
            await asyncio.sleep(0)
            return sync(request)

        router.add_route("/", coroutine if is_async else sync)
        http = serve(router).http
        answer = http.get("/")
        assert (answer.status_code, answer.headers.get("content-type"), answer.content) == (
            status,
            content_type,
            body,
        )
        head = http.head("/")
        assert head.content == b""
        assert head.status_code == status
        assert strip(head) == strip(answer)

    def test_files_and_paths(self, serve, tmp_path):
        """A pathlib.Path and a file response are sent as files, an open file as a stream."""
        file = tmp_path / "page.html"
        file.write_text("<p>hi")
        router = DefaultRouter()
        router.add_route("/path", lambda request: file)
        router.add_route("/open", lambda request: file.open("rb"))
        router.add_route("/response", lambda request: create_file_response(str(file)))
        http = serve(router).http
        for path in ("/path", "/response"):
            answer = http.get(path)
            assert (answer.content, answer.headers["content-type"]) == (b"<p>hi", "text/html; charset=utf-8")
            assert answer.headers["etag"]
            head = http.head(path)
            assert (head.content, strip(head)) == (b"", strip(answer))
        assert http.get("/open").content == b"<p>hi"

    @pytest.mark.parametrize("filtered", [False, True])
    @pytest.mark.parametrize(
        "value", [{1, 2}, object(), {"deep": [object()]}, HttpResponse({"a": object()}), Point]
    )
    def test_what_cannot_be_sent_is_a_500_that_names_handler_and_type(self, serve, records, value, filtered):
        """One line in the log says which handler returned what."""
        router = DefaultRouter()

        @router.get("/odd/:id")
        def odd_handler(request, id):
            return value

        configure = (lambda b: b.with_request_id().with_access_log()) if filtered else (lambda b: None)
        answer = serve(router, configure).http.get("/odd/7")
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        lines = [r.getMessage() for r in records if r.levelno >= logging.ERROR]
        assert len(lines) == 1
        assert "odd_handler" in lines[0]
        assert Path(__file__).name in lines[0]
        assert type(value).__name__ in lines[0]
        if filtered:
            assert "x-request-id" in answer.headers

    def test_unsendable_results_reach_error_handlers(self, serve):
        """An application that answers all errors its own way answers this one so too."""
        router = DefaultRouter()
        router.add_route("/", lambda request: {"a": object()})

        async def as_json(request, error):
            return HttpResponse({"error": type(error).__name__}, 500)

        answer = serve(router, lambda b: b.with_error_handler(Exception, as_json)).http.get("/")
        assert (answer.status_code, answer.json()) == (500, {"error": "UnsendableError"})


class TestMethods:
    """HEAD, OPTIONS, 405."""

    def test_head_is_answered_by_get(self, serve):
        """Same status and fields, no body; the predecessor answered 500 and Content-Length 0."""
        router = DefaultRouter()
        router.add_route("/sync", lambda request: "twelve bytes")

        @router.get("/async")
        async def handler(request):
            return {"a": 1}

        @router.get("/error")
        def error(request):
            raise NotFoundError("nothing here")

        http = serve(router).http
        for path in ("/sync", "/async", "/error", "/none"):
            get, head = http.get(path), http.head(path)
            assert (head.status_code, head.content, strip(head)) == (get.status_code, b"", strip(get))
            assert head.headers["content-length"] == str(len(get.content))

    def test_a_head_route_of_its_own_wins(self, serve):
        """A handler for HEAD is called for HEAD."""
        router = DefaultRouter()
        router.get("/")(lambda request: "get")
        router.head("/")(lambda request: HttpResponse(headers={"X-Own": "1"}))
        assert serve(router).http.head("/").headers["x-own"] == "1"

    def test_options_is_answered_by_the_routes_methods(self, serve):
        """204 with Allow; a handler for OPTIONS wins (the predecessor never called one)."""
        router = DefaultRouter()
        router.route("/a", methods=["GET", "POST"])(lambda request: "a")
        router.options("/b")(lambda request: "own")
        http = serve(router).http
        answer = http.options("/a")
        assert answer.status_code == 204
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
        assert http.options("/b").text == "own"
        assert http.options("/none").status_code == 404

    def test_405_carries_allow_and_keeps_the_connection(self, serve):
        """The predecessor closed the connection after every 405."""
        router = DefaultRouter()
        router.route("/a", methods=["GET", "POST"])(lambda request: "a")
        answer = serve(router).http.delete("/a")
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}
        assert answer.headers.get("connection", "") != "close"

    def test_options_for_the_server(self, serve):
        """``OPTIONS *`` asks about the server as a whole (RFC 9110 §9.3.7)."""
        answer = serve(DefaultRouter()).raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 204 ")

    def test_an_unknown_method_is_405_on_a_known_path(self, serve):
        """A method that no route has is not allowed, whatever its name."""
        router = DefaultRouter()
        router.get("/")(lambda request: "x")
        assert serve(router).http.request("BREW", "/").status_code == 405


class OneRoute:
    """A router by a stranger: two methods, no base class, our errors."""

    def __init__(self, error=NotFoundError):
        self.routes_by_key = {}
        self.error = error

    def add_route(self, path, handler, methods=("GET",), middlewares=None, **options):
        for method in methods:
            self.routes_by_key[method, path] = handler

    def get_handler(self, method, path):
        found = self.routes_by_key.get((method, path))
        if found is None:
            raise self.error()
        return found, {}, False


class TestOtherRouters:
    """What a router must at least do."""

    def test_a_duck_typed_router_that_raises_the_umbrellas_errors(self, serve):
        """add_route and get_handler are enough."""
        router = OneRoute()

        async def handler(request):
            return {"body": request.get_parsed_body()}

        router.add_route("/a", handler, methods=["POST"])
        http = serve(router).http
        assert http.post("/a", json=[1]).json() == {"body": [1]}
        assert http.get("/none").status_code == 404

    def test_a_subclass_that_raises_router_facts(self, serve):
        """BaseRouter's two abstract methods are enough; HEAD and OPTIONS still work."""
        from areion_router import MethodNotAllowedError
        from areion_router import NotFoundError as NoSuchPath

        class Mine(BaseRouter):
            def __init__(self):
                self.handlers = {}

            def add_route(self, path, handler, methods=("GET",), middlewares=None, **options):
                self.handlers[path] = handler

            def get_handler(self, method, path):
                if path not in self.handlers:
                    raise NoSuchPath(path)
                if method != "GET":
                    raise MethodNotAllowedError(method, path, ("GET", "HEAD", "OPTIONS"))
                return self.handlers[path], {}, False

        router = Mine()
        router.add_route("/a", lambda request: "answer")
        http = serve(router).http
        assert http.get("/a").text == "answer"
        assert http.head("/a").headers["content-length"] == "6"
        assert http.options("/a").headers["allow"] == "GET, HEAD, OPTIONS"
        assert http.post("/a").status_code == 405


class Tag(ResponseFilter):
    """Notes all it sees, and marks responses."""

    def __init__(self, seen=None):
        self.seen = [] if seen is None else seen

    def after(self, request, response):
        self.seen.append(response.status_code)
        response.set_header("X-Tag", "1")
        return response


class TestFilters:
    """The outermost ring sees every response."""

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/ok", 200), ("/none", 404), ("/fail", 500), ("/stream", 500), ("/sync-stream", 500), ("/odd", 500),
         ("/file", 404), ("/static/none", 404), ("/static/a.txt", 200), ("/slow", 503), ("/big", 413)],
    )  # fmt: skip
    def test_every_answer_is_seen(self, serve, tmp_path, records, path, status):
        """Also those to errors that show only when a body is begun, and to deadlines."""
        (tmp_path / "a.txt").write_text("a")
        router = DefaultRouter()
        router.add_route("/ok", lambda request: "ok")
        router.add_route("/fail", lambda request: 1 / 0)
        router.add_route("/odd", lambda request: {"a": object()})
        router.add_route("/file", lambda request: create_file_response(tmp_path / "none"))

        @router.get("/stream")
        async def stream(request):
            async def pieces():
                raise RuntimeError("before the first piece")
                yield b""

            return pieces()

        @router.get("/sync-stream")
        def sync_stream(request):
            return (1 / 0 for _ in range(1))

        @router.get("/slow")
        async def slow(request):
            await asyncio.sleep(30)

        router.get("/big", max_body=1)(lambda request: "x")
        seen = []
        served = serve(
            router,
            lambda b: (
                b.with_filter(Tag(seen))
                .with_static_dir(tmp_path)
                .with_access_log()
                .with_timeouts(handler_timeout=0.1)
            ),
        )
        body = b"xx" if path == "/big" else None
        answer = served.http.request("GET", path, content=body)
        assert (answer.status_code, answer.headers.get("x-tag")) == (status, "1")
        assert seen[-1] == status
        served.close()
        lines = [r.getMessage() for r in records if r.name == "areion.access"]
        assert len(lines) == 1
        assert f'" {status} ' in lines[0]

    def test_a_filter_that_fails_is_logged_and_the_others_still_see_the_answer(self, serve, records):
        """A 500 goes on through the outer filters."""

        class Broken(ResponseFilter):
            def after(self, request, response):
                raise RuntimeError("filter")

        class Forgetful(ResponseFilter):
            def after(self, request, response):
                return None

        router = DefaultRouter()
        router.add_route("/", lambda request: "x")
        for broken in (Broken, Forgetful):
            records.clear()
            served = serve(router, lambda b, broken=broken: b.with_filter(Tag()).with_filter(broken()))
            answer = served.http.get("/")
            assert (answer.status_code, answer.headers["x-tag"]) == (500, "1")
            assert any(broken.__name__ in r.getMessage() for r in records)

    def test_a_filter_may_answer_before_routing(self, serve):
        """Inner filters and routes do not see the request then; outer ones see the response."""

        class Closed(ResponseFilter):
            def before(self, request):
                return HttpResponse("closed", 503)

        class Fails(ResponseFilter):
            def before(self, request):
                raise ForbiddenError("from a filter")

        router = DefaultRouter()
        router.add_route("/", lambda request: "x")
        answer = serve(router, lambda b: b.with_filter(Tag()).with_filter(Closed())).http.get("/")
        assert (answer.status_code, answer.headers["x-tag"]) == (503, "1")
        answer = serve(router, lambda b: b.with_filter(Tag()).with_filter(Fails())).http.get("/")
        assert (answer.status_code, answer.text, answer.headers["x-tag"]) == (403, "from a filter", "1")


def strip(answer):
    """Fields without those that differ by the clock."""
    return {name: value for name, value in answer.headers.items() if name != "date"}
