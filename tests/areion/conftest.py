"""Servers in threads, and clients for them."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from areion import AreionServer, AreionServerBuilder, DefaultRouter


class Served:
    """A running server: ``http`` is a client for it, ``raw`` speaks bytes."""

    def __init__(self, server: AreionServer) -> None:
        self.server = server
        self.thread = threading.Thread(target=server.run)
        self.thread.start()
        if not server.wait_listening(10):
            raise AssertionError("the server does not listen")
        self.host, self.port = server.address
        self.http = httpx.Client(base_url=server.url, timeout=10)

    def raw(self, data: bytes) -> bytes:
        """Send bytes on a new connection, and return all that comes until the server closes it."""
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def close(self) -> None:
        self.http.close()
        self.server.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serve a router, with what ``configure`` adds to the builder."""
    running: list[Served] = []

    def start(
        router: DefaultRouter, configure: Callable[[AreionServerBuilder], object] = lambda _: None
    ) -> Served:
        builder = AreionServerBuilder().with_router(router).with_host("127.0.0.1").with_port(0)
        configure(builder)
        running.append(Served(builder.build()))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """All records of the ``areion`` tree."""
    kept: list[logging.LogRecord] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    keeper = Keeper()
    tree = logging.getLogger("areion")
    tree.addHandler(keeper)
    yield kept
    tree.removeHandler(keeper)
