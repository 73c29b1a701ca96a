"""An application that runs on a loop without sockets, from its startup hooks to its shutdown hooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from areion_http import BaseHttpServer

from areion._routes import RouteFinder
from areion.builder import AreionServerBuilder
from areion.server import AreionServer
from areion.testing._memory import MemoryStream
from areion.testing._server import Address, InMemoryConnection, InMemoryHttpServer, note_failure
from areion.watchdog import Blockage, Watchdog


def as_server(app: Any) -> AreionServer:
    """Return the server that is meant by a server, a builder, or a router.

    Raises:
        TypeError: If it is none of these.
        ValueError: As the builder's ``build``.
    """
    if isinstance(app, AreionServer):
        return app
    if isinstance(app, AreionServerBuilder):
        return app.build()
    if hasattr(app, "get_handler") and not isinstance(app, type):
        return AreionServerBuilder().with_router(app).build()
    raise TypeError(f"expected an AreionServer, an AreionServerBuilder or a router, got {app!r}")


class RunningApplication:
    """Runs a server in memory; its methods belong on one loop.

    Args:
        server: What to run.
        client: Address that the server sees its clients at; None as over a unix socket.
        fail_on_blocking: Seconds for which the loop may be blocked; None for any time.
        shares_loop: Whether the loop is also the test's, whose own code may block it.
    """

    def __init__(
        self,
        server: AreionServer,
        client: Address | None,
        *,
        fail_on_blocking: float | None = None,
        shares_loop: bool = False,
    ) -> None:
        self._server = server
        self._client = client
        self._shares_loop = shares_loop
        self._watchdog: Watchdog | None = None
        if fail_on_blocking is not None:
            path_of = RouteFinder(server.router).path_of
            self._watchdog = Watchdog(fail_on_blocking, route_of=path_of, log=False)
        self._seen = 0
        self._http: InMemoryHttpServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Run the startup hooks and begin to serve.

        Raises:
            Exception: What a startup hook raises.
            RuntimeError: If the server runs already.
        """
        listening = asyncio.Event()

        def make(handler: Callable[[Any], Any], **options: Any) -> BaseHttpServer:
            noted = options["on_listening"]

            def on_listening() -> None:
                noted()
                listening.set()

            self._http = InMemoryHttpServer(handler, **(options | {"on_listening": on_listening}))
            return self._http

        self._task = asyncio.create_task(self._server.serve_with(make, on_unexpected=note_failure))
        waiting = asyncio.create_task(listening.wait())
        try:
            await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            for each in (self._task, waiting):
                each.cancel()
            await asyncio.wait({self._task, waiting})
            raise
        if not listening.is_set():
            waiting.cancel()
            await self._task
            raise RuntimeError("the server was stopped while it started")
        if self._watchdog is not None:
            self._watchdog.start()

    async def stop(self) -> None:
        """Let running requests finish, run the shutdown hooks, stop.

        Raises:
            Exception: What ended the server before it was told to.
        """
        if self._task is None:
            return
        if not self._task.done():
            self._server.stop()
        try:
            await self._task
        finally:
            if self._watchdog is not None:
                await self._watchdog.settle()
                self._watchdog.stop()

    @property
    def is_watched(self) -> bool:
        """Whether it is noted what blocks the loop."""
        return self._watchdog is not None

    async def blockages(self) -> list[Blockage]:
        """Return what has blocked the loop since this was last asked, as far as the application is to blame."""
        watchdog = self._watchdog
        if watchdog is None:
            return []
        await watchdog.settle()
        new, self._seen = watchdog.count - self._seen, watchdog.count
        found = watchdog.recent[-new:] if new else ()
        return [one for one in found if one.method is not None or not self._shares_loop]

    def connect(self, host: str, port: int) -> MemoryStream:
        """Open a connection to an address; every address is this application's.

        Raises:
            ConnectionRefusedError: If it does not run.
        """
        if self._http is None:
            raise ConnectionRefusedError("the application does not run")
        return self._http.connect(client=self._client, server=(host, port))


def take_failure(stream: MemoryStream) -> BaseException | None:
    """Return what went wrong in the application on a connection since this was last asked."""
    connection = stream.protocol
    if not isinstance(connection, InMemoryConnection):
        return None
    failure, connection.failure = connection.failure, None
    return failure
