"""What the test clients add to httpx: the application's life, its exceptions, the client's address."""

import asyncio
import subprocess
import sys
import threading

import httpx
import pytest
from areion import (
    AreionServerBuilder,
    BadRequestError,
    DefaultOrchestrator,
    DefaultRouter,
    HttpResponse,
    ResponseFilter,
)
from areion.testing import AreionTransport, AsyncTestClient, TestClient


@pytest.fixture
def router() -> DefaultRouter:
    router = DefaultRouter()

    def where(request):
        return {
            "client": request.client,
            "scheme": request.scheme,
            "url": request.url,
            "thread": threading.current_thread().name,
        }

    router.add_route("/", where)
    return router


def builder(router) -> AreionServerBuilder:
    return AreionServerBuilder().with_router(router)


# -- what it takes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lambda r: r, builder, lambda r: builder(r).build()])
def test_takes_router_builder_and_server(router, make):
    """A router, a builder and a server are applications."""
    with TestClient(make(router)) as client:
        assert client.get("/").status_code == 200
        assert client.server.running
    assert not client.server.running


@pytest.mark.parametrize("wrong", [None, "app:server", DefaultRouter, object()])
def test_refuses_what_is_no_application(wrong):
    """Anything else is refused when the client is made, and the message shows it."""
    with pytest.raises(TypeError) as caught:
        TestClient(wrong)
    assert repr(wrong) in str(caught.value)


def test_server_is_reused(router):
    """One server can be tested again and again; each client starts and stops it."""
    server = builder(router).with_orchestrator(DefaultOrchestrator()).build()
    for _ in range(3):
        with TestClient(server) as client:
            assert client.get("/").status_code == 200


def test_server_cannot_be_run_twice_at_once(router):
    """A second client for a running server says so."""
    server = builder(router).build()
    with TestClient(server), pytest.raises(RuntimeError, match="running already"):
        TestClient(server).get("/")


# -- life -------------------------------------------------------------------------------------------------


def test_hooks_run_around_the_with_statement(router):
    """Startup hooks run where `with` begins, shutdown hooks where it ends, on the application's loop."""
    events = []

    async def up(server):
        events.append(("up", threading.current_thread().name))

    def down():
        events.append(("down", threading.current_thread().name))

    with TestClient(builder(router).with_startup_hook(up).with_shutdown_hook(down)) as client:
        thread = client.get("/").json()["thread"]
        events.append("request")
    assert events == [("up", thread), "request", ("down", thread)]
    assert thread != threading.current_thread().name


def test_without_with_it_starts_at_the_first_request(router):
    """A client that is not entered starts its application at the first request and stops it at close()."""
    events = []
    app = builder(router).with_startup_hook(lambda: events.append("up"))
    client = TestClient(app.with_shutdown_hook(lambda: events.append("down")))
    assert events == []
    client.get("/")
    client.get("/")
    client.close()
    assert events == ["up", "down"]


def test_failing_startup_is_raised(router):
    """What a startup hook raises is raised in the test, and nothing is left running."""
    before = threading.active_count()

    def up():
        raise LookupError("no database")

    with pytest.raises(LookupError, match="no database"), TestClient(builder(router).with_startup_hook(up)):
        pass
    assert threading.active_count() == before


def test_orchestrator_runs(router):
    """Tasks run as in production: plain functions in a pool, coroutine functions on the application's loop."""

    async def task():
        return threading.current_thread().name

    @router.post("/task")
    async def submit(request):
        return await asyncio.wrap_future(request.submit_task(task))

    with TestClient(builder(router).with_orchestrator(DefaultOrchestrator())) as client:
        assert client.post("/task").text == client.get("/").json()["thread"]


def test_stop_waits_for_running_requests(router):
    """The end of `with` lets what still runs come to its end, before the shutdown hooks."""
    entered = threading.Event()
    events = []

    async def slow(request):
        entered.set()
        await asyncio.sleep(0.05)
        events.append("done")

    router.add_route("/slow", slow)

    def ask():
        with pytest.raises(httpx.TransportError):
            client.get("/slow")

    with TestClient(builder(router).with_shutdown_hook(lambda: events.append("down"))) as client:
        thread = threading.Thread(target=ask)
        thread.start()
        assert entered.wait(10)
    thread.join(10)
    assert events == ["done", "down"]


def test_unclosed_client_is_reported(router):
    """A client that is dropped without being closed gives a ResourceWarning and leaves no thread."""
    client = TestClient(router)
    client.get("/")
    [thread] = [one for one in threading.enumerate() if one.name == "areion-test-client"]
    gone = [client]
    del client
    with pytest.warns(ResourceWarning, match="unclosed"):
        gone.clear()
    thread.join(10)
    assert not thread.is_alive()


def test_handler_that_exits_ends_the_loop_and_says_so(router):
    """A SystemExit in a handler ends the loop, as in production; the test gets an error, and does not hang."""

    async def leave(request):
        await asyncio.sleep(0)
        raise SystemExit(3)

    router.add_route("/leave", leave)
    client = TestClient(builder(router).with_timeouts(shutdown_timeout=0.05))
    with pytest.raises(RuntimeError, match="loop has ended") as caught:
        client.get("/leave")
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(RuntimeError, match="loop has ended"):
        client.close()


# -- exceptions -------------------------------------------------------------------------------------------


class Oops(Exception):
    """Known to nobody."""


def oops(request):
    raise Oops("here")


async def oops_later(request):
    await asyncio.sleep(0)
    raise Oops("here")


async def oops_streamed(request):
    async def pieces():
        yield b"x"
        await asyncio.sleep(0)
        raise Oops("here")

    return HttpResponse(pieces())


HANDLERS = [oops, oops_later, oops_streamed]


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("filters", [False, True])
def test_exceptions_are_raised(router, handler, filters):
    """What a handler raises is raised in the test, with its traceback; the client can go on."""
    router.add_route("/oops", handler)
    app = builder(router).with_filter(ResponseFilter()) if filters else router
    with TestClient(app) as client:
        with pytest.raises(Oops) as caught:
            client.get("/oops")
        assert {handler.__name__, "pieces"} & {entry.name for entry in caught.traceback}
        assert client.get("/").status_code == 200


@pytest.mark.parametrize("handler", [oops, oops_later])
def test_exceptions_as_responses(router, handler):
    """On demand they are the 500 that a client would get."""
    router.add_route("/oops", handler)
    with TestClient(router, raise_server_exceptions=False) as client:
        response = client.get("/oops")
        assert (response.status_code, response.text) == (500, "Internal Server Error")


def test_unsendable_result_is_raised(router):
    """What a handler returns and nobody can send is a TypeError in the test."""
    router.add_route("/object", lambda request: object())
    with TestClient(router) as client, pytest.raises(TypeError, match="object"):
        client.get("/object")


def test_handled_exceptions_are_not_raised(router):
    """An HttpError is a response, and so is what an error handler of the server or of a group turns into one."""

    def refuse(request):
        raise BadRequestError("no")

    def wrong(request):
        raise KeyError("k")

    router.add_route("/bad", refuse)
    router.add_route("/wrong", wrong)
    app = builder(router).with_error_handler(LookupError, lambda request, error: HttpResponse("handled", 409))
    with TestClient(app) as client:
        assert client.get("/bad").status_code == 400
        assert (client.get("/wrong").status_code, client.get("/wrong").text) == (409, "handled")


def test_failing_error_handler_is_raised(router):
    """An error handler that fails itself is what the test sees."""

    def handle(request, error):
        raise Oops("again") from error

    router.add_route("/oops", lambda request: 1 / 0)
    app = builder(router).with_error_handler(ArithmeticError, handle)
    with TestClient(app) as client, pytest.raises(Oops, match="again"):
        client.get("/oops")


# -- addresses --------------------------------------------------------------------------------------------


def test_client_address_scheme_and_host(router):
    """The client's address, https and the base URL are what the handler sees."""
    with TestClient(router, client=("203.0.113.9", 1234), https=True) as client:
        seen = client.get("/").json()
        assert seen["client"] == ["203.0.113.9", 1234]
        assert seen["scheme"] == "https"
        assert seen["url"] == "https://testserver/"
        assert client.get("http://other.example/").json()["url"] == "http://other.example/"
    with TestClient(router, client=None, base_url="http://api.example:81/") as client:
        seen = client.get("/").json()
        assert seen["client"] is None
        assert seen["url"] == "http://api.example:81/"


def test_secure_cookies_go_over_https_alone(router):
    """A cookie for HTTPS comes back over the https scheme."""

    def login(request):
        response = HttpResponse()
        response.set_cookie("s", "1", secure=True)
        return response

    router.add_route("/login", login)
    router.add_route("/cookies", lambda request: dict(request.cookies))
    for https in (True, False):
        with TestClient(router, https=https) as client:
            client.get("/login")
            assert client.get("/cookies").json() == ({"s": "1"} if https else {})


# -- httpx ------------------------------------------------------------------------------------------------


def test_transport_for_an_ordinary_client(router):
    """The transport alone makes any httpx client one of the application."""
    with httpx.Client(transport=AreionTransport(router), base_url="http://x") as client:
        assert client.get("/").status_code == 200


def test_timeouts_are_httpx_s(router):
    """A response that does not come is httpx's ReadTimeout."""

    async def never(request):
        await asyncio.sleep(60)

    router.add_route("/never", never)
    app = builder(router).with_timeouts(shutdown_timeout=0.05)
    with TestClient(app) as client, pytest.raises(httpx.ReadTimeout):
        client.get("/never", timeout=0.05)


def test_pytest_does_not_collect_the_clients():
    """pytest takes neither class for tests, whatever its name begins with."""
    assert TestClient.__test__ is AsyncTestClient.__test__ is False


def test_missing_httpx_is_explained():
    """Without httpx the import says what to install; Areion itself goes without."""
    code = "import sys; sys.modules['httpx'] = None; import areion\nimport areion.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'areion[testing]'" in done.stderr.splitlines()[-1]


# -- on the test's loop -----------------------------------------------------------------------------------


async def test_async_client(router):
    """The asynchronous client runs the application on the loop of the test."""
    events = []
    app = builder(router).with_startup_hook(lambda: events.append(asyncio.get_running_loop()))
    async with AsyncTestClient(app.with_shutdown_hook(lambda: events.append("down"))) as client:
        assert (await client.get("/")).json()["thread"] == threading.current_thread().name
        assert events == [asyncio.get_running_loop()]
    assert events[1:] == ["down"]


@pytest.mark.parametrize("handler", HANDLERS)
async def test_async_exceptions_are_raised(router, handler):
    """Exceptions are raised there too, or are responses on demand."""
    router.add_route("/oops", handler)
    async with AsyncTestClient(router) as client:
        with pytest.raises(Oops):
            await client.get("/oops")
        assert (await client.get("/")).status_code == 200


async def test_async_streams_both_ways(router):
    """Bodies are streamed in both directions, piece by piece."""

    @router.post("/echo", stream=True)
    async def echo(request):
        return HttpResponse([piece async for piece in request.stream()].__iter__())

    async def pieces():
        for number in range(10):
            yield bytes([number]) * 100_000
            await asyncio.sleep(0)

    client = AsyncTestClient(router)
    async with client, client.stream("POST", "/echo", content=pieces()) as response:
        got = b"".join([piece async for piece in response.aiter_raw()])
    assert got == b"".join([bytes([number]) * 100_000 for number in range(10)])


async def test_async_requests_at_the_same_time(router):
    """Requests of several tasks are served at the same time."""
    barrier = asyncio.Barrier(5)
    router.add_route("/meet", lambda request: barrier.wait())
    async with AsyncTestClient(router) as client, asyncio.timeout(10):
        responses = await asyncio.gather(*(client.get("/meet") for _ in range(5)))
    assert sorted(response.json() for response in responses) == [0, 1, 2, 3, 4]


async def test_handlers_do_not_see_the_context_of_the_test(router):
    """A context variable of the test is not set in handlers: over a socket it would not be, either."""
    from contextvars import ContextVar

    variable = ContextVar("variable", default="unset")
    router.add_route("/var", lambda request: variable.get())
    async with AsyncTestClient(router) as client:
        variable.set("set by the test")
        assert (await client.get("/var")).text == "unset"


async def test_async_without_with(router):
    """It starts at the first request, one time, and stops at aclose()."""
    events = []
    client = AsyncTestClient(builder(router).with_startup_hook(lambda: events.append("up")))
    await asyncio.gather(client.get("/"), client.get("/"))
    await client.aclose()
    assert events == ["up"]
    assert not client.server.running


async def test_async_timeout(router):
    """A response that does not come is httpx's ReadTimeout."""
    router.add_route("/never", lambda request: asyncio.sleep(60))
    async with AsyncTestClient(builder(router).with_timeouts(shutdown_timeout=0.05)) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/never", timeout=0.05)


def test_handler_that_uses_its_own_client(router):
    """A handler that asks its own application through the test's client is told, for it would wait for ever."""
    client = TestClient(router)
    router.add_route("/inner", lambda request: client.get("/").json()["scheme"])
    router.add_route("/thread", lambda request: client.get("/").json()["scheme"], blocking=True)
    with client:
        with pytest.raises(RuntimeError, match="the test client of its own application"):
            client.get("/inner")
        assert client.get("/thread").text == "http"


async def test_async_start_is_cancelled(router):
    """A test that gives up while the application starts leaves nothing running behind."""
    before = asyncio.all_tasks()
    client = AsyncTestClient(builder(router).with_startup_hook(lambda: asyncio.sleep(60)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), client:
            pass
    assert asyncio.all_tasks() == before
    await client.aclose()
