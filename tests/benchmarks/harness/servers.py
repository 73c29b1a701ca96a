"""The servers that can be compared, how each is started, and what must be installed for it."""

import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec

PYTHON = sys.executable
UVICORN = (PYTHON, "-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1",
           "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error")  # fmt: skip
GRANIAN = (PYTHON, "-m", "granian", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1",
           "--loop", "uvloop", "--no-access-log", "--log-level", "warning")  # fmt: skip
GUNICORN = (PYTHON, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "1",
            "--worker-class", "gthread", "--threads", "4", "--log-level", "warning")  # fmt: skip


@dataclass(frozen=True)
class Server:
    """One server and application of `apps/`.

    Attributes:
        name: As typed on the command line and printed.
        command: The words that start it in `apps/`; `{port}` and `{scenario}` are filled in.
        needs: The modules, or programs with a leading `$`, without which it is left out.
        without: The scenarios that it does not serve.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()

    def missing(self) -> list[str]:
        """Name what is not installed."""
        return [
            need
            for need in self.needs
            if (shutil.which(need[1:]) is None if need.startswith("$") else find_spec(need) is None)
        ]


BASELINE = "raw"

SERVERS = (
    Server(BASELINE, (PYTHON, "raw_loop.py", "uvloop", "{scenario}"), ("uvloop",)),
    Server("raw-asyncio", (PYTHON, "raw_loop.py", "asyncio", "{scenario}")),
    Server("areion-async", (PYTHON, "areion_app.py", "async"), ("areion", "areion_http", "areion_router")),
    Server("areion-sync", (PYTHON, "areion_app.py", "sync"), ("areion", "areion_http", "areion_router")),
    Server("areion_http-async", (PYTHON, "areion_http_app.py", "async"), ("areion_http", "uvloop")),
    Server(
        "areion_http-sync",
        (PYTHON, "areion_http_app.py", "sync"),
        ("areion_http", "uvloop"),
        frozenset({"post", "upload", "download", "stream"}),
    ),
    Server(
        "socketify",
        (PYTHON, "socketify_app.py"),
        ("socketify", "orjson"),
        frozenset({"post", "upload", "stream"}),
    ),
    Server(
        "granian-rsgi", (*GRANIAN, "--interface", "rsgi", "rsgi_bare:app"), ("granian", "uvloop", "orjson")
    ),
    Server(
        "granian-asgi", (*GRANIAN, "--interface", "asginl", "asgi_bare:app"), ("granian", "uvloop", "orjson")
    ),
    Server("uvicorn", (*UVICORN, "asgi_bare:app"), ("uvicorn", "httptools", "uvloop", "orjson")),
    Server(
        "blacksheep-granian",
        (*GRANIAN, "--interface", "asgi", "blacksheep_app:app"),
        ("blacksheep", "granian", "uvloop"),
    ),
    Server(
        "blacksheep-uvicorn",
        (*UVICORN, "blacksheep_app:app"),
        ("blacksheep", "uvicorn", "httptools", "uvloop"),
    ),
    Server("falcon", (*UVICORN, "falcon_app:app"), ("falcon", "uvicorn", "httptools", "uvloop")),
    Server("aiohttp", (PYTHON, "aiohttp_app.py"), ("aiohttp", "uvloop")),
    Server("sanic", (PYTHON, "sanic_app.py"), ("sanic", "uvloop")),
    Server("starlette", (*UVICORN, "starlette_app:app"), ("starlette", "uvicorn", "httptools", "uvloop")),
    Server("litestar", (*UVICORN, "litestar_app:app"), ("litestar", "uvicorn", "httptools", "uvloop")),
    Server("fastapi", (*UVICORN, "fastapi_app:app"), ("fastapi", "uvicorn", "httptools", "uvloop")),
    Server("robyn", (PYTHON, "robyn_app.py"), ("robyn",)),
    Server("flask-gunicorn", (*GUNICORN, "flask_app:app"), ("flask", "gunicorn")),
    Server("node", ("node", "node_app.js"), ("$node",)),
)
