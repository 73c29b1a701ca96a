"""Several processes that serve one application: a supervisor that binds, forks, watches and restarts.

The supervisor opens the sockets before it forks, and keeps them open: a port in use is said once, and while a
worker is replaced no connection is refused. Where the system spreads connections over sockets of one port
(SO_REUSEPORT on Linux), each worker has a socket of its own; else all share one.

A program that cannot start ends the supervisor; a worker that ends later is replaced, ever more slowly if it
ends again and again. What a worker does is the matter of ``_worker``. Cron jobs fire in the first alone, unless
the orchestrator has a store that lets processes agree.
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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from areion_http.listeners import close_listener, inherited, listen, listen_spread, listen_tcp

from areion._worker import FAILED, STOPPED_BY_PROGRAM, STOPPED_BY_SIGNAL, take_signals, work

if TYPE_CHECKING:
    from areion.server import AreionServer

logger: Final = logging.getLogger("areion.workers")

# A worker that has served so long is well; one that ends sooner is started again after a pause.
_STEADY: Final = 10.0
# The pause doubles with each such end in a row. The longest is what an operator waits for a mended database.
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
# So many such ends in a row while no other worker serves: who started the supervisor has to know.
_MAX_FAILURES: Final = 5
# Twenty looks at a few processes cost less than a thousandth of a processor.
_POLL: Final = 0.05
# What a worker needs beyond the time that its server may take: last steps, the log, the end of the interpreter.
_GRACE: Final = 10.0

_STOP: Final = (signal.SIGINT, signal.SIGTERM)
_HANDLED: Final = (*_STOP, signal.SIGHUP)


@dataclass(slots=True)
class _Worker:
    """A worker process as the supervisor sees it; ``pid`` is 0 while there is none."""

    index: int
    sockets: list[socket.socket]
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0
    serving: bool = False
    ready: int = -1
    alive: int = -1

    def serves(self) -> bool:
        """Tell whether it serves, or did until it ended: it says so once."""
        if not self.serving and self.ready >= 0:
            try:
                self.serving = bool(os.read(self.ready, 1))
            except BlockingIOError:
                return False
        return self.serving

    def ended(self) -> int | None:
        """Return its status if it has ended: that of its exit, or minus the signal that killed it."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return FAILED  # the program waits for any child, and has had this one's status
        return os.waitstatus_to_exitcode(status) if pid else None

    def forget(self) -> None:
        """Close what led to the process that has ended."""
        self.close_pipes()
        self.pid, self.serving = 0, False

    def close_sockets(self) -> None:
        """Close the listening sockets; nobody else may use them."""
        for listener in self.sockets:
            listener.close()
        self.sockets = []

    def close_pipes(self) -> None:
        """Close this process's ends."""
        for descriptor in (self.ready, self.alive):
            if descriptor >= 0:
                os.close(descriptor)
        self.ready = self.alive = -1


@dataclass(slots=True)
class Supervisor:
    """Starts the workers of a server, replaces those that die, and stops them.

    Attributes:
        server: What each worker runs.
        workers: The processes.
        spread_port: Where each worker has sockets of its own; 0 if all share theirs.
        began: Whether any worker has served; until then the failure of one is the program's.
        signals: How many signals have asked for the end.
        signalled: Set by the first.
    """

    server: AreionServer
    workers: list[_Worker] = field(default_factory=list)
    spread_port: int = 0
    began: bool = False
    signals: int = 0
    signalled: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Serve until a signal or ``server.stop()``.

        Raises:
            ListenError: If an address cannot be listened on.
            SystemExit: With status 1, if workers cannot start, or had to be killed at the end.
        """
        sets = _bind(self.server)
        self.workers = [_Worker(index, sockets) for index, sockets in enumerate(sets)]
        self.spread_port = 0 if sets[0] is sets[-1] else sets[0][0].getsockname()[1]
        with self._signals_handled():
            try:
                self._watch()
            finally:
                clean = self._stop_all()
        if not clean:
            raise SystemExit(1)

    @contextmanager
    def _signals_handled(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _HANDLED}
        for number in _STOP:
            signal.signal(number, self._on_stop)
        if self.server.options.certfile is not None:
            signal.signal(signal.SIGHUP, lambda *_: self._tell(signal.SIGHUP))
        elif before[signal.SIGHUP] is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._on_stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                if handler is not None:  # None: it was not set from Python
                    signal.signal(number, handler)

    def _on_stop(self, *_: object) -> None:
        self.signals += 1
        self.signalled.set()

    # -- while it serves ----------------------------------------------------------------------------------

    def _watch(self) -> None:
        told = False
        while not (self.signalled.is_set() or self.server.stopping):
            serving = [worker.serves() for worker in self.workers]
            self.began = self.began or any(serving)
            for worker in self.workers:
                if worker.pid and (status := worker.ended()) is not None:
                    if status == STOPPED_BY_PROGRAM:
                        worker.forget()
                        logger.info("the program in worker %d stops the server", worker.index)
                        return
                    self._plan_another(worker, status)
                if not worker.pid and time.monotonic() >= worker.start_at and not self.signalled.is_set():
                    self._try_to_start(worker)
            if all(serving) and not told:
                told = True
                self.server.workers_listening([s for w in self.workers for s in w.sockets])
            self.signalled.wait(_POLL)

    def _plan_another(self, worker: _Worker, status: int) -> None:
        """Say how a worker ended, and when there will be another.

        Raises:
            SystemExit: If there is no hope in another.
        """
        served = worker.serves()
        what = f"worker {worker.index} (process {worker.pid}) {_described(status)}"
        worker.forget()
        if status > 0 and status != STOPPED_BY_SIGNAL and not (served or self.began):
            logger.critical("%s before it served; giving up", what)
            raise SystemExit(1)
        now = time.monotonic()
        steady = served and now - worker.started >= _STEADY
        worker.failures = 0 if steady else worker.failures + 1
        if worker.failures >= _MAX_FAILURES and not any(other.serves() for other in self.workers):
            logger.critical("%s, %d times in a row; giving up", what, worker.failures)
            raise SystemExit(1)
        # The first time it may be an accident: another is started at once.
        repeated = worker.failures - 2
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**repeated) if repeated >= 0 else 0.0
        worker.start_at = now + pause
        if pause and self.spread_port:
            # The system would go on giving it its part of the connections.
            worker.close_sockets()
        logger.error("%s; starting another%s", what, f" in {pause:g} s" if pause else "")

    def _try_to_start(self, worker: _Worker) -> None:
        try:
            self._start(worker)
        except OSError as error:
            if not self.began:
                raise
            worker.start_at = worker.started + _LONGEST_PAUSE
            logger.error(  # noqa: TRY400 - the reason is in it
                "worker %d could not be started: %s; trying again in %g s",
                worker.index,
                error.strerror,
                _LONGEST_PAUSE,
            )

    def _start(self, worker: _Worker) -> None:
        worker.started = time.monotonic()
        if not worker.sockets:
            worker.sockets = listen_tcp(
                [self.server.host],
                self.spread_port,
                backlog=self.server.options.backlog,
                reuse_port=True,
            )
        ready_reader, ready_writer = os.pipe()
        alive_reader, alive_writer = os.pipe()
        # A signal that comes before the child has its own handlers would be taken by the supervisor's, and lost.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        try:
            with warnings.catch_warnings():
                # The one thread that may run is the logger's writer, which starts anew in the child.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                take_signals()
        except OSError:
            for descriptor in (ready_reader, ready_writer, alive_reader, alive_writer):
                os.close(descriptor)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if pid == 0:
            os.close(ready_reader)
            os.close(alive_writer)
            self._leave_to_others(worker)
            work(self.server, worker.sockets, ready_writer, alive_reader, first=worker.index == 0)
        os.close(ready_writer)
        os.close(alive_reader)
        os.set_blocking(ready_reader, False)
        worker.pid, worker.ready, worker.alive = pid, ready_reader, alive_writer
        logger.info("worker %d runs as process %d", worker.index, pid)

    def _leave_to_others(self, own: _Worker) -> None:
        """Close, in a worker, what belongs to the others; a socket kept here would never be closed by them."""
        mine = {id(listener) for listener in own.sockets}
        for other in self.workers:
            other.close_pipes()
            for listener in other.sockets:
                if id(listener) not in mine:
                    listener.close()

    # -- the end ------------------------------------------------------------------------------------------

    def _stop_all(self) -> bool:
        """Stop listening, let the workers finish; return whether none had to be killed."""
        options = self.server.options
        listeners = {id(s): s for worker in self.workers for s in worker.sockets}.values()
        delay = 0.0 if options.development else options.stop_delay
        for listener in listeners:
            # Connections are refused once the workers have closed theirs. A given socket's file is not ours.
            close_listener(listener, remove=options.sockets is None and not delay)
        self._tell(signal.SIGTERM)
        heard = self.signals
        deadline = time.monotonic() + delay + options.config.shutdown_timeout + _GRACE
        clean = True
        while any(worker.pid for worker in self.workers):
            for worker in self.workers:
                if worker.pid and worker.ended() is not None:
                    worker.forget()
            if self.signals > heard:
                heard = self.signals
                self._tell(signal.SIGTERM)  # the second one ends the drain
            if clean and time.monotonic() > deadline:
                clean = False
                left = ", ".join(str(worker.pid) for worker in self.workers if worker.pid)
                logger.error("workers did not end in time and are killed: processes %s", left)
                self._tell(signal.SIGKILL)
            time.sleep(_POLL)
        for listener in listeners:
            close_listener(listener, remove=options.sockets is None)
        return clean

    def _tell(self, number: int) -> None:
        for worker in self.workers:
            if worker.pid:
                os.kill(worker.pid, number)


def _bind(server: AreionServer) -> list[list[socket.socket]]:
    """Open the sockets of all workers: one set for each, or the same set for all."""
    options = server.options
    given: Sequence[socket.socket | int] | None
    if options.sockets is None:
        given = inherited() or None
    else:
        # Duplicates of descriptors: those are closed here at the end, the caller's are the caller's.
        given = [os.dup(each) if isinstance(each, int) else each for each in options.sockets]
    if given is None and options.unix_socket is None and sys.platform == "linux":
        return listen_spread(server.host, server.port, options.workers, backlog=options.backlog)
    shared = listen(
        server.host,
        server.port,
        unix_socket=options.unix_socket,
        unix_socket_mode=options.unix_socket_mode,
        sockets=given,
        backlog=options.backlog,
    )
    return [shared] * options.workers


def _described(status: int) -> str:
    """Say how a process ended."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", perhaps for want of memory" if -status == signal.SIGKILL else ""
    return f"was killed by {name}{hint}"
