"""The loop watchdog: who blocks the loop is named, who does not is not."""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from areion import AreionServerBuilder, DefaultRouter, HttpResponse
from areion.testing import AsyncTestClient, BlockedLoopError, TestClient
from areion.watchdog import Blockage, Watchdog


def nap(seconds: float) -> None:
    time.sleep(seconds)


@pytest.fixture
def router() -> DefaultRouter:
    router = DefaultRouter()

    def slow(request, name):
        nap(0.2)
        return name

    async def slow_later(call):
        await asyncio.sleep(0.001)
        nap(0.2)
        return "done"

    def fast(request):
        return "fast"

    def pieces(request):
        def make():
            yield b"one"
            nap(0.2)
            yield b"two"

        return HttpResponse(make())

    def in_c(request):
        # One call that holds the interpreter lock: no thread can look at it while it lasts.
        long = "a" * 22
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            long += "a"
            re.match("(a|aa)+$", long + "b")
        return "done"

    router.add_route("/slow/:name", slow)
    router.add_route("/later", slow_later)
    router.add_route("/fast", fast)
    router.add_route("/pieces", pieces)
    router.add_route("/in-c", in_c)
    return router


def builder(router) -> AreionServerBuilder:
    return AreionServerBuilder().with_router(router)


# -- in tests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "route", "function"),
    [
        ("/slow/x", "/slow/:name", "nap"),
        ("/later", "/later", "nap"),
        ("/pieces", "/pieces", "nap"),
    ],
)
def test_blocking_handler_fails_the_test(router, path, route, function):
    """Plain, asynchronous and streaming handlers are named with request, route and line."""
    with TestClient(router, fail_on_blocking=0.1) as client:
        assert client.get("/fast").text == "fast"
        with pytest.raises(BlockedLoopError) as caught:
            client.get(path)
        assert client.get("/fast").text == "fast"
    blockage = caught.value.blockages[0]
    assert (blockage.method, blockage.path, blockage.route) == ("GET", path, route)
    assert blockage.place.function == function
    assert blockage.place.file == __file__
    assert blockage.seconds >= 0.1
    assert f"GET {path}" in str(caught.value)
    assert f"{__file__}:{blockage.place.line}" in str(caught.value)


def test_a_call_that_holds_the_interpreter_is_named_too(router):
    """No thread can look while it lasts, and the first look after it may come too late: but not every time."""
    for _ in range(30):
        try:
            with TestClient(router, fail_on_blocking=0.1) as client:
                client.get("/in-c")
        except BlockedLoopError as error:
            blockage = error.blockages[0]
            break
    else:
        pytest.fail("never named in 30 requests")
    assert (blockage.method, blockage.route) == ("GET", "/in-c")
    assert blockage.place.function == "router.<locals>.in_c"


def test_stack_shows_how_it_came_there(router):
    """The application's calls are told from the handler to the line that waits; Areion's own are left out."""
    with TestClient(router, fail_on_blocking=0.1) as client, pytest.raises(BlockedLoopError) as caught:
        client.get("/slow/x")
    [blockage] = caught.value.blockages
    assert [place.function for place in blockage.stack] == ["router.<locals>.slow", "nap"]
    assert [place.code for place in blockage.stack] == ["nap(0.2)", "time.sleep(seconds)"]


def test_without_the_option_nobody_watches(router):
    """A test that does not ask for it may block."""
    with TestClient(router) as client:
        assert client.get("/slow/x").text == "x"
        assert client.server.watchdog is None


def test_blocking_outside_of_requests_fails_at_the_end(router):
    """What blocks the loop outside of a request, a hook for example, is told when the client is closed."""
    client = TestClient(builder(router).with_shutdown_hook(lambda: nap(0.2)), fail_on_blocking=0.1)
    client.get("/fast")
    with pytest.raises(BlockedLoopError, match="outside of requests"):
        client.close()


async def test_asynchronous_client_blames_the_application_alone(router):
    """On the loop of the test, code of the test may block; the application may not."""
    async with AsyncTestClient(router, fail_on_blocking=0.1) as client:
        nap(0.2)
        assert (await client.get("/fast")).text == "fast"
        with pytest.raises(BlockedLoopError, match="GET /slow/x"):
            await client.get("/slow/x")


def test_many_short_calls_are_nobody_s_fault(router):
    """A loop that is kept busy by many short handlers, one after the other, blames none of them."""

    async def short(request):
        for _ in range(40):
            nap(0.005)
            await asyncio.sleep(0)
        return "done"

    router.add_route("/short", short)
    with TestClient(router, fail_on_blocking=0.1) as client:
        assert client.get("/short").text == "done"


def test_blocking_routes_are_no_trouble(router):
    """A handler in a worker thread does not block the loop."""
    router.add_route("/thread", lambda request: nap(0.25), blocking=True)
    with TestClient(router, fail_on_blocking=0.1) as client:
        assert client.get("/thread").status_code == 200


@pytest.mark.parametrize("wrong", [0, -1, True, "0.1", float("nan"), float("inf"), 3601])
def test_threshold_is_checked(router, wrong):
    """A threshold that is no number of seconds is refused, by name."""
    with pytest.raises(ValueError, match="fail_on_blocking"):
        TestClient(router, fail_on_blocking=wrong)
    with pytest.raises(ValueError, match="threshold"):
        AreionServerBuilder().with_watchdog(wrong)


# -- in servers -------------------------------------------------------------------------------------------


def test_development_logs_it(router, caplog):
    """In development it is on: the log names request, route, duration and line."""
    app = builder(router).with_development_mode()
    with caplog.at_level(logging.WARNING, "areion.watchdog"), TestClient(app) as client:
        client.get("/slow/x")
        client.get("/fast")
    [message] = [record.getMessage() for record in caplog.records if record.name == "areion.watchdog"]
    assert re.fullmatch(
        r"GET /slow/x \(route /slow/:name\) blocked the event loop for 0\.\d{3} s"
        r" in nap \(.*test_watchdog\.py:\d+\): time\.sleep\(seconds\)",
        message,
    )


def test_production_counts_on_demand(router):
    """With the builder's method it counts in production; what it has seen can be read during and after."""
    server = builder(router).with_watchdog(0.1).build()
    assert server.watchdog is None
    with TestClient(server) as client:
        client.get("/fast")
        assert (server.watchdog.count, server.watchdog.longest, server.watchdog.recent) == (0, None, ())
        for name in ("a", "b"):
            client.get(f"/slow/{name}")
    watchdog = server.watchdog
    assert watchdog.count == 2
    assert [blockage.path for blockage in watchdog.recent] == ["/slow/a", "/slow/b"]
    assert watchdog.longest in watchdog.recent
    assert watchdog.total == sum(blockage.seconds for blockage in watchdog.recent)


@pytest.mark.parametrize(
    "configure", [lambda b: b, lambda b: b.with_development_mode().with_watchdog(on=False)]
)
def test_off(router, configure):
    """Production has no watchdog unless told to, development none if told so: no thread, no module."""
    with TestClient(configure(builder(router))) as client:
        client.get("/fast")
        assert client.server.watchdog is None


def test_production_does_not_load_it():
    """A server without a watchdog does not import it."""
    code = "import areion, sys; areion.AreionServerBuilder(); print('areion.watchdog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- by itself --------------------------------------------------------------------------------------------


async def test_watches_any_loop():
    """It needs no server: start it on a loop, ask it, stop it; it can be started again."""
    watchdog = Watchdog(0.05, log=False)
    for round_ in (1, 2):
        watchdog.start()
        with pytest.raises(RuntimeError, match="already"):
            watchdog.start()
        await asyncio.sleep(0.02)
        nap(0.2)
        await watchdog.settle()
        watchdog.stop()
        watchdog.stop()
        assert watchdog.count == round_
    assert watchdog.recent[0].method is None
    await watchdog.settle()


async def test_keeps_the_last_ones():
    """It remembers a bounded number one by one; the count goes on."""
    watchdog = Watchdog(0.005, log=False)
    watchdog.start()
    for _ in range(23):
        await asyncio.sleep(0.004)
        nap(0.02)
    await watchdog.settle()
    watchdog.stop()
    assert watchdog.count >= 21
    assert len(watchdog.recent) == 20


async def test_tells_of_a_block_that_goes_on(monkeypatch, caplog):
    """A block without an end in sight is logged while it lasts."""
    monkeypatch.setattr("areion.watchdog._STILL", 0.1)
    watchdog = Watchdog(0.05)
    watchdog.start()
    await asyncio.sleep(0.02)
    end = time.monotonic() + 30
    while not caplog.messages and time.monotonic() < end:
        nap(0.01)
    assert "and still does" in caplog.messages[0]
    watchdog.stop()


async def test_idle_loop_is_not_blamed():
    """A loop with nothing to do is not blocked."""
    watchdog = Watchdog(0.02, log=False)
    watchdog.start()
    await asyncio.sleep(0.3)
    await watchdog.settle()
    watchdog.stop()
    assert watchdog.count == 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_stopped_process_is_not_blamed():
    """Time in which the process was stopped, or the machine asleep, is nobody's fault."""
    code = """
    import asyncio
    from areion.watchdog import Watchdog

    async def main():
        watchdog = Watchdog(0.1, log=False)
        watchdog.start()
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, input)
        await watchdog.settle()
        watchdog.stop()
        print(watchdog.count)

    asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        for _ in range(3):
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(0.3)
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.05)
        out, _ = process.communicate("go on\n", 30)
    assert out == "0\n"


def test_closed_loop_ends_the_watch():
    """A loop that is closed without stop() is watched no longer; stop() then still returns."""
    watchdog = Watchdog(0.005)

    async def main():
        watchdog.start()

    asyncio.run(main())
    thread = watchdog._thread
    thread.join(10)
    assert not thread.is_alive()
    watchdog.stop()


def test_blockage_without_a_place_is_told():
    """What is not known is left out of the message."""
    from datetime import UTC, datetime

    blockage = Blockage(0.5, datetime.now(UTC), None, None, None, None)
    assert str(blockage) == "code outside of requests blocked the event loop for 0.500 s"
