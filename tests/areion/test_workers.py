"""Several worker processes: serving, replacing, draining, and never outliving their supervisor."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request

import pytest

PROGRAM = """
    import asyncio, os, sys
    from areion import AreionServerBuilder, DefaultOrchestrator, DefaultRouter

    router = DefaultRouter()
    orchestrator = DefaultOrchestrator()
    orchestrator.schedule_cron_task(lambda: None, "* * * * *")

    @router.get("/who")
    def who(request):
        return {"pid": os.getpid(), "parent": os.getppid(), "paused": orchestrator.jobs[0].paused}

    @router.get("/slow")
    async def slow(request):
        await asyncio.sleep(0.5)
        return {"slow": True}

    def tell(server):
        os.write(1, b"%d\\n" % os.getpid())  # one write: the lines of two processes never mix

    server = (
        AreionServerBuilder()
        .with_router(router)
        .with_orchestrator(orchestrator)
        .with_host("127.0.0.1")
        .with_port(PORT)
        .with_workers(2)
        .with_startup_hook(tell)
        .build()
    )
    server.run()
"""


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return json.load(response)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def supervisor(unused_tcp_port):
    """A program with two workers, and the ids of their processes as they say them."""
    code = textwrap.dedent(PROGRAM).replace("PORT", str(unused_tcp_port))
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    pids = []
    with process:
        try:
            pids.extend(int(process.stdout.readline()) for _ in range(2))
            wait_until(lambda: _answers(unused_tcp_port), 30)
            yield process, unused_tcp_port, pids
        finally:
            if process.poll() is None:
                process.kill()
    for pid in pids:
        wait_until(lambda pid=pid: not alive(pid))


def _answers(port):
    try:
        fetch(port, "/who")
    except OSError:
        return False
    return True


def test_every_worker_serves_and_only_the_first_fires_cron_jobs(supervisor):
    """Requests are spread over the processes; the cron jobs of all but the first are paused."""
    process, port, pids = supervisor
    seen = {}
    wait_until(lambda: seen.update({(a := fetch(port, "/who"))["pid"]: a}) or len(seen) == 2)
    assert set(seen) == set(pids)
    assert {answer["parent"] for answer in seen.values()} == {process.pid}
    assert sorted(answer["paused"] for answer in seen.values()) == [False, True]


def test_a_dead_worker_is_replaced(supervisor):
    """When a worker is killed another takes its place, and requests are answered."""
    process, port, pids = supervisor
    os.kill(pids[0], signal.SIGKILL)
    replaced = int(process.stdout.readline())
    assert replaced not in pids
    wait_until(lambda: fetch(port, "/who")["pid"] == replaced)
    pids.append(replaced)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_all_workers(supervisor, number):
    """A request in flight is answered, then supervisor and workers end with status 0."""
    process, port, pids = supervisor
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200 OK" in client.recv(4096)
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        process.send_signal(number)
        assert b"slow" in client.recv(4096)
    assert process.wait(10) == 0
    assert not any(alive(pid) for pid in pids)


def test_workers_end_with_their_supervisor(supervisor):
    """A supervisor that is killed outright leaves no worker behind."""
    process, _, pids = supervisor
    process.kill()
    process.wait(10)
    for pid in pids:
        wait_until(lambda pid=pid: not alive(pid))
