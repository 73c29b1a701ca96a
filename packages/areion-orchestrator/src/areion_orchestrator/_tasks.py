"""Tasks with options: several attempts with growing pauses, and a time limit for each.

One `Execution` is one submitted task; its future is the caller's, those of the attempts stay inside. It does
not run anything itself: threads, loops and timers are handed in.
"""

from __future__ import annotations

import random
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from areion_orchestrator._calls import Activation, Call
from areion_orchestrator._log import Log
from areion_orchestrator._pool import Pending
from areion_orchestrator._timers import Timer, Timers
from areion_orchestrator.errors import OrchestratorError, QueueFullError, ShutdownError, TaskTimeoutError

# Spreads the retries of tasks that failed together; nothing depends on it being unpredictable.
_random = random.Random()  # noqa: S311


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """How a registered task is run.

    Attributes:
        name: Its name in messages and in the store of durable tasks.
        retries: How many more attempts a failed task gets.
        timeout: Seconds that one attempt may take, or None.
        backoff: Seconds before the second attempt; each further pause is twice as long.
        backoff_max: The longest pause in seconds.
        retry_on: Exceptions that are worth another attempt.
        durable: Whether it is kept in the store.
    """

    name: str
    retries: int = 0
    timeout: float | None = None
    backoff: float = 1.0
    backoff_max: float = 300.0
    retry_on: tuple[type[Exception], ...] = (Exception,)
    durable: bool = False

    def pause_after(self, attempt: int) -> float:
        """Return the pause after a failed attempt (from 1): exponential, bounded, shortened at random."""
        longest = min(self.backoff * 2.0 ** min(attempt - 1, 60), self.backoff_max)
        return longest * _random.uniform(0.5, 1.0)


class Journal(Protocol):
    """What is told of a task's course; a durable task writes it down."""

    def failed_once(self, attempt: int, pause: float) -> None:
        """Attempt number `attempt` failed; the next follows in `pause` seconds."""

    def succeeded(self) -> None:
        """The task is done."""

    def failed(self, error: BaseException) -> None:
        """The task failed for good."""

    def cancelled(self) -> None:
        """The caller cancelled the task."""

    def released(self) -> None:
        """The task was given up unfinished and not running; another process or start may take it."""


class Attempt(Protocol):
    """How one attempt is started."""

    def __call__(self, call: Call, *, timeout: float | None) -> Future[Any]:
        """Run the call in the background; `timeout` concerns coroutine functions only."""


class Execution:
    """One task with options, from its first attempt to its result.

    Args:
        call: What to run; each attempt gets a copy of its context.
        options: Attempts and limits.
        attempt: Starts an attempt.
        delays: Timers on a clock that cannot be set.
        pending: Where unfinished futures are registered, with their functions.
        executions: Where unfinished executions are registered.
        log: Where failures are written.
        journal: What else is to know.
        attempts: How many attempts were made before, by a process that died.
        job_run: Whether it is a run of a job. Then its failure is not logged here, and it is not over before its
            thread is, even if that takes longer than its time limit: the next run must not begin beside it.
    """

    def __init__(
        self,
        call: Call,
        options: TaskOptions,
        *,
        attempt: Attempt,
        delays: Timers,
        pending: Pending,
        executions: set[Execution],
        log: Log,
        journal: Journal | None = None,
        attempts: int = 0,
        job_run: bool = False,
    ) -> None:
        self.future: Future[Any] = Future()
        self._call = call
        self._options = options
        self._start_attempt = attempt
        self._delays = delays
        self._pending = pending
        self._executions = executions
        self._log = log
        self._journal = journal
        self._attempts = attempts
        self._job_run = job_run
        self._activate = Activation(self.future)
        self._lock = threading.Lock()
        self._settled = False
        self._retry: Timer | None = None
        self._is_waiting = False
        self._error: BaseException | None = None
        self._inner: Future[Any] | None = None
        self._abandoned = False
        self._given_up = False

    def begin(self) -> Future[Any]:
        """Start the first attempt and return the caller's future.

        Raises:
            OrchestratorError: The queue is full or the orchestrator is shut down.
        """
        self._pending[self.future] = self._call.func
        self._executions.add(self)
        try:
            self._attempt()
        except OrchestratorError as error:
            self._unregister()
            if isinstance(error, QueueFullError):
                raise QueueFullError(self._options.name, error.limit) from None
            raise
        self.future.add_done_callback(self._on_cancel)
        return self.future

    def abandon(self) -> bool:
        """Give the task up; return whether that ended it, or its thread goes on."""
        self._abandoned = True
        return self._inner is None or self._inner.cancel()

    @property
    def was_given_up(self) -> bool:
        """Whether it ended before its attempts did, for want of an orchestrator to make them."""
        return self._given_up

    def forgo_retries(self) -> None:
        """Make no further attempt; a task that waits for one ends now."""
        self._abandoned = True
        if self._stop_waiting() and self._settle():
            self._end_unfinished()

    def _attempt(self) -> None:
        self._retry = None
        self._attempts += 1
        call = self._call.again()
        if not call.is_async:
            call = call._replace(func=self._timed)
        inner = self._start_attempt(call, timeout=self._options.timeout)
        self._inner = inner
        inner.add_done_callback(self._on_attempted)

    def _timed(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in a worker, with the time limit running."""
        if not self._activate():
            return None
        timeout = self._options.timeout
        if timeout is None:
            return self._call.func(*args, **kwargs)
        timer = self._delays.call_later(timeout, self._on_timeout)
        try:
            return self._call.func(*args, **kwargs)
        finally:
            self._delays.cancel(timer)

    def _on_timeout(self) -> None:
        """Give up waiting for a thread. It cannot be stopped, so there is no further attempt beside it."""
        options = self._options
        if options.timeout is None or not self._settle():
            return
        error = TaskTimeoutError(options.name, options.timeout, still_running=True)
        if not self._job_run:
            self._fail(error)
            return
        self._error = error
        self._log.write("warning", "%s", error)

    def _on_attempted(self, inner: Future[Any]) -> None:
        if self._settled:
            if not self.future.cancelled():
                self._log.write("warning", "task %r ended after its time limit", self._options.name)
            if self._job_run and self._error is not None and not self.future.done():
                self._fail(self._error)
            return
        if inner.cancelled():
            if self._settle():
                self._end_unfinished()
            return
        error = inner.exception()
        if error is None:
            if self._settle():
                if self._journal is not None:
                    self._journal.succeeded()
                self._finish(result=inner.result())
        elif self._attempts <= self._options.retries and isinstance(error, self._options.retry_on):
            self._try_again(error)
        elif self._settle():
            self._fail(error)

    def _try_again(self, error: BaseException) -> None:
        options = self._options
        pause = options.pause_after(self._attempts)
        text = "task %r failed in attempt %d of %d, and is " + (
            "given up: the orchestrator is shut down" if self._abandoned else f"tried again in {pause:.1f} s"
        )
        self._log.write("warning", text, options.name, self._attempts, options.retries + 1, error=error)
        if self._journal is not None:
            self._journal.failed_once(self._attempts, pause)
        self._error = error
        self._is_waiting = True
        if not self._abandoned:
            self._retry = self._delays.call_later(pause, self._on_retry)
        if self._abandoned:  # before the timer was set, or meanwhile
            self.forgo_retries()

    def _stop_waiting(self) -> bool:
        """Claim the right to end a pause between attempts; return whether there was one to end."""
        with self._lock:
            was_waiting, self._is_waiting = self._is_waiting, False
        if was_waiting and self._retry is not None:
            self._delays.cancel(self._retry)
        return was_waiting

    def _on_retry(self) -> None:
        if not self._stop_waiting():
            return
        try:
            self._attempt()
        except OrchestratorError:
            self._abandoned = True
            if self._settle():
                self._end_unfinished()

    def _on_cancel(self, future: Future[Any]) -> None:
        if future.cancelled() and self._settle():
            if self._inner is not None:
                self._inner.cancel()
            self._stop_waiting()
            self._activate()
            self._unregister()
            if self._journal is not None:
                self._journal.cancelled()

    def _settle(self) -> bool:
        """Claim the right to end this task: a result, a time-out and a cancellation may come at once."""
        with self._lock:
            first, self._settled = not self._settled, True
        return first

    def _fail(self, error: BaseException) -> None:
        if self._journal is not None:
            self._journal.failed(error)
        if not self._job_run:
            self._log.write("error", "task %r failed", self._options.name, error=error)
        self._finish(error=error)

    def _end_unfinished(self) -> None:
        """End a task that was cancelled from within, or abandoned."""
        name = self._options.name
        self._given_up = self._abandoned
        if self._journal is not None:
            (self._journal.released if self._abandoned else self._journal.cancelled)()
        text = (
            f"task {name!r} was abandoned before attempt {self._attempts + 1}: the orchestrator is shut down"
        )
        if not self._abandoned:
            text = f"task {name!r} was cancelled by its own code"
        error = ShutdownError(text, task=name)
        error.__cause__ = self._error
        self._finish(error=error)

    def _unregister(self) -> None:
        self._pending.pop(self.future, None)
        self._executions.discard(self)

    def _finish(self, *, result: Any = None, error: BaseException | None = None) -> None:
        self._unregister()
        if self._activate():
            if error is None:
                self.future.set_result(result)
            else:
                self.future.set_exception(error)
