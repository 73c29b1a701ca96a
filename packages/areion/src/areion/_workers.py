"""Several processes that serve one application: a supervisor that binds, forks, watches and restarts.

The supervisor opens the sockets before it forks, and keeps them open: a port in use is said once, and while a
worker is replaced no connection is refused. Where the system spreads connections over sockets of one port
(SO_REUSEPORT on Linux), each worker has a socket of its own; else all share one.

Cron jobs fire in the first worker alone, unless the orchestrator has a store that lets processes agree.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from areion_http._listeners import listen_tcp, listen_unix

if TYPE_CHECKING:
    from areion.server import AreionServer

logger: Final = logging.getLogger("areion.workers")

# A worker that ends sooner has failed to start.
_TOO_SOON: Final = 2.0
# So many failures to start in a row, and there is no hope in another.
_MAX_FAILURES: Final = 5
_POLL: Final = 0.05
# What workers get on top of the drain time before they are killed.
_GRACE: Final = 5.0


@dataclass(slots=True)
class _Worker:
    """A worker process as the supervisor sees it."""

    index: int
    sockets: Sequence[socket.socket]
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    ready: int = -1
    alive: int = -1


@dataclass(slots=True)
class Supervisor:
    """Starts the workers of a server, replaces those that die, and stops them.

    Attributes:
        server: What each worker runs.
        workers: The processes.
        signalled: Set by SIGINT and SIGTERM.
    """

    server: AreionServer
    workers: list[_Worker] = field(default_factory=list)
    signalled: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Serve until a signal or ``server.stop()``.

        Raises:
            ListenError: If an address cannot be listened on.
            SystemExit: With status 1, if workers fail to start again and again.
        """
        sets = _bind(self.server)
        self.workers = [_Worker(index, sockets) for index, sockets in enumerate(sets)]
        try:
            with self._signals():
                for worker in self.workers:
                    self._start(worker)
                self._watch()
        finally:
            self._stop_all()
            for listener in {id(s): s for sockets in sets for s in sockets}.values():
                listener.close()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, lambda *_: self.signalled.set())
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: self._tell(signal.SIGHUP))
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, worker: _Worker) -> None:
        ready_reader, ready_writer = os.pipe()
        alive_reader, alive_writer = os.pipe()
        with warnings.catch_warnings():
            # The one thread that may run is the logger's writer, which starts anew in the child.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            os.close(ready_reader)
            os.close(alive_writer)
            for other in self.workers:
                if other.alive >= 0:
                    os.close(other.alive)
            _work(self.server, worker, ready_writer, alive_reader)
        os.close(ready_writer)
        os.close(alive_reader)
        os.set_blocking(ready_reader, False)
        worker.pid, worker.started, worker.ready, worker.alive = (
            pid,
            time.monotonic(),
            ready_reader,
            alive_writer,
        )
        logger.info("worker %d runs as process %d", worker.index, pid)

    def _watch(self) -> None:
        waiting = True
        while not (self.signalled.is_set() or self.server.stop_requested):
            for worker in self.workers:
                self._reap(worker)
            if waiting and all(_is_ready(worker) for worker in self.workers):
                waiting = False
                self.server.workers_listening([s for w in self.workers for s in w.sockets])
            self.signalled.wait(_POLL)

    def _reap(self, worker: _Worker) -> None:
        pid, status = os.waitpid(worker.pid, os.WNOHANG)
        if pid == 0:
            return
        self._forget(worker)
        code = os.waitstatus_to_exitcode(status)
        if time.monotonic() - worker.started < _TOO_SOON:
            worker.failures += 1
            if worker.failures >= _MAX_FAILURES:
                logger.critical(
                    "worker %d ended %d times at its start; giving up", worker.index, worker.failures
                )
                raise SystemExit(1)
            time.sleep(min(1.0, 0.1 * 2**worker.failures))
        else:
            worker.failures = 0
        logger.error("worker %d (process %d) ended with status %d; starting another", worker.index, pid, code)
        self._start(worker)

    def _forget(self, worker: _Worker) -> None:
        for descriptor in (worker.ready, worker.alive):
            if descriptor >= 0:
                os.close(descriptor)
        worker.pid, worker.ready, worker.alive = 0, -1, -1

    def _tell(self, number: int) -> None:
        for worker in self.workers:
            if worker.pid:
                os.kill(worker.pid, number)

    def _stop_all(self) -> None:
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + self.server.options.config.shutdown_timeout + _GRACE
        while any(worker.pid for worker in self.workers):
            for worker in self.workers:
                if worker.pid and os.waitpid(worker.pid, os.WNOHANG)[0]:
                    self._forget(worker)
            if time.monotonic() > deadline:
                logger.error("workers did not end in time; killing them")
                self._tell(signal.SIGKILL)
                deadline = float("inf")
            time.sleep(_POLL)


def _bind(server: AreionServer) -> list[Sequence[socket.socket]]:
    """Open the sockets of all workers: one set for each, or the same set for all."""
    options = server.options
    count = options.workers
    if options.sockets is not None:
        shared: Sequence[socket.socket] = [
            socket.socket(fileno=os.dup(s)) if isinstance(s, int) else s for s in options.sockets
        ]
        return [shared] * count
    if options.unix_socket is not None:
        shared = [listen_unix(options.unix_socket, mode=options.unix_socket_mode, backlog=options.backlog)]
        return [shared] * count
    spread = sys.platform == "linux"
    first = listen_tcp([server.host], server.port, backlog=options.backlog, reuse_port=spread)
    if not spread:
        return [first] * count
    port = first[0].getsockname()[1]
    others = (
        listen_tcp([server.host], port, backlog=options.backlog, reuse_port=True) for _ in range(count - 1)
    )
    return [first, *others]


def _is_ready(worker: _Worker) -> bool:
    if worker.ready < 0:
        return worker.pid != 0
    try:
        told = os.read(worker.ready, 1)
    except BlockingIOError:
        return False
    if told:
        os.close(worker.ready)
        worker.ready = -1
    return bool(told)


def _work(server: AreionServer, worker: _Worker, ready: int, alive: int) -> None:
    """Run the server in a worker process; never returns."""
    status = 1
    try:
        # Ctrl-C reaches the whole group; the supervisor tells the workers when to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        server.options = replace(server.options, workers=1, sockets=tuple(worker.sockets), unix_socket=None)
        if worker.index:
            _pause_jobs(server.orchestrator)
        server.run_worker(ready, alive)
        status = 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        logger.critical("worker %d failed", worker.index, exc_info=True)
    finally:
        _flush(server)
        # Not sys.exit: what the supervisor registered to be done at its exit is not for its children.
        os._exit(status)


def _pause_jobs(orchestrator: Any) -> None:
    if not getattr(orchestrator, "has_store", False):
        for job in getattr(orchestrator, "jobs", ()):
            job.pause()


def _flush(server: AreionServer) -> None:
    flush = getattr(server.logger, "flush", None)
    if flush is not None:
        flush()
    sys.stdout.flush()
    sys.stderr.flush()
