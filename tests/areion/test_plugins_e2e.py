"""Components by strangers, installed as distributions of their own, in a whole server."""

import subprocess
import sys
import textwrap

import pytest

PLUGIN = """
from areion_engine import BaseEngine
from areion_http import HttpServer
from areion_logger import BaseLogger
from areion_orchestrator import BaseOrchestrator
from areion_router import BaseRouter, NotFoundError

class FlatRouter(BaseRouter):
    def __init__(self):
        self.table = {}
    def add_route(self, path, handler, methods=("GET",), middlewares=None, **options):
        self.table[path] = handler
    def get_handler(self, method, path):
        if path not in self.table:
            raise NotFoundError(path)
        return self.table[path], {}, False

class LineLogger(BaseLogger):
    def debug(self, message): pass
    def info(self, message): print("LOG", message)
    warning = error = critical = info

class Shout(BaseEngine):
    def render(self, template_name, context):
        return template_name.upper()

class Inline(BaseOrchestrator):
    def start(self): print("STARTED")
    def submit_task(self, func, /, *args, **kwargs): return func(*args, **kwargs)
    def schedule_cron_task(self, func, /, cron, *args, **kwargs): pass
    def shutdown(self): print("SHUT DOWN")

class Counting(HttpServer):
    async def start(self):
        print("SPEAKING HTTP")
        await super().start()

class Lame(BaseRouter):
    def add_route(self, path, handler, methods=("GET",), middlewares=None, **options): pass
"""

ENTRY_POINTS = """
[areion.router]
flat = strange_parts:FlatRouter
lame = strange_parts:Lame
gone = strange_parts:NotThere
[areion.logger]
line = strange_parts:LineLogger
[areion.engine]
shout = strange_parts:Shout
[areion.orchestrator]
inline = strange_parts:Inline
[areion.http_server]
counting = strange_parts:Counting
"""


def install(folder, name, entry_points=ENTRY_POINTS):
    """Lay a distribution out as an installer does."""
    (folder / "strange_parts.py").write_text(PLUGIN)
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)


def run(folder, program):
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            f"import sys; sys.path.insert(0, '.')\n{textwrap.dedent(program)}",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def folder(tmp_path):
    install(tmp_path, "strange-parts")
    return tmp_path


def test_all_five_by_name(folder):
    """Router, logger, engine, orchestrator and HTTP server of another distribution serve a request."""
    done = run(
        folder,
        """
        import threading, urllib.request
        from areion import AreionServerBuilder
        server = (AreionServerBuilder().with_router("flat").with_logger("line").with_engine("shout")
                  .with_orchestrator("inline").with_http_server("counting").with_port(0).build())
        server.router.add_route("/", lambda request: request.render_template("hello"))
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        with urllib.request.urlopen(server.url, timeout=10) as answer:
            print(answer.read().decode())
        server.stop()
        thread.join(10)
        """,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    listening = next(line for line in lines if line.startswith("LOG listening on"))
    assert [line for line in lines if line != listening] == [
        "STARTED",
        "SPEAKING HTTP",
        "HELLO",
        "SHUT DOWN",
        "LOG stopped",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("flatt", ["no router named 'flatt'", "did you mean 'flat'", "strange-parts 1.0"]),
        ("lame", ["router 'lame' (from strange-parts 1.0)", "lacks get_handler"]),
        ("gone", ["router 'gone' (from strange-parts 1.0)", "could not be imported", "NotThere"]),
    ],
)
def test_names_that_cannot_be_had(folder, name, words):
    """build() says who provides what, and what to do; nothing is replaced in silence."""
    done = run(folder, f"from areion import AreionServerBuilder as B; B().with_router({name!r}).build()")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    for each in words:
        assert each in last


def test_one_name_by_two_distributions(folder):
    """An error that names both, and how to choose; the choice works."""
    install(folder, "other-parts", "[areion.router]\nflat = strange_parts:FlatRouter\n")
    done = run(folder, "from areion import AreionServerBuilder as B; B().with_router('flat').build()")
    last = done.stderr.strip().splitlines()[-1]
    assert "'other-parts/flat' or 'strange-parts/flat'" in last
    done = run(
        folder,
        """
        from areion import AreionServerBuilder
        print(type(AreionServerBuilder().with_router('other-parts/flat').build().router))
        """,
    )
    assert "FlatRouter" in done.stdout
