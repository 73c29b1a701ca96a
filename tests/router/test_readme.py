"""The programs in the package's README run, the three integrations behind their frameworks."""

from __future__ import annotations

import contextlib
import io
import re
import threading
import wsgiref.simple_server
from pathlib import Path

import httpx
import pytest
import werkzeug.serving

README = Path(__file__).parents[2] / "packages" / "areion-router" / "README.md"
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
PROGRAMS = [code for language, code in BLOCKS if language == "python"]


def run(title):
    """Execute the program that begins with that comment, and return its names."""
    (code,) = [code for code in PROGRAMS if code.startswith(f"# {title}\n")]
    names = {"__name__": title.removesuffix(".py")}
    exec(compile(code, title, "exec"), names)
    return names


@pytest.mark.parametrize("code", [code for code in PROGRAMS if not code.startswith("# ")])
def test_examples(code):
    """Each example runs, and its assertions hold."""
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


def test_the_explanation_shown_is_the_one_printed():
    """What the README shows below explain() is what it prints."""
    (code,) = [code for code in PROGRAMS if "explain(" in code]
    (shown,) = [text for language, text in BLOCKS if not language and text.startswith("GET ")]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert printed.getvalue() == shown


@contextlib.contextmanager
def served(server):
    """A client of a WSGI server that runs in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False) as client:
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class QuietHandler(werkzeug.serving.WSGIRequestHandler):
    def log(self, *arguments):
        pass


class Silent(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


def test_inside_flask():
    """The Flask program answers requests over sockets, with the raw path and without."""
    app = run("flask_app.py")["app"]
    servers = (
        werkzeug.serving.make_server("127.0.0.1", 0, app, request_handler=QuietHandler),
        wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Silent),
    )
    for server in servers:
        with served(server) as client:
            assert client.get("/orders/7?verbose=yes").json() == {"order": 7, "verbose": "yes"}
            assert client.get("/orders//7/").json() == {"order": 7, "verbose": "no"}
            assert client.head("/orders/7").status_code == 200
            created = client.post("/orders", json={"item": "tea"})
            assert (created.status_code, created.json()) == (201, {"created": "tea"})
            assert client.get("/orders/seven").status_code == 404
            assert client.get("/").status_code == 404
            refused = client.delete("/orders/7")
            assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
            assert client.options("/orders").status_code == 204


async def test_inside_starlette():
    """The Starlette program answers requests; raw paths keep encoded slashes in their segments."""
    transport = httpx.ASGITransport(app=run("starlette_app.py")["app"])
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/ping")).text == "pong"
        answer = await client.get("/files/a%2Fb/docs/read%20me")
        assert answer.json() == {"owner": "a/b", "path": "docs/read me"}
        assert (await client.get("/files/a")).status_code == 404
        refused = await client.post("/ping")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
        assert (await client.options("/ping")).status_code == 204


def test_inside_wsgi():
    """The bare WSGI program answers requests over a socket."""
    server = wsgiref.simple_server.make_server(
        "127.0.0.1", 0, run("wsgi_app.py")["app"], handler_class=Silent
    )
    with served(server) as client:
        assert client.get("/hello/J%C3%BCrgen").text == "hello J\u00fcrgen"
        assert client.get("/hello/100%25").text == "hello 100%"
        assert client.get("/nothing").status_code == 404
        refused = client.put("/hello/you")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
