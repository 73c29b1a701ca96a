"""The error page: what developers see, and users never."""

import asyncio
import subprocess
import sys
import threading

import pytest
from areion import AreionServerBuilder, DefaultRouter, ForbiddenError, HttpResponse, ResponseFilter
from areion.dev.error_page import wants_html
from areion.testing import TestClient

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class CardDeclinedError(Exception):
    """The application's own."""


def authenticate(handler):
    def check(request, **params):
        return handler(request, **params)

    return check


def charge(card_token, amount):
    raise CardDeclinedError(f"declined {amount} <script>alert(1)</script> with {card_token}")


@pytest.fixture
def router() -> DefaultRouter:
    router = DefaultRouter(prefix="/api")
    shop = router.group("/shop", middlewares=[authenticate])

    @shop.post("/:item/pay", name="pay")
    async def pay(request, item):
        await asyncio.sleep(0)
        try:
            charge("tok_4242424242", len(request.body))
        except CardDeclinedError as error:
            raise RuntimeError("no payment") from error

    @router.get("/forbidden")
    def forbidden(request):
        raise ForbiddenError("not you")

    @router.get("/undecodable")
    def undecodable(request):
        raise OSError("no file caf\udce9")

    @router.get("/plain")
    def plain(request):
        return 1 / 0

    return router


@pytest.fixture
def client(router):
    app = AreionServerBuilder().with_router(router).with_development_mode().with_filter(ResponseFilter())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_browser_gets_a_page(client):
    """A browser gets HTML: exceptions, source, locals, request, route, and the way through the application."""
    response = client.post("/api/shop/tea/pay?currency=EUR", json={"cents": 5}, headers=BROWSER)
    assert response.status_code == 500
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = response.text
    for shown in (
        "RuntimeError",
        "no payment",
        f"{__name__}.CardDeclinedError",
        "was the direct cause of it",
        "charge(&#34;••••••&#34;, len(request.body))",
        "/api/shop/:item/pay",
        f"{__name__}.authenticate",
        f"{__name__}.router.&lt;locals&gt;.pay",
        "areion.filters.base.ResponseFilter",
        "currency",
        "EUR",
        "cents",
        "testserver",
        "Areion 2.",
    ):
        assert shown in page, shown


def test_everything_is_escaped(client):
    """Nothing that comes from a request, a message or a value is markup."""
    evil = "<img src=x onerror=alert(1)>"
    response = client.post(
        f"/api/shop/{evil}/pay", params={evil: evil}, json={evil: evil}, headers=BROWSER | {"X-Evil": evil}
    )
    assert "<img" not in response.text
    assert "<script" not in response.text
    assert response.text.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_secrets_are_not_shown(client):
    """Tokens, cookies, passwords and keys of request and locals are nowhere on the page, nor in the JSON."""
    for accept in (BROWSER, {"Accept": "application/json"}):
        response = client.post(
            "/api/shop/tea/pay?api_key=k-123456",
            json={"user": "ada", "password": "hunter2!"},
            headers=accept | {"Authorization": "Bearer abc-def", "Cookie": "sid=c-98765"},
        )
        for secret in ("tok_4242424242", "k-123456", "hunter2!", "abc-def", "c-98765"):
            assert secret not in response.text, secret
        assert "••••••" in response.text
        assert "ada" in response.text


def test_page_runs_no_script_and_loads_nothing(client):
    """The policy permits nothing but the page's own style sheet, and no cache keeps the page."""
    response = client.get("/api/plain", headers=BROWSER)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    for loading in ("<script", "<link", "<img", "url(", " src=", " style="):
        assert loading not in response.text


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.1, application/json"])
def test_api_client_gets_json(client, accept):
    """Anybody else gets the same as JSON, without locals."""
    headers = {"Accept": accept} if accept else {}
    response = client.post("/api/shop/tea/pay", content=b"12", headers=headers)
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    error = found["error"]
    assert (error["type"], error["message"]) == ("RuntimeError", "no payment")
    assert error["caused_by"]["type"] == f"{__name__}.CardDeclinedError"
    assert error["caused_by"]["caused_by"] is None
    frame = error["frames"][0]
    assert frame["file"] == __file__
    assert frame["code"] == 'raise RuntimeError("no payment") from error'
    assert set(frame) == {"file", "line", "function", "code"}
    assert found["request"]["path"] == "/api/shop/tea/pay"
    assert found["request"]["body"] == "2 bytes of unknown type"
    assert found["request"]["route"]["path"] == "/api/shop/:item/pay"
    assert found["request"]["route"]["middlewares"] == [f"{__name__}.authenticate"]
    assert found["request"]["route"]["parameters"] == {"item": "'tea'"}


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/html", True),
        ("TEXT/HTML; q=0.5", True),
        ("text/html;q=0", False),
        ("text/html;q=wrong", False),
        ("application/xhtml+xml", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;level=1;q=0.8, application/json;q=0.7", True),
    ],
)
def test_who_gets_html(accept, html):
    """HTML is for who asks for HTML, and prefers no JSON."""
    assert wants_html(accept) is html


def test_deliberate_errors_are_no_page(client):
    """An HttpError that a handler raises is its response, also in development; so are 404 and 405."""
    assert client.get("/api/forbidden", headers=BROWSER).text == "not you"
    assert client.get("/nowhere", headers=BROWSER).status_code == 404
    assert "Traceback" not in client.get("/nowhere", headers=BROWSER).text
    assert client.delete("/api/plain", headers=BROWSER).status_code == 405


def test_registered_handlers_come_first(router):
    """An error handler of the application answers instead of the page."""
    app = AreionServerBuilder().with_router(router).with_development_mode()
    app.with_error_handler(ZeroDivisionError, lambda request, error: HttpResponse("mine", 418))
    with TestClient(app) as client:
        assert client.get("/api/plain", headers=BROWSER).text == "mine"


def test_error_in_middleware_around_no_route(router):
    """Where no route matches, the page says so."""

    def broken(handler):
        def call(request, **params):
            raise LookupError("in the middleware")

        return call

    router.add_global_middleware(broken)
    app = AreionServerBuilder().with_router(router).with_development_mode()
    with TestClient(app, raise_server_exceptions=False) as client:
        page = client.get("/nowhere", headers=BROWSER).text
    assert "in the middleware" in page
    assert "No route of the application matches" in page


@pytest.mark.parametrize(
    ("content_type", "body", "shown"),
    [
        ("application/x-www-form-urlencoded", b"name=ada&password=hunter2!", "ada"),
        ("application/json", b'{"broken', "8 bytes of application/json"),
        ("application/octet-stream", b"\xff" * 10, "10 bytes of application/octet-stream"),
        ("application/json", b"[" + b"1," * 5000 + b"1]", "10003 bytes of application/json"),
    ],
)
def test_bodies(client, content_type, body, shown):
    """Small forms and JSON are shown with secrets masked; of all others, size and type."""
    found = client.post("/api/shop/x/pay", content=body, headers={"Content-Type": content_type}).json()
    assert shown in found["request"]["body"]
    assert "hunter2!" not in found["request"]["body"]


def test_production_shows_nothing(router):
    """In production the answer is the bare 500."""
    app = AreionServerBuilder().with_router(router)
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/api/plain", headers=BROWSER)
    assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_production_does_not_load_it():
    """A server in production never imports the page."""
    code = """
import sys
from areion import AreionServerBuilder, DefaultRouter
from areion.testing import TestClient
router = DefaultRouter()
router.add_route("/", lambda request: 1 / 0)
with TestClient(AreionServerBuilder().with_router(router), raise_server_exceptions=False) as client:
    client.get("/")
print([name for name in sys.modules if name.startswith("areion.dev")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_page_in_a_browser(router, page):
    """A real browser shows it as meant: own style, no complaint but the 500, frames that open."""
    app = (
        AreionServerBuilder().with_router(router).with_host("127.0.0.1").with_port(0).with_development_mode()
    )
    server = app.build()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.wait_listening(30)
        page.open(f"{server.url}/api/plain?x=<b>1</b>")
        page.wait("document.querySelector('h1')?.textContent === 'ZeroDivisionError'")
        assert page.run("getComputedStyle(document.querySelector('header')).borderBottomWidth") == "4px"
        assert page.run("document.querySelectorAll('details[open]').length") == 1
        page.click("details.library summary")
        page.wait("document.querySelectorAll('details[open]').length === 2")
        assert "return 1 / 0" in page.text()
        assert page.violations() == []
        assert all("status of 500" in complaint for complaint in page.complaints)
        assert {url for url in page.requests if not url.startswith(f"{server.url}/api/plain")} == set()
    finally:
        server.stop()
        thread.join(30)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_text_that_cannot_be_encoded(client, accept):
    """An exception about a file whose name is no UTF-8 is explained like any other."""
    response = client.get("/api/undecodable", headers={"Accept": accept})
    assert response.status_code == 500
    assert "no file caf\\udce9" in (
        response.json()["error"]["message"] if "json" in accept else response.text
    )
    assert "UnsendableError" not in response.text
