"""How a server measures its own requests, and that one without profiling does not."""

import asyncio
import logging
import re
import subprocess
import sys
import time

import pytest
from areion import (
    AreionServerBuilder,
    BadRequestError,
    DefaultRouter,
    HttpRequest,
    HttpResponse,
    ResponseFilter,
)
from areion.profiling import PHASES
from areion.testing import TestClient


def slow_middleware(handler):
    async def call(request, **params):
        time.sleep(0.02)
        result = handler(request, **params)
        return await result if asyncio.iscoroutine(result) else result

    return call


def sync_middleware(handler):
    def call(request, **params):
        time.sleep(0.02)
        return handler(request, **params)

    return call


def other_request(handler):
    """Goes on with a request object of its own."""

    def call(request, **params):
        return handler(HttpRequest("GET", request.raw_path), **params)

    return call


@pytest.fixture
def router() -> DefaultRouter:
    router = DefaultRouter()

    def nap(request, **params):
        time.sleep(0.05)
        return {"id": params.get("id")}

    async def wait(request):
        await asyncio.sleep(0.05)
        return "waited"

    def refuse(request):
        raise BadRequestError("no")

    router.add_route("/sync/:id<int>", nap, middlewares=[slow_middleware])
    router.add_route("/async", wait, middlewares=[sync_middleware])
    router.add_route("/returns-awaitable", lambda request: wait(request))
    router.add_route("/other", nap, middlewares=[other_request])
    router.add_route("/blocking", nap, blocking=True, middlewares=[slow_middleware])
    router.add_route("/echo", lambda request: request.body, ["POST"], max_body=100)
    router.add_route("/refused", refuse)
    router.add_route("/broken", lambda request: 1 / 0)
    router.add_route("/unsendable", lambda request: {"x": object()})
    router.add_route("/stream", lambda request: iter([b"a", b"b"]))
    router.add_route("/none", lambda request: None)
    return router


def profiled(router) -> AreionServerBuilder:
    return AreionServerBuilder().with_router(router).with_development_mode().with_profiling()


@pytest.fixture
def client(router):
    with TestClient(profiled(router), raise_server_exceptions=False) as client:
        yield client


def parts(response) -> dict[str, float]:
    """The Server-Timing field: milliseconds by name."""
    return {
        name: float(value)
        for name, value in re.findall(r"(\w+);dur=(\d+\.\d{3})", response.headers["server-timing"])
    }


@pytest.mark.parametrize(
    ("path", "around"),
    [
        ("/sync/7", 20), ("/async", 20), ("/returns-awaitable", 0), ("/other", 0), ("/blocking", 20),
    ],
)  # fmt: skip
def test_handler_and_middleware_are_told_apart(client, path, around):
    """For every mixture of sync and async, the handler's time is its own, and middleware's the rest."""
    found = parts(client.get(path))
    assert found["handler"] >= 49
    assert found["middleware"] >= around * 0.95
    assert found["total"] >= found["handler"] + found["middleware"]
    assert list(found) == [*PHASES, "total"]


def test_phases_are_measured(client):
    """Parsing and serialising take some time, and all phases add up to the total."""
    found = parts(client.post("/echo", content=b"x"))
    assert found["parse"] > 0
    big = parts(client.get("/sync/1"))
    assert sum(big[name] for name in PHASES) == pytest.approx(big["total"], abs=0.01)


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/sync/7", 200, b'{"id":7}'),
        ("HEAD", "/sync/7", 200, b""),
        ("GET", "/async", 200, b"waited"),
        ("POST", "/echo", 200, b"hello"),
        ("GET", "/refused", 400, b"no"),
        ("GET", "/unsendable", 500, None),
        ("GET", "/broken", 500, None),
        ("GET", "/stream", 200, b"ab"),
        ("GET", "/none", 200, b""),
        ("GET", "/nowhere", 404, None),
        ("DELETE", "/async", 405, None),
        ("OPTIONS", "/async", 204, b""),
    ],
)
def test_answers_are_the_same(router, client, method, path, status, body):
    """Profiling changes no answer but for its field."""
    response = client.request(method, path, content=b"hello" if method == "POST" else None)
    assert response.status_code == status
    assert body is None or response.content == body
    assert parts(response)["total"] > 0
    plain = AreionServerBuilder().with_router(router).with_development_mode()
    with TestClient(plain, raise_server_exceptions=False) as other:
        expected = other.request(method, path, content=b"hello" if method == "POST" else None)
    differing = {"server-timing", "date", "content-length"}
    assert {n: v for n, v in response.headers.items() if n not in differing} == {
        n: v for n, v in expected.headers.items() if n not in differing
    }


def test_limits_and_options_of_routes_hold(client):
    """What a route's options promise is kept around the timed handler."""
    assert client.post("/echo", content=b"x" * 101).status_code == 413


def test_routes_are_counted_by_pattern(client):
    """Each request is counted once, at its route; the server's profiler can be read."""
    for number in range(3):
        client.get(f"/sync/{number}")
    client.get("/broken")
    client.get("/nowhere/1")
    routes = client.server.profiler.routes
    assert routes["GET", "/sync/:id<int>"].latencies.count == 3
    assert routes["GET", "/broken"].failed == 1
    assert routes["*", "(no route)"].refused == 1


def test_early_answers_of_filters_are_counted(router):
    """What a filter answers by itself is a request without a route."""

    class Early(ResponseFilter):
        def before(self, request):
            return HttpResponse("early", 429)

    with TestClient(profiled(router).with_filter(Early())) as client:
        assert parts(client.get("/sync/1"))["handler"] == 0
        assert list(client.server.profiler.routes) == [("*", "(no route)")]


def test_stream_that_fails_at_once_is_counted_once(router):
    """The answer to an error that replaces a response is not counted as another request."""

    def broken():
        raise RuntimeError("at once")
        yield b"never"

    router.add_route("/broken-stream", lambda request: broken())
    with TestClient(profiled(router), raise_server_exceptions=False) as client:
        assert client.get("/broken-stream").status_code == 500
        assert client.server.profiler.routes["GET", "/broken-stream"].latencies.count == 1


def test_router_of_another_make(router):
    """A router that tells of no routes is timed as a whole."""

    class Small:
        def add_route(self, *args, **kwargs):
            raise AssertionError

        def get_handler(self, method, path):
            return (lambda request: "small"), {}, False

        group = include_router = route = add_global_middleware = get_allowed_methods = add_route

    with TestClient(profiled(Small())) as client:
        response = client.get("/x")
        assert response.text == "small"
        assert parts(response)["total"] > 0


@pytest.mark.parametrize(("profiling", "calls"), [(False, 1), (True, 2)])
def test_a_middleware_is_called_once_more_for_each_route(profiling, calls):
    """Around the timed handler, as the documentation says; without profiling it is called once."""
    composed = []

    def counted(handler):
        composed.append(handler)
        return handler

    router = DefaultRouter()
    router.get("/", middlewares=[counted])(lambda request: "ok")
    app = AreionServerBuilder().with_router(router).with_development_mode().with_profiling(profiling)
    with TestClient(app) as client:
        for _ in range(2):
            assert client.get("/").text == "ok"
    assert len(composed) == calls


# -- off --------------------------------------------------------------------------------------------------


def test_production_needs_permission(router, caplog):
    """Without development mode it stays off, and the log says why; with permission it is on."""
    app = AreionServerBuilder().with_router(router).with_profiling()
    with caplog.at_level(logging.INFO, "areion.server"), TestClient(app) as client:
        response = client.get("/none")
        assert "server-timing" not in response.headers
        assert client.get("/__areion__/").status_code == 404
        assert client.server.profiler is None
    assert any("allow_in_production" in message for message in caplog.messages)
    with TestClient(app.with_profiling(allow_in_production=True)) as client:
        assert "server-timing" in client.get("/none").headers
        assert client.get("/__areion__/").status_code == 200


def test_development_alone_does_not_profile(router):
    """Development mode alone measures nothing, and `with_profiling(False)` takes it back."""
    for app in (AreionServerBuilder().with_router(router).with_development_mode(), profiled(router)):
        if app._options.profiling:
            app.with_profiling(False)
        with TestClient(app) as client:
            assert "server-timing" not in client.get("/none").headers
            assert client.get("/__areion__/").status_code == 404


def test_nothing_is_loaded_without_it():
    """A server that does not profile imports none of it."""
    code = """
import sys
from areion import AreionServerBuilder, DefaultRouter
from areion.testing import TestClient
with TestClient(AreionServerBuilder().with_router(DefaultRouter()).with_development_mode()) as client:
    client.get("/")
print([name for name in sys.modules if name.startswith("areion.profiling")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("arguments", [{"on": 1}, {"allow_in_production": "yes"}])
def test_arguments_are_checked(arguments):
    """What is no bool is refused by name."""
    with pytest.raises(ValueError, match=next(iter(arguments))):
        AreionServerBuilder().with_profiling(**arguments)
