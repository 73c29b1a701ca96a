"""The contract of ``BaseHttpServer`` as tests that any implementation can inherit, and a server without sockets.

Strategy: plain asserts in methods that pytest finds in a subclass; the servers run in threads of their own and
are spoken to over real sockets, with what the standard library has. Nothing here imports a test framework.
"""

from __future__ import annotations

import asyncio
import socket
import threading

from areion_http._contract import ExchangeContract
from areion_http._memory import MemoryConnection, MemoryServer, MemoryTransport
from areion_http._raw_responses import RawResponse, read_responses
from areion_http._served import PATIENCE, Running, free_port, refuses
from areion_http.base import BaseHttpServer
from areion_http.request import HttpRequest

__all__ = [
    "HttpServerContract",
    "MemoryConnection",
    "MemoryServer",
    "MemoryTransport",
    "RawResponse",
    "read_responses",
]


class HttpServerContract(ExchangeContract):
    """What every implementation of ``BaseHttpServer`` must do. Inherit it in a class that pytest collects.

    Example:
        A test module of a server called ``Other`` says::

            class TestOther(HttpServerContract):
                def make_server(self, handler, **options):
                    return Other(handler, **options)
    """

    def test_is_a_base_http_server(self) -> None:
        """It is a ``BaseHttpServer``."""
        assert isinstance(self.make_server(lambda _: "", host="127.0.0.1", port=0), BaseHttpServer)

    def test_stop_lets_a_running_request_finish(self) -> None:
        """``stop()`` from another thread accepts no more, and ``run()`` returns when what runs is answered."""
        entered = threading.Event()

        async def handler(_: HttpRequest) -> str:
            entered.set()
            await asyncio.sleep(0.2)
            return "finished"

        with self.serving(handler) as server:
            answers: list[bytes] = []
            client = threading.Thread(target=lambda: answers.append(server.ask("GET", "/")[1]))
            client.start()
            assert entered.wait(PATIENCE)
            server.server.stop()
            client.join(PATIENCE)
        assert answers == [b"finished"]
        assert refuses(server.port), "nothing listens after run() has returned"

    def test_stop_may_be_called_again(self) -> None:
        """While it stops, and when it has."""
        with self.serving(lambda _: "") as server:
            server.server.stop()
            server.server.stop()
        server.server.stop()

    def test_a_port_in_use_ends_the_run_with_status_1(self) -> None:
        """``start()`` raises an ``OSError``, and ``run()`` turns it into a line and an exit status."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            server = self.make_server(lambda _: "", host="127.0.0.1", port=port)
            try:
                asyncio.run(server.start())
            except OSError:
                pass
            else:
                raise AssertionError("start() raises what keeps it from listening")
            status: object = None
            try:
                self.make_server(lambda _: "", host="127.0.0.1", port=port).run()
            except SystemExit as ended:
                status = ended.code
            assert status == 1, "run() ends the program with status 1"

    def test_stop_before_run_ends_the_run_at_once(self) -> None:
        """A stop that comes before the start is not lost."""
        server = self.make_server(lambda _: "", host="127.0.0.1", port=free_port())
        server.stop()
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive()

    def test_start_serves_inside_a_running_loop(self) -> None:
        """``await start()`` serves until ``stop()``, without a loop of its own."""
        port = free_port()

        async def main() -> bytes:
            listening = asyncio.Event()
            server = self.make_server(
                lambda _: "inside", host="127.0.0.1", port=port, on_listening=listening.set
            )
            task = asyncio.create_task(server.start())
            await asyncio.wait_for(listening.wait(), PATIENCE)
            _, body = await asyncio.to_thread(Running(server, port).ask, "GET", "/")
            server.stop()
            await asyncio.wait_for(task, PATIENCE)
            return body

        assert asyncio.run(main()) == b"inside"
