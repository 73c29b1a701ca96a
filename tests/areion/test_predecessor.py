"""Programs written for the predecessor from its documents, as real servers.

The programs are ours; what they use, and how, is what those documents showed.
"""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import httpx
import pytest

BOILERPLATE = """
import os, pathlib, sys, threading
def _tell(server):
    def watch():
        server.wait_listening(20)
        pathlib.Path("url.part").write_text(server.url)
        os.rename("url.part", "url")
        sys.stdin.read()
        server.stop()
    threading.Thread(target=watch, daemon=True).start()
"""


class Program:
    """A program in a process of its own; it ends when its standard input does."""

    def __init__(self, folder: Path, source: str, **modules: str) -> None:
        (folder / "tell.py").write_text(BOILERPLATE)
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text))
        source = "from tell import _tell\n" + textwrap.dedent(source)
        (folder / "main.py").write_text(source.replace("server.run()", "_tell(server); server.run()"))
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "main.py"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        url = folder / "url"
        for _ in range(1000):
            if url.exists() or self.process.poll() is not None:
                break
            time.sleep(0.02)
        if not url.exists():
            raise AssertionError(self.process.communicate()[1])
        self.http = httpx.Client(base_url=url.read_text(), timeout=10)

    def end(self) -> str:
        """Let it end; return what it printed."""
        self.http.close()
        out, err = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, err
        assert "Traceback" not in err, err
        return out


@pytest.fixture
def run(tmp_path):
    programs = []

    def start(source, **modules):
        programs.append(Program(tmp_path, source, **modules))
        return programs[-1]

    yield start
    for each in programs:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def test_quick_start(run):
    """Router, decorator, builder, run: a str is plain text."""
    program = run("""
        from areion import AreionServerBuilder, DefaultRouter, HttpRequest

        router = DefaultRouter()

        @router.route("/hello")
        def hello_world(request: HttpRequest):
            return "Hello, World!"

        server = AreionServerBuilder().with_router(router).with_port(0).build()
        server.run()
    """)
    answer = program.http.get("/hello")
    assert (answer.text, answer.headers["content-type"]) == ("Hello, World!", "text/plain; charset=utf-8")
    program.end()


def test_routers_in_modules(run, tmp_path):
    """A router with a prefix, included; engine and file logger; its paths answer (they did not)."""
    program = run(
        """
        from areion import (AreionServer, AreionServerBuilder, DefaultLogger, DefaultEngine, DefaultRouter,
                            HttpResponse)
        from users import users_router

        main_router = DefaultRouter()
        main_router.include_router(users_router)
        server: AreionServer = (
            AreionServerBuilder()
                .with_router(main_router)
                .with_engine(DefaultEngine())
                .with_logger(DefaultLogger(log_file="server.log"))
                .with_port(0)
            .build()
        )
        if __name__ == "__main__":
            server.run()
        """,
        users="""
        from areion import DefaultRouter, HttpResponse

        users_router = DefaultRouter(prefix="/users")

        @users_router.route("/", methods=["GET"])
        def get_all_users(request):
            return HttpResponse(status_code=200, body={"users": []}, content_type="application/json")

        @users_router.route("/:user_id", methods=["GET"])
        def get_user(request, user_id):
            body = request.get_parsed_body()
            if not body.get("token"):
                return HttpResponse(status_code=401, body="Unauthorized", content_type="text/plain")
            return HttpResponse(status_code=200, body={"user_id": user_id}, content_type="application/json")
        """,
    )
    for path in ("/users", "/users/"):
        assert program.http.get(path).json() == {"users": []}
    assert program.http.get("/users/7").status_code == 401
    answer = program.http.request("GET", "/users/7", json={"token": "t"})
    assert answer.json() == {"user_id": "7"}
    program.end()
    assert "listening" in (tmp_path / "server.log").read_text()


def test_middleware_and_groups(run):
    """Global, for a route and for a group; all of them are called (groups answered 404)."""
    program = run("""
        from areion import AreionServerBuilder, DefaultRouter, HttpResponse

        router = DefaultRouter()

        def get_user(request, id):
            return f"User ID: {id}"

        def log_request(handler):
            def wrapper(request, *args, **kwargs):
                print(f"Received request: {request.path}", flush=True)
                return handler(request, *args, **kwargs)
            return wrapper

        def auth_middleware(handler):
            def wrapper(request, *args, **kwargs):
                if not request.get_header("Authorization"):
                    return HttpResponse(status_code=401, body="Unauthorized")
                return handler(request, *args, **kwargs)
            return wrapper

        def group_middleware(handler):
            def wrapper(request, *args, **kwargs):
                print("Group middleware executed", flush=True)
                return handler(request, *args, **kwargs)
            return wrapper

        router.add_route("/user/:id", get_user, methods=["GET"], middlewares=[log_request])

        @router.route("/dashboard", middlewares=[auth_middleware])
        def dashboard(request):
            return "Welcome to the dashboard"

        api_group = router.group("/api", middlewares=[group_middleware])

        @api_group.route("/users")
        def api_users(request):
            return "API Users"

        server = AreionServerBuilder().with_router(router).with_port(0).build()
        server.run()
    """)
    assert program.http.get("/user/7").text == "User ID: 7"
    assert program.http.get("/dashboard").status_code == 401
    assert program.http.get("/dashboard", headers={"authorization": "x"}).text == "Welcome to the dashboard"
    assert program.http.get("/api/users").text == "API Users"
    assert program.end().splitlines() == ["Received request: /user/7", "Group middleware executed"]


def test_tasks_templates_and_logging(run, tmp_path):
    """submit_task, schedule_cron_task with a dict, render_template, logger.info and request.log."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "home.html").write_text("<h1>{{ title }}</h1>")
    program = run("""
        from areion import (AreionServerBuilder, DefaultEngine, DefaultLogger, DefaultOrchestrator, DefaultRouter,
                            HttpRequest)

        router = DefaultRouter()
        logger = DefaultLogger(log_file="server.log", log_level="INFO")
        orchestrator = DefaultOrchestrator(max_workers=4)

        def background_task(*args):
            print("Running background task", *args, flush=True)

        orchestrator.submit_task(background_task)
        orchestrator.schedule_cron_task(background_task, {"hour": "*/1"})
        orchestrator.schedule_cron_task(background_task, {"hour": "0", "minute": "0"})

        @router.route("/log", methods=["GET"])
        def some_handler(request):
            logger.info("Processing request")
            request.log("from the request", "warning")
            request.submit_task(background_task, "of a request").result(10)
            return "Response"

        @router.route("/home")
        def home(request):
            return request.render_template("home.html", {"title": "Home & more"})

        server = (AreionServerBuilder().with_router(router).with_logger(logger).with_orchestrator(orchestrator)
                  .with_engine(DefaultEngine(templates_dir="templates")).with_port(0).build())
        server.run()
    """)
    assert program.http.get("/log").text == "Response"
    assert program.http.get("/home").text == "<h1>Home &amp; more</h1>"
    assert program.end().splitlines() == ["Running background task", "Running background task of a request"]
    log = (tmp_path / "server.log").read_text()
    assert log.count("Processing request") == 1
    assert log.count("from the request") == 1


def test_errors_and_responses(run):
    """Errors of the tree, own ones, and every response helper."""
    program = run("""
        from areion import *

        router = DefaultRouter()

        class Teapot(HttpError):
            status_code = 418
            message = "I'm a teapot"

        @router.route("/item/:item_id")
        def get_item(request, item_id):
            raise NotFoundError("Item not found")

        @router.route("/teapot")
        async def teapot(request):
            raise Teapot()

        @router.route("/json", methods=["GET"])
        async def json_response(request: HttpRequest) -> HttpResponse:
            return HttpResponse(status_code=200, body={"message": "Hello, World!"}, content_type="application/json")

        @router.route("/plaintext", methods=["GET", "POST"])
        async def text_response(request: HttpRequest) -> HttpResponse:
            return create_text_response(f"{request.method} {request.body}")

        @router.route("/redirect")
        def redirect_response(request: HttpRequest):
            return create_redirect_response(location="/json")

        router.add_route("/lambda", lambda _: create_json_response({"message": "Hello, World!"}))
        router.add_route("/empty", lambda _: create_empty_response())
        router.add_route("/error", lambda _: create_error_response(503, headers={"Retry-After": "9"}))
        router.add_route("/html", lambda _: create_html_response("<p>"))
        router.add_route("/xml", lambda _: create_xml_response("<a/>"))
        router.add_route("/file", lambda _: create_file_response("main.py"))

        @router.route("/search", methods=["GET"])
        def search(request: HttpRequest, query=None, page=1):
            params = request.get_parsed_query_params()
            page = int(params.get("page", page))
            return create_json_response({"query": params.get("query", query), "page": page})

        server = AreionServerBuilder().with_router(router).with_port(0).build()
        server.run()
    """)
    http = program.http
    assert (http.get("/item/1").status_code, http.get("/item/1").text) == (404, "Item not found")
    assert (http.get("/teapot").status_code, http.get("/teapot").text) == (418, "I'm a teapot")
    assert http.get("/json").json() == http.get("/lambda").json() == {"message": "Hello, World!"}
    assert http.post("/plaintext", content="x").text == "POST b'x'"
    assert http.get("/redirect").headers["location"] == "/json"
    assert (http.get("/empty").status_code, "content-length" in http.get("/empty").headers) == (204, False)
    assert http.get("/error").headers["retry-after"] == "9"
    assert http.get("/html").headers["content-type"] == "text/html; charset=utf-8"
    assert http.get("/xml").headers["content-type"] == "application/xml"
    assert "class Teapot" in http.get("/file").text
    assert http.get("/search?query=a&page=2").json() == {"query": "a", "page": 2}
    assert http.get("/search").json() == {"query": None, "page": 1}
    program.end()


def test_notes_with_development_mode(run):
    """A small CRUD application; development mode adds the documentation."""
    program = run("""
        from areion import AreionServerBuilder, DefaultRouter, HttpRequest, HttpResponse, create_json_response

        notes = {}
        router = DefaultRouter()

        @router.route("/notes", methods=["POST"])
        def create_note(request: HttpRequest):
            \"\"\"Create a note.

            Args:
                title (str): The title.
                content (str): The content.
            \"\"\"
            data = request.get_parsed_body()
            if not data or "title" not in data or "content" not in data:
                return HttpResponse(status_code=400, body="required", content_type="text/plain")
            note = {"id": str(len(notes)), **data}
            notes[note["id"]] = note
            return HttpResponse(status_code=201, body=note, content_type="application/json")

        @router.route("/notes/:note_id", methods=["GET"])
        def get_note(request: HttpRequest, note_id: str):
            note = notes.get(note_id)
            if note is None:
                return HttpResponse(status_code=404, body="Note not found.", content_type="text/plain")
            return create_json_response(note)

        @router.route("/notes/:note_id", methods=["DELETE"])
        def delete_note(request: HttpRequest, note_id):
            notes.pop(note_id)
            return HttpResponse(status_code=204)

        server = (AreionServerBuilder().with_router(router).with_development_mode(True).with_host("localhost")
                  .with_port(0).build())
        if __name__ == "__main__":
            server.run()
    """)
    http = program.http
    assert http.post("/notes").status_code == 400
    note = {"title": "t", "content": "c"}
    assert http.post("/notes", json=note).json() == {"id": "0", **note}
    assert http.post("/notes", data=note).status_code == 201
    assert http.get("/notes/0").json()["title"] == "t"
    assert http.delete("/notes/0").status_code == 204
    assert http.get("/notes/0").text == "Note not found."
    assert http.get("/docs").headers["content-type"].startswith("text/html")
    assert set(http.get("/openapi").json()["paths"]) == {"/notes", "/notes/{note_id}"}
    program.end()


def test_a_strangers_components(run):
    """Classes written against the predecessor's bases: one-argument methods, nothing else."""
    program = run("""
        from concurrent.futures import Future
        from areion import AreionServerBuilder
        from areion.base import BaseEngine, BaseLogger, BaseMiddleware, BaseOrchestrator, BaseRouter
        from areion.core import HttpResponse, NotFoundError

        class MyLogger(BaseLogger):
            def info(self, message): print("info", message, flush=True)
            def debug(self, message): pass
            def error(self, message): print("error", message, flush=True)
            def warning(self, message): pass
            def critical(self, message): pass

        class MyEngine(BaseEngine):
            def render(self, template_name, context):
                return template_name.format(**context)

        class MyOrchestrator(BaseOrchestrator):
            def start(self): print("start", flush=True)
            def submit_task(self, func, *args):
                future = Future()
                future.set_result(func(*args))
                return future
            def schedule_cron_task(self, func, cron_expression, *args): pass
            def shutdown(self): print("shutdown", flush=True)

        class Tag(BaseMiddleware):
            def handle(self, request):
                request.add_metadata("tag", "tagged")
                return request

        class MyRouter(BaseRouter):
            def __init__(self): self.table = {}
            def add_route(self, path, handler, methods=["GET"], middlewares=None, **options):
                for middleware in middlewares or []:
                    handler = middleware(handler)
                for method in methods:
                    self.table[method, path] = handler
            def get_handler(self, method, path):
                if (method, path) not in self.table:
                    raise NotFoundError()
                return self.table[method, path], {}, False

        router = MyRouter()
        def page(request):
            total = request.submit_task(sum, [1, 2]).result()
            request.log("seen")
            return request.render_template("<b>{x}</b>", {"x": f"{request.get_metadata('tag')} {total}"})
        router.add_route("/", page, middlewares=[Tag()])
        router.add_route("/fail", lambda request: 1 / 0)
        server = (AreionServerBuilder().with_router(router).with_logger(MyLogger()).with_engine(MyEngine())
                  .with_orchestrator(MyOrchestrator()).with_port(0).build())
        server.run()
    """)
    assert program.http.get("/").text == "<b>tagged 3</b>"
    assert program.http.get("/none").status_code == 404
    assert program.http.get("/fail").status_code == 500
    program.http.close()
    out, _ = program.process.communicate(timeout=20)
    assert out.startswith("start\n")
    assert "info seen" in out
    assert "ZeroDivisionError" in out
    assert out.rstrip().splitlines()[-2:] == ["shutdown", "info stopped"]
