"""HttpRequest as handlers of a server get it: body, forms, components, connection."""

import asyncio
import socket
import threading

import pytest
from areion import (
    BaseEngine,
    BaseLogger,
    DefaultEngine,
    DefaultOrchestrator,
    DefaultRouter,
    HttpRequest,
    HttpRequestFactory,
)


class Lines(BaseLogger):
    """A logger that is not built on the standard library's."""

    def __init__(self):
        self.lines = []

    def debug(self, message):
        self.lines.append(("debug", message))

    def info(self, message):
        self.lines.append(("info", message))

    def warning(self, message):
        self.lines.append(("warning", message))

    def error(self, message):
        self.lines.append(("error", message))

    def critical(self, message):
        self.lines.append(("critical", message))


class Upper(BaseEngine):
    """An engine with just render."""

    def render(self, template_name, context):
        return f"{template_name} {sorted(context.items())}"


class TestComponents:
    """Templates, tasks and the log."""

    def test_render_template(self, serve, tmp_path):
        """HTML, escaped; the context may be left out."""
        (tmp_path / "page.html").write_text("<p>{{ name }}")
        router = DefaultRouter()
        router.get("/page")(lambda request: request.render_template("page.html", {"name": "<ada>"}))
        router.get("/empty")(lambda request: request.render_template("page.html"))
        http = serve(router, lambda b: b.with_engine(DefaultEngine(templates_dir=str(tmp_path)))).http
        answer = http.get("/page")
        assert (answer.text, answer.headers["content-type"]) == (
            "<p>&lt;ada&gt;",
            "text/html; charset=utf-8",
        )
        assert http.get("/empty").text == "<p>"

    def test_an_engine_with_just_render(self, serve):
        """A stranger's class is used as it is."""
        router = DefaultRouter()
        router.get("/")(lambda request: request.render_template("t", {"a": 1}))
        assert serve(router, lambda b: b.with_engine(Upper())).http.get("/").text == "t [('a', 1)]"

    def test_submit_task(self, serve):
        """With arguments and keywords; the future has the result."""
        done = []
        router = DefaultRouter()

        @router.get("/", blocking=True)
        def handler(request):
            done.append(request.submit_task(lambda a, b: a + b, 1, b=2).result(10))
            return "ok"

        assert serve(router, lambda b: b.with_orchestrator(DefaultOrchestrator())).http.get("/").text == "ok"
        assert done == [3]

    def test_log(self, serve):
        """At any level, in any case, to the server's logger."""
        lines = Lines()
        router = DefaultRouter()

        @router.get("/")
        def handler(request):
            request.log("default")
            request.log("loud", level="ERROR")
            request.log("quiet", "debug")
            with pytest.raises(ValueError, match=r"level: expected one of .*got 'shout'"):
                request.log("x", "shout")
            return "ok"

        assert serve(router, lambda b: b.with_logger(lines)).http.get("/").text == "ok"
        for expected in (("info", "default"), ("error", "loud"), ("debug", "quiet")):
            assert expected in lines.lines

    def test_missing_components_say_what_to_do(self):
        """No engine, no orchestrator."""
        request = HttpRequest("GET", "/")
        with pytest.raises(ValueError, match="with_engine"):
            request.render_template("x")
        with pytest.raises(ValueError, match="with_orchestrator"):
            request.submit_task(print)

    def test_by_hand_and_by_factory(self):
        """The constructor takes components, a factory gives them to all of its requests."""
        lines = Lines()
        request = HttpRequest("GET", "/p?q=1", {"A": "1"}, b"x", logger=lines)
        request.log("one")
        made = HttpRequestFactory(logger=lines, engine=Upper()).create("GET", "/p", {"A": "1"})
        made.log("two")
        assert isinstance(made, HttpRequest)
        assert made.render_template("t").body == "t []"
        assert lines.lines == [("info", "one"), ("info", "two")]
        assert made.as_dict(show_components=True)["logger"] is lines
        assert "logger" not in made.as_dict()
        assert made.orchestrator is None


class TestBody:
    """What an ordinary handler finds."""

    @pytest.mark.parametrize("chunked", [False, True])
    def test_the_body_is_there(self, serve, chunked):
        """Sync or async, whole or in chunks (the predecessor refused chunks)."""
        router = DefaultRouter()
        router.post("/sync")(lambda request: request.body)

        @router.post("/async")
        async def handler(request):
            return await request.read() + request.body

        http = serve(router).http
        content = (lambda: iter([b"one ", b"two"])) if chunked else (lambda: b"one two")
        assert http.post("/sync", content=content()).content == b"one two"
        assert http.post("/async", content=content()).content == b"one twoone two"

    def test_parsed_bodies(self, serve):
        """JSON, forms and text by Content-Type; malformed ones are 400 and say where."""
        router = DefaultRouter()

        @router.post("/")
        def handler(request):
            body = request.get_parsed_body()
            return dict(body) if not isinstance(body, (str, list)) else body

        http = serve(router).http
        assert http.post("/", json={"a": 1}).json() == {"a": 1}
        assert http.post("/", data={"a": "1"}).json() == {"a": "1"}
        assert http.post("/", content="text").text == "text"
        assert http.post("/").json() == {}
        bad = http.post("/", content='{"a": }', headers={"Content-Type": "application/json"})
        assert bad.status_code == 400
        assert "line 1, column 7" in bad.text
        bad = http.post("/", content="x", headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert bad.status_code == 400

    @pytest.mark.parametrize("stream", [False, True])
    def test_uploads(self, serve, stream):
        """request.form() with and without stream=True; files are closed after the response."""
        files = []
        router = DefaultRouter()

        @router.post("/", stream=stream)
        async def handler(request):
            form = await request.form()
            upload = form["file"]
            files.append(upload.file)
            return {"name": upload.filename, "type": upload.content_type, "size": upload.size,
                    "text": upload.file.read().decode()[:3], "field": form["field"]}  # fmt: skip

        http = serve(router).http
        answer = http.post(
            "/", files={"file": ("a.txt", b"x" * 300_000, "text/plain")}, data={"field": "value"}
        )
        assert answer.json() == {
            "name": "a.txt", "type": "text/plain", "size": 300_000, "text": "xxx", "field": "value",
        }  # fmt: skip
        http.post("/", files={"file": b""}, data={"field": ""})
        assert files[0].closed

    def test_body_before_it_was_read_is_a_clear_error(self, serve, records):
        """A streaming handler has to pull; the log says how."""
        router = DefaultRouter()
        router.post("/", stream=True)(lambda request: request.body)
        served = serve(router)
        answer = served.raw(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert any("await request.read()" in str(r.exc_info and r.exc_info[1]) for r in records)

    def test_used_after_the_response(self, serve):
        """What a background task keeps of a request stays valid."""
        kept = []
        router = DefaultRouter()

        @router.post("/")
        def handler(request):
            kept.append(request)
            return "ok"

        served = serve(router)
        served.http.post("/?q=1", json={"a": 1}, headers={"X-A": "b"})
        served.http.post("/", json={"a": 2})
        request = kept[0]
        assert request.get_parsed_body() == {"a": 1}
        assert (request.get_query_param("q"), request.get_header("x-a"), request.client.host) == (
            "1",
            "b",
            "127.0.0.1",
        )


class TestConnection:
    """Who asks, and how."""

    def test_client_scheme_host_url_version(self, serve):
        """As the connection and the head say."""
        router = DefaultRouter()

        @router.get("/p/:name")
        def handler(request, name):
            return [request.client.host, request.client.port > 0, request.scheme, request.host, request.url,
                    request.http_version, request.path, request.raw_path, name]  # fmt: skip

        served = serve(router)
        host = f"127.0.0.1:{served.port}"
        assert served.http.get("/p/a%2Fb?x=%20").json() == [
            "127.0.0.1", True, "http", host, f"http://{host}/p/a%2Fb?x=%20", "1.1", "/p/a/b", "/p/a%2Fb", "a/b",
        ]  # fmt: skip
        answer = served.raw(b"GET /p/x HTTP/1.0\r\n\r\n")
        assert b'"1.0"' in answer

    @pytest.mark.parametrize("target", [b"/?q=\xff", b"/?q=\xc3\xbc", b"/?q=%ff", b"/?%", b"/?q=%00"])
    def test_odd_queries(self, serve, target):
        """Refused by the parser or decoded with replacement; never a 500."""
        router = DefaultRouter()
        router.get("/")(
            lambda request: [request.get_raw_query_params(), request.get_parsed_query_params(), request.url]
        )
        answer = serve(router).raw(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer.split()[1] in {b"200", b"400"}

    def test_middleware_hands_on_what_it_found(self, serve):
        """By metadata or by attributes of its own."""

        def login(handler):
            def wrapper(request, *args, **kwargs):
                request.user = "ada"
                request.add_metadata("role", "admin")
                return handler(request, *args, **kwargs)

            return wrapper

        router = DefaultRouter()
        router.get("/", middlewares=[login])(lambda request: [request.user, request.get_metadata("role")])
        assert serve(router).http.get("/").json() == ["ada", "admin"]

    def test_is_disconnected(self, serve):
        """A handler that waits can ask whether anybody still listens."""
        noticed, entered = threading.Event(), threading.Event()
        router = DefaultRouter()

        @router.get("/")
        async def handler(request):
            entered.set()
            while not await request.is_disconnected():
                await asyncio.sleep(0.01)
            noticed.set()
            return "nobody reads this"

        served = serve(router)
        with socket.create_connection((served.host, served.port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert entered.wait(10)
        assert noticed.wait(10)
