"""Fixtures of the tests that speak to a server, in memory or over sockets."""

import asyncio
import contextlib
import importlib.util
import logging
import socket
import threading

import pytest
from areion_http import HttpServer
from areion_http.testing import MemoryServer


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG, "areion.http")
    return caplog


@pytest.fixture
async def serve():
    """Make servers, and see that nothing of them is left."""
    servers = []

    def make(handler, **options):
        servers.append(MemoryServer(handler, **options))
        return servers[-1]

    yield make
    for server in servers:
        await asyncio.wait_for(server.stop(), 10)
        assert server.connection_count == 0
    me = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not me and "test" not in repr(task.get_coro())]
    assert not left


def _loops():
    """The event loops that are here: asyncio's own, and uvloop's where it is installed."""
    found = {"asyncio": asyncio.new_event_loop}
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        found["uvloop"] = uvloop.new_event_loop
    return found


LOOPS = _loops()


class Live:
    """A server that runs in a thread; what it raises is raised again at the end of the test."""

    def __init__(self, handler, loop, options):
        self.server = HttpServer(handler, **{"port": 0, **options})
        self.loop_factory = loop
        self.failure = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.sockets = []

    def _run(self):
        try:
            with asyncio.Runner(loop_factory=self.loop_factory) as runner:
                runner.run(self.server.start())
        except BaseException as error:
            self.failure = error

    def connect(self, number=0):
        """Return a blocking socket to the server."""
        address = self.server.addresses[number]
        if isinstance(address, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(10)
            sock.connect(address)
        else:
            sock = socket.create_connection(address, timeout=10)
        self.sockets.append(sock)
        return sock

    def ask(self, data, *, number=0):
        """Send bytes on a connection of their own, close that side, and return all that comes."""
        sock = self.connect(number)
        sock.sendall(data)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        return read_all(sock)

    def stop(self):
        self.server.stop()
        self.thread.join(20)
        for sock in self.sockets:
            sock.close()
        assert not self.thread.is_alive()
        if self.failure is not None:
            raise self.failure


def read_all(sock):
    pieces = []
    while piece := sock.recv(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


@pytest.fixture(params=LOOPS)
def live(request):
    """Start servers with real sockets, on each event loop there is."""
    started = []

    def start(handler, **options):
        one = Live(handler, LOOPS[request.param], options)
        started.append(one)
        one.thread.start()
        assert one.server.wait_listening(10) or one.failure
        return one

    yield start
    for one in started:
        one.stop()
