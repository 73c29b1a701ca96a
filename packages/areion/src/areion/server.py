"""The server: components, HTTP and their common life.

What a run consists of is said in ``_lifecycle``; what answers the requests is put together by ``_assembly``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from areion_engine import BaseEngine
from areion_http import BaseHttpServer, HttpRequest, ListenError
from areion_http._signals import SameSignal
from areion_http.listeners import bound_address
from areion_http.server import loop_factory
from areion_logger import BaseLogger
from areion_orchestrator import BaseOrchestrator
from areion_router import BaseRouter

from areion import _plugins
from areion._assembly import check_settings, make_http
from areion._bridge import bridged
from areion._lifecycle import StartInterruptedError, components_running, logging_to, watchdog_running
from areion._logo import AREION_LOGO, DEFAULT_HOST, DEFAULT_PORT
from areion._options import ServerOptions
from areion._plan import check_routes
from areion._stop_delay import StopDelay
from areion.request import HttpRequestFactory

if TYPE_CHECKING:
    from areion.profiling import Profiler
    from areion.watchdog import Watchdog

logger: Final = logging.getLogger("areion.server")


class AreionServer:
    """A server made of components; usually built by :class:`AreionServerBuilder`.

    Args:
        host: Name or address to listen on.
        port: 0 to 65535; 0 picks a free one, see :attr:`address`.
        router: Finds handlers; the only component that is required.
        orchestrator: Runs background tasks and cron jobs.
        logger: Writes the log. Default: areion-logger's.
        engine: Renders templates.
        static_dir: A folder to serve under ``/static/``.
        http_server: A class or the name of a plugin that speaks HTTP. Default: areion-http's.
        options: Everything else.

    Attributes:
        watchdog: Counts what blocks the event loop, and tells the last of it; None if that is not watched, and
            before the first run.
        profiler: Has measured the requests of the current or last run; None if they are not.

    Raises:
        ValueError: If there is no router, or a component is not what it must be.
    """

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        router: Any = None,
        orchestrator: Any = None,
        logger: Any = None,
        engine: Any = None,
        static_dir: str | os.PathLike[str] | None = None,
        *,
        http_server: Any = None,
        options: ServerOptions | None = None,
    ) -> None:
        if router is None:
            raise ValueError("router: a server needs one; use .with_router(DefaultRouter())")
        if not isinstance(host, str):
            raise ValueError(f"host: expected a str, got {host!r}")
        if type(port) is not int or not 0 <= port <= 65535:
            raise ValueError(f"port: expected an int from 0 to 65535, got {port!r}")
        self.host = host
        self.port = port
        self.router: Any = _plugins.resolve("areion.router", router, base=BaseRouter)
        check_routes(self.router)
        self._logger: Any = None
        if logger is not None:
            self._logger = _plugins.resolve("areion.logger", logger, base=BaseLogger)
        self.orchestrator: Any = None
        if orchestrator is not None:
            self.orchestrator = _plugins.resolve(
                "areion.orchestrator",
                orchestrator,
                base=BaseOrchestrator,
            )
        self.engine: Any = None
        if engine is not None:
            self.engine = _plugins.resolve("areion.engine", engine, base=BaseEngine)
        self.static_dir = static_dir
        self.options = options or ServerOptions()
        # Made when the server starts, with its handler.
        self._http_class = _plugins.locate(
            "areion.http_server",
            http_server,
            base=BaseHttpServer,
        )
        check_settings(self._http_class, self.options)
        self.watchdog: Watchdog | None = None
        self.profiler: Profiler | None = None
        self._http: Any = None
        # Re-entrant: stop() may be called by a signal handler, anywhere in the thread that holds it.
        self._lock = threading.RLock()
        self._stop_requested = False
        self._stop_began: float | None = None
        # Of the current run, if there is to be one.
        self._delay: StopDelay | None = None
        # While the components start: made to expire by a signal, as nothing is served yet that could be finished.
        self.starting: asyncio.Timeout | None = None
        self._running = False
        self._ended = False
        self._listening = threading.Event()
        self._worker_ready: int | None = None
        self._told_to_stop = False
        self._same_signal = SameSignal()
        self._bound: Sequence[tuple[str, int] | str] = ()

    # -- components ---------------------------------------------------------------------------------------

    @property
    def logger(self) -> Any:
        """What the server logs with; areion-logger's, made when it is first needed, if none was given."""
        with self._lock:
            if self._logger is None:
                self._logger = _plugins.resolve("areion.logger", None, base=BaseLogger)
            return self._logger

    @cached_property
    def request_factory(self) -> HttpRequestFactory:
        """Makes requests that know the server's components."""
        return HttpRequestFactory(self.logger, self.engine, self.orchestrator)

    # -- life ---------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGINT, SIGTERM or :meth:`stop`; drain; return.

        Raises:
            SystemExit: With status 1 and one line on standard error, if an address cannot be listened on.
            RuntimeError: If an event loop runs in this thread already.
        """
        if _loop_runs():
            raise RuntimeError(
                "run() starts an event loop, and one is running here: use 'await server.start()'"
            )
        if sys.stdout.isatty():
            sys.stdout.write(AREION_LOGO)
        try:
            if self.options.workers > 1:
                self._supervise()
            else:
                with asyncio.Runner(loop_factory=loop_factory()) as runner:
                    runner.run(self._run((signal.SIGINT, signal.SIGTERM, *self._hang_up())))
        except ListenError as error:
            sys.stderr.write(f"areion: {error.strerror or error}\n")
            raise SystemExit(1) from None

    def _hang_up(self) -> Sequence[signal.Signals]:
        """Return SIGHUP, which the end of a terminal sends, if it is to end the server as SIGTERM does.

        It is not if it reloads certificates, and not under nohup.
        """
        if not hasattr(signal, "SIGHUP") or self.options.certfile is not None:
            return ()
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        return () if ignored else (signal.SIGHUP,)

    def _supervise(self) -> None:
        """Serve with several processes."""
        if not hasattr(os, "fork"):
            raise ValueError("workers: several processes need fork, which this system does not have")
        # Once more, for options that have changed: each worker would fail by itself, and be started again.
        check_settings(self._http_class, self.options)
        from areion._workers import Supervisor

        with self._lock:
            if self._running:
                raise RuntimeError("the server is running already")
            self._running = True
            self._ended = False
        try:
            # The logger is made here, not by each worker, so that the supervisor's own lines are written too.
            with bridged(self.logger):
                Supervisor(self).run()
        finally:
            self._listening.clear()
            self._bound = ()
            with self._lock:
                self._running = self._stop_requested = False
                self._ended = True

    def run_worker(self, ready: int, alive: int) -> bool:
        """Serve as one of several processes, until SIGTERM, :meth:`stop` or the end of the supervisor.

        Args:
            ready: Descriptor to write a byte to when requests are accepted.
            alive: Descriptor whose other end closes with the supervisor.

        Returns:
            Whether it was the program itself that stopped it.
        """
        # What the supervisor's own life has left here; the lock may be held by a thread that was not copied.
        self._lock = threading.RLock()
        self._listening = threading.Event()
        self._bound = ()
        self._running = self._stop_requested = self._told_to_stop = False
        self._stop_began = None
        self._worker_ready = ready

        async def serve() -> None:
            loop = asyncio.get_running_loop()

            def orphaned() -> None:
                loop.remove_reader(alive)
                self._told_to_stop = True
                self.stop()

            loop.add_reader(alive, orphaned)
            await self._run((signal.SIGTERM,))

        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(serve())
        return not self._told_to_stop

    def workers_listening(self, sockets: Sequence[socket.socket]) -> None:
        """Take note that all worker processes accept requests; called by their supervisor."""
        self._bound = tuple(dict.fromkeys(bound_address(listener) for listener in sockets))
        self._listening.set()

    async def _run(self, stop_at: Sequence[signal.Signals]) -> None:
        loop = asyncio.get_running_loop()
        before: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            handlers: dict[signal.Signals, Callable[[], None]] = dict.fromkeys(stop_at, self._on_signal)
            if self.options.certfile is not None and hasattr(signal, "SIGHUP"):
                handlers[signal.SIGHUP] = self.reload_certificates
            for number, handler in handlers.items():
                before[number] = signal.getsignal(number)
                loop.add_signal_handler(number, handler)
        try:
            await self.start()
        finally:
            for number, previous in before.items():
                loop.remove_signal_handler(number)
                if previous is not None:  # None: it was not set from Python
                    signal.signal(number, previous)

    def reload_certificates(self) -> None:
        """Read the TLS certificate's files again; new connections use them. SIGHUP does this."""
        if hasattr(self._http, "reload_certificates"):
            self._http.reload_certificates()

    def _on_signal(self) -> None:
        """Stop; the next signal ends the delay, if there is one, the one after it the wait for requests.

        A start goes no further.
        """
        if self._same_signal.again():
            return
        self._told_to_stop = True
        if self._delay is not None and self._delay.end():
            return
        starting, self.starting = self.starting, None
        if starting is not None:
            starting.reschedule(asyncio.get_running_loop().time())
        if self._stop_requested and hasattr(self._http, "abort"):
            self._http.abort()
        self.stop()

    async def start(self) -> None:
        """Serve inside the running loop until :meth:`stop`; drain; return.

        Raises:
            ListenError: If an address cannot be listened on.
            RuntimeError: If the server runs already.
        """
        await self.serve_with(None)

    async def serve_with(
        self,
        http_class: Callable[..., BaseHttpServer] | None,
        *,
        on_unexpected: Callable[[HttpRequest, Exception], object] | None = None,
    ) -> None:
        """Serve as :meth:`start` does, for one run with another HTTP server: the test client has one.

        Args:
            http_class: What speaks HTTP during this run; None for the server's own.
            on_unexpected: Told of each exception that nothing turns into a response of its own.
        """
        with self._lock:
            if self._running:
                raise RuntimeError("the server is running already")
            self._running = True
            self._ended = False
            stopped = self._stop_requested
        try:
            async with logging_to(self.logger):
                if not stopped:
                    own = http_class is None and not self.options.development
                    delay = self.options.stop_delay if own else 0.0
                    await self._serve(http_class or self._http_class, on_unexpected, delay)
        finally:
            with self._lock:
                self._running = self._stop_requested = False
                self._stop_began = None
                self._ended = True

    async def _serve(
        self,
        http_class: Callable[..., BaseHttpServer],
        on_unexpected: Callable[[HttpRequest, Exception], object] | None,
        stop_delay: float,
    ) -> None:
        executor = ThreadPoolExecutor(self.options.threads, "areion-handler")
        http: Any = make_http(
            self, http_class, executor, on_listening=self._on_listening, on_unexpected=on_unexpected
        )
        with self._lock:
            self._http = http
            if stop_delay:
                self._delay = StopDelay(asyncio.get_running_loop(), stop_delay, self._stop_serving)
            if self._stop_requested:
                http.stop()
        listened = False
        try:
            async with components_running(self):
                try:
                    with watchdog_running(self):
                        await http.start()
                finally:
                    listened = self._listening.is_set()
                    self._listening.clear()
        except StartInterruptedError:
            logger.info("stopped before anything was served")
        finally:
            with self._lock:
                self._http = None
                delay, self._delay = self._delay, None
            if delay is not None:
                delay.cancel()
            executor.shutdown(wait=False, cancel_futures=True)
            if listened:
                logger.info("stopped")

    def _on_listening(self) -> None:
        self._listening.set()
        if self._worker_ready is not None:
            os.write(self._worker_ready, b"1")

    def stop(self) -> None:
        """Begin to stop: accept no more connections, let running requests finish, stop the components.

        With a stop delay, that begins when the delay is over. Safe from any thread and from a signal handler.
        Before the first run, it makes that end at once; when the server has ended, there is nothing to stop.
        """
        with self._lock:
            if self._ended:
                return
            requested, self._stop_requested = self._stop_requested, True
            if self._delay is not None and self._listening.is_set():
                if not requested:
                    self._delay.begin()
                return
        self._stop_serving()

    def _stop_serving(self) -> None:
        """Let the HTTP server stop, after the delay if there is one."""
        with self._lock:
            if self._stop_began is None:
                self._stop_began = time.monotonic()
            http = self._http
        if http is not None:
            http.stop()

    # -- what can be asked --------------------------------------------------------------------------------

    @property
    def addresses(self) -> Sequence[tuple[str, int] | str]:
        """What is being listened on: ``(host, port)`` pairs and paths of unix sockets; empty if nothing is."""
        return self._bound or tuple(getattr(self._http, "addresses", ()))

    @property
    def address(self) -> tuple[str, int] | str | None:
        """The first of :attr:`addresses`, None while nothing is listened on."""
        return next(iter(self.addresses), None)

    @property
    def url(self) -> str | None:
        """The first address as a URL, None while nothing is listened on."""
        first = self.address
        if first is None or isinstance(first, str):
            return None if first is None else f"unix:{first}"
        scheme = "http" if self.options.tls is None and self.options.certfile is None else "https"
        host = f"[{first[0]}]" if ":" in first[0] else first[0]
        return f"{scheme}://{host}:{first[1]}"

    @property
    def stopping(self) -> bool:
        """Whether the server has been told to stop and has not yet ended.

        During a stop delay it still serves: a readiness route that asks this tells the load balancer.
        """
        return self._stop_requested

    @property
    def stop_began(self) -> float | None:
        """When the stop began, after any delay, on ``time.monotonic()``'s clock; None before."""
        return self._stop_began

    @property
    def running(self) -> bool:
        """Whether the server runs, from the first to the last step of its life."""
        return self._running

    def wait_listening(self, timeout: float | None = None) -> bool:
        """Block another thread until requests are accepted; False if ``timeout`` seconds pass first."""
        return self._listening.wait(timeout)

    def with_options(self, **changes: Any) -> ServerOptions:
        """Change options before the server starts; see :class:`ServerOptions` for the names.

        Raises:
            RuntimeError: If the server runs: it would not notice.
        """
        if self._running:
            raise RuntimeError("the server is running: change its options before it starts")
        self.options = replace(self.options, **changes)
        return self.options


def _loop_runs() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
