"""The documentation pages of a real server in a real browser, with every other host out of reach."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from areion import AreionServer, AreionServerBuilder, DefaultRouter, HttpRequest, NotFoundError
from areion_http import UploadedFile


@dataclass
class Note:
    """A note."""

    title: str
    tags: list[str] = field(default_factory=list)


def make_router() -> DefaultRouter:
    router = DefaultRouter()

    @router.get("/notes/:id<int>", tags=["notes"])
    def get_note(request: HttpRequest, id: int, verbose: bool = False) -> Note:
        """Read a note.

        More **about** it, with `code` and a [link](/docs).

        Args:
            id: Which one.
            verbose: Whether to say more.

        Raises:
            NotFoundError: There is none.
        """
        if id > 99:
            raise NotFoundError
        return Note(f"note {id}", [str(request.get_query_param("verbose"))])

    @router.post("/notes", tags=["notes"])
    async def create_note(request: HttpRequest, note: Note = None) -> Note:
        """Create a note."""
        return Note(**await request.json())

    return router


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[AreionServerBuilder], str]]:
    """Start servers in development mode, and stop them."""
    running: list[tuple[AreionServer, threading.Thread]] = []

    def start(builder: AreionServerBuilder) -> str:
        server = builder.with_host("127.0.0.1").with_port(0).with_development_mode().build()
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        assert server.wait_listening(30)
        assert server.url is not None
        return server.url

    yield start
    for server, thread in running:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def base(serve) -> str:
    builder = AreionServerBuilder().with_router(make_router())
    return serve(builder.with_info("Notes & <more>", "1.2", "Keeps *notes*."))


def check_quiet(page, base):
    """The page asked no other host for anything, broke no rule of its policy, and logged no error."""
    foreign = [url for url in page.requests if not url.startswith((f"{base}/", "data:"))]
    assert foreign == []
    assert page.violations() == []
    assert page.complaints == []


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_swagger_ui_lists_the_routes(page, base, path, tmp_path):
    """Swagger UI shows every route, alone out of the package, with or without a last slash."""
    page.open(base + path)
    page.wait("document.querySelectorAll('.opblock').length === 2")
    text = page.text()
    page.screenshot(tmp_path / "docs.png")
    assert "Notes & <more>" in text
    assert "Read a note." in text
    assert "Create a note." in text
    assert page.run("getComputedStyle(document.querySelector('.opblock')).borderStyle") == "solid"
    check_quiet(page, base)


def test_swagger_ui_calls_a_route(page, base, tmp_path):
    """ "Try it out" sends the request and shows the answer."""
    page.open(f"{base}/docs#/notes/get_note")
    page.click(".opblock-get .try-out__btn")
    page.type_into(".opblock-get tr[data-param-name=id] input", "42")
    page.click(".opblock-get .execute")
    page.wait("document.querySelector('.opblock-get .live-responses-table .response-col_status') !== null")
    text = page.text()
    page.screenshot(tmp_path / "docs-executed.png")
    assert '"note 42"' in text.replace("\xa0", " ")
    assert any(url.startswith(f"{base}/notes/42") for url in page.requests)
    check_quiet(page, base)


def test_light_page_lists_and_calls_routes(page, base, tmp_path):
    """The light page shows the same routes, calls them, and filters them."""
    page.open(f"{base}/docs/light")
    page.wait("document.querySelectorAll('details.operation').length === 2")
    assert "Version 1.2" in page.text()
    page.click("#get_note > summary")
    page.type_into("#get_note input[name=id]", "7")
    page.click("#get_note button")
    assert '"note 7"' in page.wait("document.querySelector('#get_note .result .body')?.textContent")
    page.click("#create_note > summary")
    assert json.loads(page.wait("document.querySelector('#create_note textarea')?.value")) == {
        "title": "text",
        "tags": ["text"],
    }
    page.click("#create_note button")
    sent = page.wait("document.querySelector('#create_note .result .body')?.textContent")
    assert json.loads(sent) == {"title": "text", "tags": ["text"]}
    page.screenshot(tmp_path / "light.png")
    page.type_into("#filter", "post")
    assert page.run("[...document.querySelectorAll('details.operation')].map((one) => one.hidden)") == [
        True,
        False,
    ]
    check_quiet(page, base)


def test_light_page_opens_the_operation_in_its_address(page, base):
    """A link to an operation opens it."""
    page.open(f"{base}/docs/light#create_note")
    page.wait("document.querySelector('#create_note')?.open")
    check_quiet(page, base)


@pytest.mark.parametrize("path", ["/docs", "/docs/light#hack"])
def test_markup_in_the_document_does_not_run(page, serve, path):
    """What a docstring, a title or a path says is text, also when it looks like a script."""

    def hack(request):
        """<script>hacked = 1</script><svg onload="hacked = 1"></svg><img src=x onerror="hacked = 1">

        <script>hacked = 1</script><svg onload="hacked = 1"></svg><img src=x onerror="hacked = 1">
        [link](javascript:hacked=1)
        """

    router = DefaultRouter()
    router.add_route("/%3Cscript%3Ehacked=1", hack, tags=["</script><script>hacked=1</script>"])
    title = "</title><script>hacked = 1</script>"
    page.open(serve(AreionServerBuilder().with_router(router).with_info(title)) + path)
    if path == "/docs":
        page.click(".opblock-summary-control")
    page.wait("document.querySelector('.opblock-description, #hack .text') !== null")
    page.run(
        "document.querySelectorAll('a').forEach((one) => one.href.startsWith('javascript') && one.click())"
    )
    assert page.run("typeof hacked") == "undefined"
    assert page.run("document.title") == title


def test_swagger_ui_is_dark_where_the_system_is(page, base):
    """Swagger UI follows the system's colours, also when they change."""
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    page.open(f"{base}/docs")
    page.wait("document.querySelectorAll('.opblock').length === 2")
    assert page.run("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
    page.wait("getComputedStyle(document.documentElement).colorScheme !== 'dark'")
    check_quiet(page, base)


def form_router() -> DefaultRouter:
    """A form with a long summary, under two tags."""
    router = DefaultRouter()

    @router.post("/sign", tags=["in", "out"], summary="x" * 300)
    async def sign(request: HttpRequest, who: str = "", papers: list[UploadedFile] = ()) -> list[str]:
        form = await request.form()
        return [form["who"], *(each.filename for each in form.getall("papers"))]

    return router


@pytest.mark.parametrize("hash_", ["", "#%", "#sign"])
def test_light_page_on_a_telephone(page, serve, hash_):
    """Nothing is wider than the screen, whatever the address ends with; an operation is under each of its tags."""
    url = serve(AreionServerBuilder().with_router(form_router()))
    page.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=1, mobile=True)
    page.open(f"{url}/docs/light{hash_}")
    page.wait("document.querySelectorAll('details.operation').length === 2")
    page.run("document.querySelectorAll('details.operation').forEach((one) => { one.open = true; })")
    page.wait("document.querySelector('input[name=papers]') !== null")
    assert page.run("document.documentElement.scrollWidth") == 390
    assert page.run("[...document.querySelectorAll('h2')].map((one) => one.innerText)") == ["in", "out"]


def test_light_page_sends_a_form(page, serve, tmp_path):
    """A form is sent with its fields and all files that were chosen."""
    page.open(f"{serve(AreionServerBuilder().with_router(form_router()))}/docs/light#sign")
    page.type_into("#sign input[name=who]", "me & you")
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for file in files:
        file.write_text("x")
    field = page.call("Runtime.evaluate", expression="document.querySelector('#sign input[name=papers]')")
    page.call("DOM.setFileInputFiles", files=list(map(str, files)), objectId=field["result"]["objectId"])
    page.click("#sign button")
    answer = page.wait("document.querySelector('#sign .result .body')?.textContent")
    assert json.loads(answer) == ["me & you", "a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("media_type", "schema", "sent"),
    [
        (
            "application/x-www-form-urlencoded",
            {"type": "object", "properties": {"a": {"type": "string"}}},
            "a=",
        ),
        ("text/csv", {"type": "string", "examples": ["a,b"]}, "a,b"),
    ],
)
def test_light_page_sends_bodies_that_are_no_json(page, serve, media_type, schema, sent):
    """A simple form, and text of any type, are sent as what they are."""
    router = DefaultRouter()

    @router.post("/", request_body={"content": {media_type: {"schema": schema}}})
    async def echo(request: HttpRequest) -> str:
        return f"{request.content_type} {await request.text()}"

    page.open(f"{serve(AreionServerBuilder().with_router(router))}/docs/light#echo")
    page.click("#echo button")
    assert page.wait("document.querySelector('#echo .result .body')?.textContent") == f"{media_type} {sent}"
