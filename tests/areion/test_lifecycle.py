"""Start and stop: order, threads, signals, failures, exit status."""

import asyncio
import dataclasses
import functools
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import httpx
import pytest
from areion import (
    AreionServer,
    AreionServerBuilder,
    BaseOrchestrator,
    DefaultOrchestrator,
    DefaultRouter,
    HttpResponse,
)
from areion.testing import TestClient


def builder(router=None):
    return AreionServerBuilder().with_router(router or DefaultRouter()).with_host("127.0.0.1").with_port(0)


class Recording(BaseOrchestrator):
    """An orchestrator with just the abstract methods."""

    def __init__(self, seen, *, fail=()):
        self.seen, self.fail = seen, fail

    def _note(self, what):
        self.seen.append(what)
        if what in self.fail:
            raise RuntimeError(what)

    def start(self):
        self._note("orchestrator start")

    def submit_task(self, func, /, *args, **kwargs):
        raise RuntimeError("not here")

    def schedule_cron_task(self, func, /, cron, *args, **kwargs):
        raise RuntimeError("not here")

    def shutdown(self):
        self._note("orchestrator shutdown")


class TestStop:
    """Whoever says it, and whenever."""

    def test_from_another_thread(self):
        """run() returns; the predecessor's never did."""
        server = builder().build()
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        server.stop()
        thread.join(10)
        assert not thread.is_alive()
        assert server.address is None

    @pytest.mark.parametrize("is_async", [False, True])
    def test_from_a_handler(self, is_async):
        """The response of the request that stops the server is still sent."""
        router = DefaultRouter()

        def stop(request):
            server.stop()
            return "stopping"

        async def stop_async(request):
            server.stop()
            await asyncio.sleep(0.01)
            return "stopping"

        router.add_route("/", stop_async if is_async else stop)
        server = builder(router).build()
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        assert httpx.get(server.url).text == "stopping"
        thread.join(10)
        assert not thread.is_alive()

    def test_twice_and_after_the_end(self):
        """There is nothing to stop then; the next run is not affected."""
        server = builder().build()
        for _ in range(2):
            thread = threading.Thread(target=server.run)
            thread.start()
            assert server.wait_listening(10)
            server.stop()
            server.stop()
            thread.join(10)
            assert not thread.is_alive()
            server.stop()

    def test_before_the_first_run(self):
        """A stop that comes before the loop is there is not lost."""
        server = builder().build()
        server.stop()
        server.run()
        assert not server.running

    def test_during_startup(self):
        """A startup hook may decide not to serve; components are stopped as usual."""
        seen = []
        server = (
            builder()
            .with_startup_hook(lambda server: server.stop())
            .with_shutdown_hook(lambda: seen.append("shutdown"))
            .build()
        )
        server.run()
        assert seen == ["shutdown"]

    def test_in_flight_requests_finish(self):
        """What runs when the server is told to stop gets its answer; new connections are refused."""
        entered = threading.Event()
        router = DefaultRouter()

        @router.get("/")
        async def slow(request):
            entered.set()
            await asyncio.sleep(0.2)
            return "finished"

        server = builder(router).build()
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        url, answers = server.url, []
        client = threading.Thread(target=lambda: answers.append(httpx.get(url).text))
        client.start()
        assert entered.wait(10)
        server.stop()
        client.join(10)
        thread.join(10)
        assert answers == ["finished"]
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


class TestStopDelay:
    """A server may serve on for a while, and tell that it is about to stop."""

    @staticmethod
    def ready(seconds):
        """A server with a readiness route."""
        router = DefaultRouter()

        @router.get("/ready")
        def is_ready(request):
            return HttpResponse("no", 503) if server.stopping else "yes"

        server = builder(router).with_stop_delay(seconds).build()
        return server

    def test_it_serves_meanwhile(self, records):
        """New connections too; the time for the stop begins after the delay."""
        server = self.ready(1)
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        url = f"{server.url}/ready"
        assert not server.stopping
        assert httpx.get(url).text == "yes"
        server.stop()
        server.stop()
        assert server.stopping
        assert server.stop_began is None
        assert httpx.get(url).status_code == 503
        thread.join(10)
        assert not thread.is_alive()
        assert not server.stopping
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
        assert [r.getMessage() for r in records].count("stopping in 1 s, and serving until then") == 1

    async def test_a_cancelled_start_does_not_wait(self):
        """Whoever cancels it wants the end now, also in the middle of a delay."""
        server = self.ready(3600)
        serving = asyncio.create_task(server.start())
        assert await asyncio.to_thread(server.wait_listening, 10)
        server.stop()
        await asyncio.sleep(0)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(serving, 10)

    def test_before_it_serves_there_is_nothing_to_wait_for(self):
        """A stop during the start, or before it, takes effect at once."""
        server = self.ready(3600)
        server.stop()
        server.run()
        hooked = builder().with_stop_delay(3600).with_startup_hook(lambda server: server.stop()).build()
        hooked.run()
        assert not hooked.running

    def test_none_in_development(self):
        """A reload would wait for it each time."""
        server = self.ready(3600)
        server.with_options(development=True)
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        server.stop()
        thread.join(20)
        assert not thread.is_alive()

    def test_none_in_the_test_client(self):
        """Each test would wait for it."""
        server = self.ready(3600)
        with TestClient(server) as client:
            assert client.get("/ready").text == "yes"
        assert not server.running

    def test_a_second_signal_ends_it(self):
        """The delay, not the requests under way."""
        program = PROGRAM.replace(".build()", ".with_stop_delay(3600).build()").replace(
            "def note(", 'router.get("/ready")(lambda request: str(server.stopping))\n\ndef note('
        )
        process = spawn(0, program)
        try:
            assert process.stdout.readline() == "started\n"
            url = process.stdout.readline().strip()
            os.kill(process.pid, signal.SIGTERM)
            while httpx.get(f"{url}/ready", timeout=30).text != "True":
                time.sleep(0.01)
            answers = []
            client = threading.Thread(
                target=lambda: answers.append(httpx.get(f"{url}/slow", timeout=30).text)
            )
            client.start()
            assert process.stdout.readline() == "entered\n"
            os.kill(process.pid, signal.SIGTERM)
            client.join(10)
            out, _ = process.communicate(timeout=10)
        finally:
            process.kill()
            process.communicate()
        assert (process.returncode, answers, out) == (0, ["finished"], "ended\nreturned\n")


class TestStart:
    """Where a server may run."""

    async def test_inside_a_running_loop(self):
        """start() serves until stopped, also on pytest-asyncio's loop, and leaves no signal handler behind."""
        router = DefaultRouter()
        router.add_route("/", lambda request: "hello")
        server = builder(router).build()
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        serving = asyncio.create_task(server.start())
        assert await asyncio.to_thread(server.wait_listening, 10)
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/")).text == "hello"
        server.stop()
        await asyncio.wait_for(serving, 10)
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    async def test_run_inside_a_running_loop_says_what_to_do(self):
        """run() has a loop of its own."""
        with pytest.raises(RuntimeError, match=r"await server\.start\(\)"):
            builder().build().run()

    async def test_a_cancelled_start_still_stops_the_components(self):
        """Cancelling the task that serves is a way to stop."""
        seen = []
        server = builder().with_orchestrator(Recording(seen)).build()
        serving = asyncio.create_task(server.start())
        assert await asyncio.to_thread(server.wait_listening, 10)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert seen == ["orchestrator start", "orchestrator shutdown"]

    async def test_a_second_start_is_refused(self):
        """One server, one life at a time."""
        server = builder().build()
        serving = asyncio.create_task(server.start())
        assert await asyncio.to_thread(server.wait_listening, 10)
        with pytest.raises(RuntimeError, match="running already"):
            await server.start()
        with pytest.raises(RuntimeError, match="before it starts"):
            server.with_options(workers=2)
        server.stop()
        await serving

    def test_a_second_run_with_workers_is_refused(self):
        """It would start processes on the same port, and the first could no longer be stopped."""
        server = builder().build()
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        server.options = dataclasses.replace(server.options, workers=2)
        with pytest.raises(RuntimeError, match="running already"):
            server.run()
        server.stop()
        thread.join(10)
        assert not thread.is_alive()

    def test_port_0_picks_a_port_that_can_be_read(self):
        """address, addresses and url say what is listened on; None and empty before and after."""
        server = builder().build()
        assert (server.address, list(server.addresses), server.url) == (None, [], None)
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        host, port = server.address
        assert (host, port > 0, server.url) == ("127.0.0.1", True, f"http://127.0.0.1:{port}")
        server.stop()
        thread.join(10)
        assert server.address is None

    def test_users_signal_handlers_are_put_back(self):
        """run() takes SIGINT and SIGTERM for its time only."""

        def mine(number, frame):
            raise AssertionError("not called here")

        before = signal.signal(signal.SIGTERM, mine)
        try:
            server = builder().with_startup_hook(lambda server: server.stop()).build()
            server.run()
            assert signal.getsignal(signal.SIGTERM) is mine
        finally:
            signal.signal(signal.SIGTERM, before)


class TestOrder:
    """Components, hooks, listeners."""

    def test_start_and_stop_in_order(self):
        """Orchestrator, hooks, listeners; then hooks in reverse, orchestrator. Hooks may be coroutines."""
        seen = []

        async def second(server):
            seen.append(f"start 2 {isinstance(server, AreionServer)} {server.address}")

        async def closing():
            seen.append("stop 2")

        server = (
            builder()
            .with_orchestrator(Recording(seen))
            .with_startup_hook(lambda: seen.append("start 1"))
            .with_startup_hook(second)
            .with_shutdown_hook(lambda server: seen.append(f"stop 1 {server.address}"))
            .with_shutdown_hook(closing)
            .build()
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        server.stop()
        thread.join(10)
        assert seen == [
            "orchestrator start", "start 1", "start 2 True None",
            "stop 2", "stop 1 None", "orchestrator shutdown",
        ]  # fmt: skip

    def test_a_startup_hook_that_fails_ends_the_run(self):
        """The error comes out of run(); the orchestrator is stopped, nothing listens, shutdown hooks do not run."""
        seen = []

        def fail():
            raise RuntimeError("no database")

        server = (
            builder()
            .with_orchestrator(Recording(seen))
            .with_startup_hook(fail)
            .with_shutdown_hook(lambda: seen.append("shutdown hook"))
            .build()
        )
        with pytest.raises(RuntimeError, match="no database"):
            server.run()
        assert seen == ["orchestrator start", "orchestrator shutdown"]
        assert not server.running

    def test_a_failing_orchestrator_ends_the_run(self):
        """An orchestrator that cannot start is shut down all the same."""
        seen = []
        server = builder().with_orchestrator(Recording(seen, fail=["orchestrator start"])).build()
        with pytest.raises(RuntimeError, match="orchestrator start"):
            server.run()
        assert seen == ["orchestrator start", "orchestrator shutdown"]

    def test_failures_of_the_end_are_logged_and_the_rest_goes_on(self, records):
        """A shutdown hook that raises does not keep the others, nor the orchestrator, from ending."""
        seen = []

        def fail():
            raise RuntimeError("hook")

        server = (
            builder()
            .with_orchestrator(Recording(seen, fail=["orchestrator shutdown"]))
            .with_startup_hook(lambda server: server.stop())
            .with_shutdown_hook(lambda: seen.append("first"))
            .with_shutdown_hook(fail)
            .build()
        )
        server.run()
        assert seen == ["orchestrator start", "first", "orchestrator shutdown"]
        failed = [r.getMessage() for r in records if r.levelno >= logging.ERROR]
        assert len(failed) == 2
        assert "fail" in failed[0]

    def test_a_shutdown_hook_that_hangs_is_abandoned_and_named(self, records):
        """The steps of the end share one time budget."""

        async def hangs():
            await asyncio.sleep(60)

        seen = []
        server = (
            builder()
            .with_orchestrator(Recording(seen))
            .with_timeouts(shutdown_timeout=0.1)
            .with_startup_hook(lambda server: server.stop())
            .with_shutdown_hook(hangs)
            .build()
        )
        server.run()
        assert seen[-1] == "orchestrator shutdown"
        assert any("hangs" in r.getMessage() and "abandoned" in r.getMessage() for r in records)

    def test_requests_and_hooks_share_the_time_of_the_stop(self, serve, records):
        """What a request has used up, a hook does not get once more."""
        entered, finished = threading.Event(), []
        router = DefaultRouter()

        @router.get("/")
        async def hangs(request):
            entered.set()
            await asyncio.sleep(60)

        async def slow():
            await asyncio.sleep(0.8)
            finished.append("slow")

        served = serve(
            router, lambda builder: builder.with_timeouts(shutdown_timeout=1.0).with_shutdown_hook(slow)
        )
        with socket.create_connection((served.host, served.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert entered.wait(10)
            served.close()
        assert finished == []
        assert any("slow" in r.getMessage() and "abandoned" in r.getMessage() for r in records)

    def test_hooks_get_the_server_only_if_they_ask_for_it(self):
        """A default that a lambda has bound, or a partial, stays what it was."""
        seen = []

        def note(*, name):
            seen.append(name)

        server = (
            builder()
            .with_startup_hook(lambda name="bound": seen.append(name))
            .with_startup_hook(functools.partial(note, name="partial"))
            .with_startup_hook(lambda *args: seen.append(len(args)))
            .with_startup_hook(lambda server: server.stop())
            .build()
        )
        server.run()
        assert seen == ["bound", "partial", 1]

    @pytest.mark.parametrize(("own", "given"), [(None, 7.0), (0.25, 0.25), (60.0, 7.0)])
    def test_the_orchestrator_is_told_what_time_is_left(self, own, given):
        """Of the budget of the stop, unless its own limit is shorter: then it can say what it abandons."""
        timeouts = []

        class Patient(Recording):
            drain_time = own

            def shutdown(self, timeout=None):
                timeouts.append(timeout)

        server = (
            builder()
            .with_orchestrator(Patient([]))
            .with_timeouts(shutdown_timeout=7)
            .with_startup_hook(lambda server: server.stop())
            .build()
        )
        server.run()
        assert timeouts == [pytest.approx(given, abs=6.5 if given > 1 else 0)]
        assert timeouts[0] <= given

    def test_the_orchestrator_says_what_it_abandons_within_the_servers_time(self, records):
        """A task that never ends is named in the log, whatever the orchestrator's own limit is."""
        release = threading.Event()
        orchestrator = DefaultOrchestrator(drain_time=60)
        server = (
            builder()
            .with_orchestrator(orchestrator)
            .with_timeouts(shutdown_timeout=0.1)
            .with_startup_hook(lambda: orchestrator.submit_task(release.wait, 30))
            .with_startup_hook(lambda server: server.stop())
            .build()
        )
        server.run()
        release.set()
        messages = [each.getMessage() for each in records]
        assert any("abandoned 1 tasks" in each and "wait" in each for each in messages)
        assert not any("orchestrator's shutdown took too long" in each for each in messages)

    def test_an_orchestrator_with_coroutine_methods_is_awaited(self):
        """Nothing of a stranger's is dropped unawaited."""
        seen = []

        class Async(Recording):
            async def start(self):
                seen.append("start")

            async def shutdown(self):
                seen.append("shutdown")

        server = (
            builder().with_orchestrator(Async(seen)).with_startup_hook(lambda server: server.stop()).build()
        )
        server.run()
        assert seen == ["start", "shutdown"]

    def test_a_task_submitted_during_shutdown_gets_a_clear_error(self):
        """request.submit_task and the orchestrator say that it is too late."""
        orchestrator = DefaultOrchestrator()
        server = (
            builder().with_orchestrator(orchestrator).with_startup_hook(lambda server: server.stop()).build()
        )
        server.run()
        with pytest.raises(RuntimeError, match=r"shut"):
            orchestrator.submit_task(print)

    def test_tasks_of_requests_run(self, serve):
        """request.submit_task runs functions in threads and coroutine functions on the server's loop."""
        done, loops = threading.Event(), []
        router = DefaultRouter()

        async def on_loop(value):
            loops.append((asyncio.get_running_loop(), value))
            done.set()

        @router.get("/")
        async def handler(request):
            loops.append(asyncio.get_running_loop())
            request.submit_task(on_loop, "v")
            return "ok"

        served = serve(router, lambda b: b.with_orchestrator(DefaultOrchestrator()))
        assert served.http.get("/").text == "ok"
        assert done.wait(10)
        assert loops[1] == (loops[0], "v")


PROGRAM = """
import asyncio, sys, threading, time
from areion import AreionServerBuilder, DefaultRouter, DefaultOrchestrator
router = DefaultRouter()

@router.get("/slow")
async def slow(request):
    print("entered", flush=True)
    await asyncio.sleep(0.3)
    return "finished"

def note(text):
    return lambda: print(text, flush=True)

server = (AreionServerBuilder().with_router(router).with_host("127.0.0.1").with_port(int(sys.argv[1]))
    .with_orchestrator(DefaultOrchestrator()).with_startup_hook(note("started"))
    .with_shutdown_hook(note("ended")).build())

def tell():
    if server.wait_listening(60):
        print(server.url, flush=True)

threading.Thread(target=tell, daemon=True).start()
server.run()
print("returned", flush=True)
"""


def spawn(port, program=PROGRAM):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestProcess:
    """As a program."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_signals_drain_and_exit_0(self, number):
        """The response in flight is sent, hooks run, the status is 0."""
        process = spawn(0)
        try:
            assert process.stdout.readline() == "started\n"
            url = process.stdout.readline().strip()
            answers = []
            client = threading.Thread(
                target=lambda: answers.append(httpx.get(f"{url}/slow", timeout=30).text)
            )
            client.start()
            assert process.stdout.readline() == "entered\n"
            os.kill(process.pid, number)
            client.join(10)
            out, err = process.communicate(timeout=10)
        finally:
            process.kill()
            process.communicate()
        assert (process.returncode, answers, out) == (0, ["finished"], "ended\nreturned\n")
        assert "Traceback" not in err

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_ends_a_start_that_waits(self, number):
        """A startup hook is cancelled, so there is nothing for shutdown hooks to undo; the status is 0."""
        program = PROGRAM.replace('note("started")', "wait").replace(
            "def note(text)",
            """async def wait():
    print("waiting", flush=True)
    await asyncio.sleep(600)

def note(text)""",
        )
        process = spawn(0, program)
        try:
            assert process.stdout.readline() == "waiting\n"
            os.kill(process.pid, number)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
            process.communicate()
        assert (process.returncode, out) == (0, "returned\n")
        assert "Traceback" not in err

    @pytest.mark.parametrize("with_orchestrator", [False, True])
    def test_port_in_use_is_one_line_and_status_1(self, with_orchestrator):
        """The program's last word is the reason; components that were started are stopped again."""
        program = (
            PROGRAM if with_orchestrator else PROGRAM.replace(".with_orchestrator(DefaultOrchestrator())", "")
        )
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            process = spawn(port, program)
            out, err = process.communicate(timeout=20)
        *before, last = err.splitlines()
        assert (process.returncode, out) == (1, "started\nended\n")
        assert last == f"areion: cannot listen on 127.0.0.1:{port}: the address is in use by another process"
        # The orchestrator's own two lines, of its start and its end.
        assert len(before) == (2 if with_orchestrator else 0)

    def test_a_startup_hook_that_fails_is_status_1_with_its_reason(self):
        """The traceback says where; nothing keeps the process alive."""
        program = PROGRAM.replace('note("started")', "lambda: 1 / 0")
        process = spawn(0, program)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 1
        assert "ZeroDivisionError" in err

    def test_a_stuck_orchestrator_does_not_keep_the_process_alive(self):
        """A stranger's start() that never returns is warned of, and its thread dies with the process."""
        program = """
        import sys, time
        import areion._lifecycle as lifecycle
        from areion import *
        lifecycle._START_LIMIT = 0.1
        class Stuck(BaseOrchestrator):
            def start(self): time.sleep(600)
            def submit_task(self, func, /, *args, **kwargs): ...
            def schedule_cron_task(self, func, /, cron, *args, **kwargs): ...
            def shutdown(self): pass
        (AreionServerBuilder().with_router(DefaultRouter()).with_port(0).with_orchestrator(Stuck())
            .with_startup_hook(lambda server: server.stop()).build().run())
        """
        process = spawn(0, program)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "has not returned" in err


@pytest.mark.parametrize(
    ("host", "development", "warned"),
    [("", True, True), ("192.0.2.1", True, True), ("127.0.0.1", True, False), ("192.0.2.1", False, False)],
)
def test_development_mode_where_others_can_connect(caplog, host, development, warned):
    """Development mode on an address of other machines is a warning at the start; elsewhere nothing is said."""
    from areion.testing import TestClient

    caplog.set_level(logging.WARNING, "areion")
    with TestClient(builder().with_host(host).with_development_mode(development)):
        pass
    messages = [record.getMessage() for record in caplog.records]
    assert any("shows sources and variables" in message for message in messages) is warned
