"""Facts about an HTTP server of another make: Areion's applications run on it as on our own.

The server, in ``tests/http/h11_server.py``, was written from what ``BaseHttpServer`` says.
"""

import asyncio
import inspect
import re
import runpy
from pathlib import Path

import pytest
from areion import AreionServerBuilder, DefaultRouter, create_file_response
from areion_http import BaseHttpServer

H11Server = runpy.run_path(str(Path(__file__).parents[1] / "http/h11_server.py"))["H11Server"]


@pytest.fixture
def router():
    router = DefaultRouter()

    @router.get("/items/:id<int>")
    def item(request, id):
        return {"id": id, "client": request.client.host, "url": request.url}

    @router.post("/form")
    async def form(request):
        form = await request.form()
        return {"file": form["file"].read().decode(), "text": form["text"]}

    @router.post("/count", stream=True)
    async def count(request):
        return [len(piece) async for piece in request.stream()]

    @router.post("/small", max_body=10)
    def small(request):
        return request.body

    @router.get("/pieces")
    def pieces(request):
        async def pieces():
            for number in range(3):
                await asyncio.sleep(0)
                yield f"{number},"

        return pieces()

    @router.get("/crash")
    def crash(request):
        raise RuntimeError("secret")

    @router.get("/set")
    def unsendable(request):
        return {1}

    @router.get("/file")
    def file(request):
        return create_file_response(__file__)

    @router.get("/absent")
    def absent(request):
        return create_file_response("/absent/file")

    return router


@pytest.fixture
def other(serve, router):
    return serve(
        router, lambda builder: builder.with_http_server(H11Server).with_request_id().with_compression()
    )


def test_an_application_runs_on_it(other):
    """Routes, errors, HEAD, OPTIONS and filters are the same as on our own server."""
    http = other.http
    answer = http.get("/items/7")
    assert answer.json() == {"id": 7, "client": "127.0.0.1", "url": str(http.base_url.join("/items/7"))}
    assert answer.headers["x-request-id"]
    head = http.head("/items/7")
    assert (head.content, head.headers["content-length"]) == (b"", answer.headers["content-length"])
    assert http.options("/items/7").headers["allow"] == "GET, HEAD, OPTIONS"
    assert http.put("/items/7").status_code == 405
    missing = http.get("/nowhere")
    assert (missing.status_code, bool(missing.headers["x-request-id"])) == (404, True)
    for path in ("/crash", "/set"):
        crashed = http.get(path)
        assert (crashed.status_code, crashed.text) == (500, "Internal Server Error")


def test_bodies_are_pulled(other):
    """Forms with files, streams and limits of routes work, and a refusal comes before the body."""
    http = other.http
    sent = http.post("/form", data={"text": "x"}, files={"file": ("a.txt", b"abc")})
    assert sent.json() == {"file": "abc", "text": "x"}
    assert sum(http.post("/count", content=b"x" * 200_000).json()) == 200_000
    assert sum(http.post("/count", content=iter([b"a", b"bc"])).json()) == 3
    assert http.post("/small", content=b"x" * 10).content == b"x" * 10
    for content in (b"x" * 11, iter([b"x" * 11])):
        assert http.post("/small", content=content).status_code == 413
    head = b"POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    assert other.raw(head % 11).startswith(b"HTTP/1.1 413 ")
    assert other.raw(head % 2 + b"ab").startswith(b"HTTP/1.1 200 ")


def test_streams_and_files_are_sent(other):
    """Iterators, compressed answers, files with ranges, and files that are not there."""
    http = other.http
    assert http.get("/pieces").text == "0,1,2,"
    whole = http.get("/file")
    assert whole.content.startswith(b'"""Facts about an HTTP server of another make')
    part = http.get("/file", headers={"Range": "bytes=3-7", "Accept-Encoding": "identity"})
    assert (part.status_code, part.content) == (206, b"Facts")
    assert part.headers["content-range"].startswith("bytes 3-7/")
    assert http.get("/absent").status_code == 404


def test_its_docstring_names_every_setting_that_areion_passes():
    """``BaseHttpServer`` describes all that ``make_http`` hands to a server's class."""
    passed = {}

    class Noting(H11Server):
        def __init__(self, handler, **settings):
            passed.update(settings)
            super().__init__(handler, **{name: settings[name] for name in ("host", "port", "on_listening")})

    server = AreionServerBuilder().with_router(DefaultRouter()).with_http_server(Noting).with_port(0).build()

    async def main():
        task = asyncio.create_task(server.start())
        await asyncio.to_thread(server.wait_listening, 10)
        server.stop()
        await task

    asyncio.run(main())
    text = inspect.getdoc(BaseHttpServer)
    assert [name for name in passed if not re.search(rf"^    {name}: |``{name}``", text, re.MULTILINE)] == []


def test_a_port_in_use_is_one_line_and_status_1(capfd, router):
    """Its ``ListenError`` ends the program as our own server's does."""
    with asyncio.Runner() as runner:
        taken = runner.run(asyncio.start_server(lambda *_: None, "127.0.0.1", 0))
        port = taken.sockets[0].getsockname()[1]
        builder = AreionServerBuilder().with_router(router).with_http_server(H11Server)
        with pytest.raises(SystemExit) as ended:
            builder.with_host("127.0.0.1").with_port(port).build().run()
        taken.close()
    assert ended.value.code == 1
    assert f"areion: cannot listen on 127.0.0.1:{port}" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("configure", "setting"),
    [
        (lambda builder: builder.with_backlog(10), "backlog"),
        (lambda builder: builder.with_tls(__file__), "certfile"),
        (lambda builder: builder.with_unix_socket("a.sock"), "unix_socket"),
        (lambda builder: builder.with_workers(2), "sockets"),
    ],
)
def test_a_setting_that_it_does_not_take_is_refused_by_build(router, configure, setting):
    """A certificate is not ignored in silence; several workers need ``sockets``."""
    builder = AreionServerBuilder().with_router(router).with_http_server(H11Server)
    configure(builder)
    with pytest.raises(ValueError, match=f"{setting}: the HTTP server H11Server does not take this setting"):
        builder.build()


def test_workers_asked_for_later_are_refused_before_any_is_started(router):
    """What the command line changes is checked as well."""
    server = AreionServerBuilder().with_router(router).with_http_server(H11Server).build()
    server.with_options(workers=2)
    with pytest.raises(ValueError, match="with_workers needs it"):
        server.run()
