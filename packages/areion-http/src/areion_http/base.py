"""The contract of an HTTP server: what the umbrella asks of one, and a replacement must offer."""

from __future__ import annotations

from abc import ABC, abstractmethod


class BaseHttpServer(ABC):
    """A server that calls a handler with each request.

    An implementation is made with ``(handler, *, host, port, config, request_class, on_error, …)``; see
    ``areion_http.HttpServer`` for what each means.
    """

    @abstractmethod
    def run(self) -> None:
        """Serve until a signal or :meth:`stop`, then drain and return; it owns the event loop."""

    @abstractmethod
    async def start(self) -> None:
        """Serve inside the running loop until stopped."""

    @abstractmethod
    def stop(self) -> None:
        """Begin to stop: accept no more, finish what runs. Safe from any thread and from a signal handler."""
