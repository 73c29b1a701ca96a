"""One suite for both ways to an application: what holds over a socket holds in memory."""

import asyncio
import threading
import time
from pathlib import Path

import httpx
import pytest
from areion import (
    AreionServerBuilder,
    DefaultRouter,
    ForbiddenError,
    HttpResponse,
    ResponseFilter,
    create_file_response,
    create_redirect_response,
)


@pytest.fixture
def router() -> DefaultRouter:
    return DefaultRouter()


def test_parameters_query_and_json(connect, router):
    """A path parameter, a query and a JSON body arrive decoded, and the answer is JSON."""

    @router.post("/things/:name")
    async def handle(request, name):
        return {"name": name, "q": request.get_query_param("q"), "body": await request.json()}

    response = connect(router).post("/things/caf%C3%A9", params={"q": "a b&c"}, json=[1, {"x": None}])
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"name": "café", "q": "a b&c", "body": [1, {"x": None}]}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/sync", 200, b"sync"),
        ("GET", "/async", 200, b"async"),
        ("HEAD", "/sync", 200, b""),
        ("GET", "/none", 200, b""),
        ("GET", "/forbidden", 403, b"not you"),
        ("GET", "/broken", 500, b"Internal Server Error"),
        ("GET", "/unknown", 404, None),
        ("POST", "/sync", 405, None),
        ("OPTIONS", "/sync", 204, b""),
    ],
)
def test_statuses(connect, router, method, path, status, body):
    """Each kind of handler and each kind of error has its status and body."""

    async def wait(request):
        await asyncio.sleep(0)
        return "async"

    def forbidden(request):
        raise ForbiddenError("not you")

    router.add_route("/sync", lambda request: "sync")
    router.add_route("/async", wait)
    router.add_route("/none", lambda request: None)
    router.add_route("/forbidden", forbidden)
    router.add_route("/broken", lambda request: 1 / 0)
    response = connect(router).request(method, path)
    assert response.status_code == status
    assert body is None or response.content == body


def test_cookies_are_kept(connect, router):
    """A cookie that one response sets goes with the next request."""

    def login(request):
        response = HttpResponse("in")
        response.set_cookie("session", "s1")
        response.set_cookie("theme", "dark", path="/who")
        return response

    router.add_route("/login", login, ["POST"])
    router.add_route("/who", lambda request: dict(request.cookies))
    client = connect(router)
    client.post("/login")
    assert client.get("/who").json() == {"session": "s1", "theme": "dark"}


def test_redirects_are_followed(connect, router):
    """A redirect is followed to a relative address, if the client is told to."""
    router.add_route("/old", lambda request: create_redirect_response("/new?x=1"))
    router.add_route("/new", lambda request: request.query_params["x"])
    client = connect(router)
    assert client.get("/old").status_code == 302
    response = client.get("/old", follow_redirects=True)
    assert response.text == "1"
    assert response.url.path == "/new"


def test_forms_and_files(connect, router):
    """Fields and files of a multipart form arrive with names, types and bytes."""

    @router.post("/upload")
    async def upload(request):
        form = await request.form()
        file = form["file"]
        return {
            "field": form["field"],
            "name": file.filename,
            "type": file.content_type,
            "size": file.size,
            "head": file.file.read(3).hex(),
        }

    content = bytes(range(256)) * 4000
    files = {"file": ("blåbær.bin", content, "application/x-berry")}
    response = connect(router).post("/upload", data={"field": "ü"}, files=files)
    assert response.json() == {
        "field": "ü",
        "name": "blåbær.bin",
        "type": "application/x-berry",
        "size": len(content),
        "head": "000102",
    }


def test_large_bodies_both_ways(connect, router):
    """Megabytes arrive whole in both directions, on one connection, several times."""
    router.add_route("/echo", lambda request: request.body, ["POST"])
    client = connect(router)
    for size in (0, 1, 65_536, 3_000_001):
        content = bytes(size)
        assert client.post("/echo", content=content).content == content


def test_chunked_upload_is_streamed(connect, router):
    """A handler that streams gets the first piece before the last one has been made."""
    first = threading.Event()

    @router.post("/count", stream=True)
    async def count(request):
        total = 0
        async for piece in request.stream():
            total += len(piece)
            first.set()
        return total

    def pieces():
        yield b"x" * 1000
        assert first.wait(10)
        yield b"y" * 1000

    assert connect(router).post("/count", content=pieces()).json() == 2000


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_response_is_streamed(connect, router, kind):
    """The client has the first piece before the second one is made."""
    seen = threading.Event()

    def pieces():
        yield b"one"
        yield b"two"

    async def waiting_pieces():
        yield b"one"
        while not seen.is_set():
            await asyncio.sleep(0.001)
        yield b"two"

    router.add_route("/s", lambda request: pieces() if kind == "sync" else waiting_pieces())
    with connect(router).stream("GET", "/s") as response:
        raw = response.iter_raw()
        begin = next(raw)
        seen.set()
        assert begin + b"".join(raw) == b"onetwo"
        assert kind == "sync" or begin == b"one"
    assert response.headers["transfer-encoding"] == "chunked"


def test_client_is_made_to_wait(connect, router):
    """A response of any length can be read slowly: the server waits, and nothing is lost."""

    async def pieces():
        for number in range(200):
            yield bytes([number]) * 20_000

    router.add_route("/big", lambda request: pieces())
    with connect(router).stream("GET", "/big") as response:
        total = 0
        for piece in response.iter_raw(50_000):
            total += len(piece)
            if total < 500_000:
                time.sleep(0.001)
    assert total == 4_000_000


def test_broken_stream_is_an_error(connect, router):
    """A response that breaks off is no complete response."""

    async def pieces():
        yield b"one"
        raise RuntimeError("in the middle")

    router.add_route("/s", lambda request: pieces())
    with pytest.raises(httpx.RemoteProtocolError):
        connect(router).get("/s")


def test_leaving_client_ends_the_stream(connect, router):
    """An endless response ends when its client leaves."""
    ended = threading.Event()

    async def pieces():
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    router.add_route("/endless", lambda request: pieces())
    with connect(router).stream("GET", "/endless") as response:
        next(response.iter_raw())
    assert ended.wait(10)


def test_connection_is_kept(connect, router):
    """Requests one after the other use one connection, unless one asks for it to be closed."""
    router.add_route("/port", lambda request: id(request.connection))
    router.add_route("/keep", lambda request: request.metadata.setdefault("x", 1))
    client = connect(router)
    first = client.get("/port").json()
    assert client.get("/port").json() == first
    assert client.get("/port", headers={"Connection": "close"}).headers["connection"] == "close"
    assert client.get("/keep").json() == 1


def test_requests_at_the_same_time(connect, router):
    """Requests from several threads are served at the same time."""
    together = threading.Barrier(4, timeout=10)
    router.add_route("/meet", lambda request: together.wait(), blocking=True)
    client = connect(router)
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client.get("/meet").status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert statuses == [200] * 4


def test_middleware_and_filters(connect, router):
    """Middleware wraps handlers and unknown paths; filters see every response."""

    class Stamp(ResponseFilter):
        def after(self, request, response):
            response.set_header("X-Stamp", response.status_code)
            return response

    def shout(handler):
        def call(request, **params):
            result = handler(request, **params)
            return result.upper() if isinstance(result, str) else result

        return call

    router.add_global_middleware(shout)
    router.add_route("/a", lambda request: "a")
    client = connect(AreionServerBuilder().with_router(router).with_filter(Stamp()))
    assert (client.get("/a").text, client.get("/a").headers["x-stamp"]) == ("A", "200")
    assert client.get("/b").headers["x-stamp"] == "404"


def test_body_limit(connect, router):
    """Too large a body is refused with 413, and the client gets to read that."""
    router.add_route("/echo", lambda request: request.body, ["POST"])
    client = connect(AreionServerBuilder().with_router(router).with_limits(max_body_size=1000))
    assert client.post("/echo", content=b"x" * 5000).status_code == 413
    assert client.post("/echo", content=b"x" * 1000).status_code == 200


def test_files_and_ranges(connect, router, tmp_path: Path):
    """Files are sent with an ETag, in parts, and not again."""
    path = tmp_path / "data.txt"
    path.write_bytes(b"0123456789" * 50_000)
    router.add_route("/file", lambda request: create_file_response(path))
    client = connect(router)
    response = client.get("/file")
    assert response.content == path.read_bytes()
    part = client.get("/file", headers={"Range": "bytes=10-14"})
    assert (part.status_code, part.content) == (206, b"01234")
    again = client.get("/file", headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_head_that_is_refused(connect, router):
    """What is no HTTP is answered 400 with the reason, in both worlds."""
    router.add_route("/a", lambda request: "a")
    response = connect(router).get("/a", headers={"Host": "bad host"})
    assert response.status_code == 400


def test_time_limit_of_a_route(connect, router):
    """A handler that takes longer than its route allows is answered 503."""

    async def slow(request):
        await asyncio.sleep(60)

    router.add_route("/slow", slow, timeout=0.05)
    assert connect(router).get("/slow").status_code == 503
