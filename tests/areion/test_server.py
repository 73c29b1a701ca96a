"""The whole server over real sockets: start, answer, stop."""

import threading
import urllib.error
import urllib.request

import pytest
from areion import AreionServer, AreionServerBuilder, DefaultRouter


@pytest.fixture
def serve():
    """Run servers in threads, and stop them."""
    running = []

    def start(server: AreionServer) -> str:
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        assert server.wait_listening(10)
        return server.url

    yield start
    for server, thread in running:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def builder(router):
    return AreionServerBuilder().with_router(router).with_host("127.0.0.1").with_port(0)


def fetch(url, **kwargs):
    with urllib.request.urlopen(urllib.request.Request(url, **kwargs), timeout=10) as response:
        return response.status, response.read()


def test_three_lines_and_a_decorator_answer(serve):
    """The README's program answers JSON with a path parameter."""
    router = DefaultRouter()

    @router.get("/hello/:name")
    def hello(request, name):
        return {"hello": name}

    url = serve(builder(router).build())
    assert fetch(url + "/hello/you") == (200, b'{"hello":"you"}')


def test_async_handler_and_body(serve):
    """A coroutine function gets the parsed body of a POST."""
    router = DefaultRouter()

    @router.post("/sum")
    async def add(request):
        return {"sum": sum(request.get_parsed_body())}

    url = serve(builder(router).build())
    headers = {"Content-Type": "application/json"}
    assert fetch(url + "/sum", data=b"[1,2,3]", headers=headers) == (200, b'{"sum":6}')


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/no", 404), ("PUT", "/a", 405), ("GET", "/b", 500)]
)
def test_errors(serve, method, path, status):
    """An unknown path is 404, a method without a handler 405, a handler that raises 500 without details."""
    router = DefaultRouter()
    router.add_route("/a", lambda request: "a")
    router.add_route("/b", lambda request: 1 / 0)
    url = serve(builder(router).build())
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url + path, method=method)
    with caught.value as error:
        assert error.code == status
        assert b"division" not in error.read()


def test_stop_before_run_makes_run_return():
    """A stop that comes before the loop is there is not lost."""
    server = builder(DefaultRouter()).build()
    server.stop()
    server.run()


def test_port_in_use_is_one_line_and_status_1(serve, capsys):
    """A second server on the port says so in one line and exits with status 1."""
    url = serve(builder(DefaultRouter()).build())
    port = int(url.rpartition(":")[2])
    with pytest.raises(SystemExit) as caught:
        builder(DefaultRouter()).with_port(port).build().run()
    assert caught.value.code == 1
    err = capsys.readouterr().err
    assert [line for line in err.splitlines() if "in use" in line]
