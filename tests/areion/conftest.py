"""Servers in threads, clients for them, and an end to the loggers that tests leave behind."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from areion import AreionServer, AreionServerBuilder, DefaultLogger, DefaultRouter


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


def _close(loggers: list[DefaultLogger]) -> None:
    for logger in loggers:
        logger.close()
    loggers.clear()


@pytest.fixture(scope="module", autouse=True)
def made_loggers() -> Iterator[list[DefaultLogger]]:
    """Every logger made and not closed yet; those of fixtures with a wide scope are closed with their module.

    A logger that stays on gets the records of all tests that follow.
    """
    made: list[DefaultLogger] = []
    initialise = DefaultLogger.__init__

    def remember(logger: DefaultLogger, *args: Any, **kwargs: Any) -> None:
        initialise(logger, *args, **kwargs)
        made.append(logger)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultLogger, "__init__", remember)
        yield made
    _close(made)


@pytest.fixture(autouse=True)
def close_loggers(made_loggers: list[DefaultLogger]) -> Iterator[None]:
    """Close what the test itself made."""
    earlier = made_loggers.copy()
    made_loggers.clear()
    yield
    _close(made_loggers)
    made_loggers.extend(earlier)
