"""Development mode puts the documentation beside an application's routes; production mode does not."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from areion import AreionServerBuilder, DefaultRouter
from areion.dev import describe
from openapi_spec_validator import validate


@pytest.fixture
def serve():
    running = []

    def start(builder):
        server = builder.with_host("127.0.0.1").with_port(0).build()
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        assert server.wait_listening(30)
        return server.url

    yield start
    for server, thread in running:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


def fetch(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def notes(**options):
    router = DefaultRouter(**options)

    @router.get("/notes/:id<int>")
    def get_note(request, id: int) -> dict[str, int]:
        """Read a note."""
        return {"id": id}

    return AreionServerBuilder().with_router(router)


def test_documentation_is_served_in_development(serve):
    """`/docs`, `/openapi` and `/openapi.json` answer; the document shows the application's routes alone."""
    url = serve(notes().with_development_mode(True).with_info("Notes", "2.0", "All of them."))
    status, body = fetch(f"{url}/openapi.json")
    found = json.loads(body)
    validate(found)
    assert status == 200
    assert found["info"] == {"title": "Notes", "version": "2.0", "description": "All of them."}
    assert list(found["paths"]) == ["/notes/{id}"]
    assert fetch(f"{url}/openapi") == (200, body)
    assert fetch(f"{url}/docs")[0] == fetch(f"{url}/docs/light")[0] == 200
    assert fetch(f"{url}/docs/assets/swagger-ui/swagger-ui-bundle.js")[0] == 200
    assert fetch(f"{url}/docs/assets/swagger-ui/VENDORED.json")[0] == 404
    assert fetch(f"{url}/notes/5") == (200, b'{"id":5}')


def test_with_development_mode_alone_means_on(serve):
    """`with_development_mode()` without an argument turned it off in the predecessor."""
    assert fetch(serve(notes().with_development_mode()) + "/docs")[0] == 200


def test_nothing_is_served_in_production(serve):
    """Without development mode, or with it turned off, there is no documentation."""
    for builder in (notes(), notes().with_development_mode(False)):
        url = serve(builder)
        assert [fetch(url + path)[0] for path in ("/docs", "/docs/light", "/openapi", "/openapi.json")] == [
            404
        ] * 4


def test_prefix_of_the_router_is_shown(serve):
    """With a prefix the routes are shown in full, and the documentation stays where it is."""
    url = serve(notes(prefix="/api").with_development_mode())
    assert list(json.loads(fetch(f"{url}/openapi")[1])["paths"]) == ["/api/notes/{id}"]


def test_routes_of_the_application_go_first(serve, caplog):
    """An application's own `/docs` is not hidden; its catch-all does not hide the documentation."""
    router = DefaultRouter()
    router.add_route("/docs", lambda request: "mine", name="mine")
    router.add_route("/*rest", lambda request, rest: rest, name="rest")
    url = serve(AreionServerBuilder().with_router(router).with_development_mode())
    assert fetch(f"{url}/docs") == (200, b"mine")
    assert fetch(f"{url}/docs/light")[0] == 200
    assert fetch(f"{url}/docs/other") == (200, b"docs/other")


def test_unchanged_page_is_not_sent_again(serve):
    """A browser that has a file gets 304."""
    url = serve(notes().with_development_mode())
    with urllib.request.urlopen(f"{url}/docs/assets/docs.css", timeout=30) as response:
        etag = response.headers["ETag"]
    assert fetch(f"{url}/docs/assets/docs.css", **{"If-None-Match": etag}) == (304, b"")


def test_document_of_a_built_server():
    """The document can be had without starting a server."""
    found = describe(notes().with_info("T").build())
    validate(found)
    assert found["info"] == {"title": "T", "version": "1.0.0"}


def test_production_never_loads_it():
    """Importing areion, and building and describing nothing, loads no part of development mode."""
    program = (
        "import sys, areion\n"
        "areion.AreionServerBuilder().with_router(areion.DefaultRouter()).build()\n"
        "sys.exit(any(name.startswith('areion.dev') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
