"""A server under test: run in a thread, and asked over real sockets by the standard library's client."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from areion_http.base import BaseHttpServer

#: Seconds that anything here may take.
PATIENCE: Final = 10.0


class ServerTests:
    """Tests of servers that a subclass makes."""

    def make_server(self, handler: Callable[[Any], Any], **options: Any) -> BaseHttpServer:  # noqa: ARG002
        """Return a server that has not been started; the implementer's part.

        Args:
            handler: To be called with each request.
            options: ``host`` and ``port``, nearly always ``on_listening``, and in some tests ``request_class``,
                ``on_error`` or ``read_body``; see ``BaseHttpServer``.
        """
        raise TypeError(f"{type(self).__name__} must define make_server()")

    @contextmanager
    def serving(self, handler: Callable[[Any], Any], **options: Any) -> Iterator[Running]:
        """Run a server in a thread, and stop it at the end."""
        port = free_port()
        listening = threading.Event()
        server = self.make_server(handler, host="127.0.0.1", port=port, on_listening=listening.set, **options)
        running = Running(server, port)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        try:
            assert listening.wait(PATIENCE), "on_listening() is called when the server accepts connections"
            yield running
        finally:
            server.stop()
            thread.join(PATIENCE)
        assert not thread.is_alive(), "run() returns after stop()"
        if running.failure is not None:
            raise running.failure


class Running:
    """A server at work, and how to ask it."""

    def __init__(self, server: BaseHttpServer, port: int) -> None:
        self.server = server
        self.port = port
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.server.run()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
            self.failure = error

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        connection: http.client.HTTPConnection | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request, on a connection of its own unless one is given; return the response and its body."""
        used = connection or self.connect()
        try:
            used.request(method, target, body, headers or {})
            response = used.getresponse()
            return response, response.read()
        finally:
            if connection is None:
                used.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def refuses(port: int) -> bool:
    """Tell whether nobody listens, giving the system a moment to see it."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.01)
    return False
