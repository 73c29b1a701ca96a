"""The commands that look at an application without serving it."""

import json

import pytest


def test_routes(areion, app):
    """Methods, path, name, handler with its place, middleware."""
    done = areion("routes", "app:builder")
    assert done.status == 0
    assert [line.split() for line in done.out.splitlines()] == [
        ["METHODS", "PATH", "NAME", "HANDLER", "MIDDLEWARE"],
        ["GET", "/", "home", "app.home", "(app.py:14)"],
        ["GET", "/users/:id<int>", "user", "app.show_user", "(app.py:20)", "app.polite"],
    ]
    assert done.err == ""


def test_routes_as_json(areion, app):
    """The same for programs."""
    [_, user] = json.loads(areion("routes", "app:builder", "--json").out)
    assert user == {
        "methods": ["GET"],
        "path": "/users/:id<int>",
        "name": "user",
        "handler": "app.show_user",
        "middleware": ["app.polite"],
        "source": f"{app.folder}/app.py:20",
    }


def test_routes_tell_of_static_files(areion, app):
    """The static folder is no route, and answers all the same."""
    (app.folder / "static").mkdir()
    with (app.folder / "app.py").open("a") as file:
        file.write("builder.with_static_dir('static')\n")
    assert "GET /static/ serves the files in static" in areion("routes", "app:builder").out


def test_no_routes(areion, project):
    """An empty router is no error."""
    project.write("app.py", "from areion import DefaultRouter\nrouter = DefaultRouter()")
    assert areion("routes", "app").out == "There are no routes.\n"


def test_explain_a_match(areion, app):
    """The steps, the route, and the call with its parameters."""
    done = areion("explain", "app:builder", "get", "/users/7")
    assert done.status == 0
    assert "'7' is taken by :id<int>" in done.out
    assert done.out.endswith("calls app.polite > app.show_user(request, id=7)\n")


@pytest.mark.parametrize(
    ("method", "path", "verdict"),
    [
        ("GET", "/users/seven", "not found: no route matches the path, whatever the method"),
        ("POST", "/", "method not allowed: the path answers GET, HEAD, OPTIONS"),
    ],
)
def test_explain_without_a_match(areion, app, method, path, verdict):
    """Exit status 1 and the reason."""
    done = areion("explain", "app:builder", method, path)
    assert done.status == 1
    assert done.out.endswith(f"{verdict}\n")


def test_router_that_tells_nothing(areion, project):
    """A router with no more than the contract is said to be unable to tell; nothing is made up."""
    project.write(
        "app.py",
        """
        class Bare:
            def get_handler(self, method, path): ...
            def add_route(self, path, handler, methods=("GET",), middlewares=None, **options): ...
            def get_allowed_methods(self, path): ...
            def group(self, base_path, middlewares=None, **options): ...
            def include_router(self, router, prefix=""): ...
            def add_global_middleware(self, middleware): ...
            def route(self, path, methods=("GET",), middlewares=None, **options): ...

        router = Bare()
        """,
    )
    assert areion("explain", "app:router", "GET", "/") == (
        2,
        "",
        "areion: the router, a Bare, cannot explain its look-ups\n",
    )
    assert areion("routes", "app:router").err == "areion: the router, a Bare, cannot list its routes\n"


def test_cron(areion, app):
    """Each job with its schedule, its time zone and its next runs in that zone."""
    done = areion("cron", "app:builder")
    head, *runs = done.out.splitlines()
    assert head == "nightly  30 2 * * *  Europe/Berlin"
    assert len(runs) == 5
    assert all(" 02:30:00 +" in run or " 03:00:00 +" in run for run in runs)
    assert len(json.loads(areion("cron", "app:builder", "--json", "-n", "2").out)[0]["next"]) == 2


def test_components(areion):
    """Every group with what is installed and which is the default."""
    done = areion("components")
    for name in ("http_server", "router", "orchestrator", "logger", "engine"):
        [line] = [line for line in done.out.splitlines() if line.startswith(name)]
        assert line.endswith("default")
    listed = json.loads(areion("components", "--json").out)
    assert listed["areion.router"][0]["value"] == "areion_router:Router"


def test_openapi(areion, app):
    """The document goes to standard output or to a file, and is the same."""
    printed = areion("openapi", "app:builder").out
    done = areion("openapi", "app:builder", "-o", "openapi.json")
    assert done.err == "areion: wrote 2 operations to openapi.json\n"
    assert (app.folder / "openapi.json").read_text() == printed
    document = json.loads(printed)
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {"/", "/users/{id}"}


def test_openapi_to_where_nothing_can_be_written(areion, app):
    """A file that cannot be written is one line."""
    done = areion("openapi", "app:builder", "-o", "no/such/folder.json")
    assert (done.status, done.err) == (
        2,
        "areion: no/such/folder.json cannot be written: No such file or directory\n",
    )
