"""Worker threads behind a bounded queue.

Not concurrent.futures' executor: that one queues without bound, drops the caller's context, and joins its
threads at interpreter exit however long a task hangs. Futures are the standard library's. What to do about a
failed task is the owner's business (`on_failure`); retries, time limits and coroutines live elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from queue import SimpleQueue
from types import CoroutineType
from typing import Any, TypeAlias

from areion_orchestrator._calls import Call
from areion_orchestrator._log import task_name
from areion_orchestrator.errors import QueueFullError, ShutdownError

Pending: TypeAlias = dict[Future[Any], Callable[..., Any]]
# PERF: a Call in parts, here and in submit(): to make one costs a third more; tests/benchmarks/orchestrator
_Item: TypeAlias = tuple[Future[Any], Context, Callable[..., Any], tuple[Any, ...], dict[str, Any], bool]


class WorkerPool:
    """Runs calls on `max_workers` daemon threads, one started with each of the first calls.

    Args:
        max_workers: How many calls run at the same time.
        max_queue: How many may wait.
        pending: Where unfinished futures are registered, with their functions.
        on_failure: Called in the worker with the function and the exception of a call that failed.
        on_coroutine: Called in the worker when a plain function returned a coroutine: with the future that
            its result belongs to, the call, the coroutine and whether a failure is to be reported.
    """

    def __init__(
        self,
        max_workers: int,
        max_queue: int,
        pending: Pending,
        on_failure: Callable[[Callable[..., Any], BaseException], None],
        on_coroutine: Callable[[Future[Any], Call, Any, bool], None],
    ) -> None:
        self._max_workers = max_workers
        self._max_queue = max_queue
        self._pending = pending
        self._on_failure = on_failure
        self._on_coroutine = on_coroutine
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._running: dict[threading.Thread, Future[Any]] = {}
        self._closed = False

    def submit(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: Context,
        *,
        report: bool = True,
        track: bool = True,
    ) -> Future[Any]:
        """Queue `func(*args, **kwargs)` to run in `context`.

        Args:
            func: What to run.
            args: Its positional arguments.
            kwargs: Its keyword arguments.
            context: The context variables it sees.
            report: Whether a failure is told to `on_failure`.
            track: Whether the future is registered as pending.

        Raises:
            QueueFullError: As many calls as allowed are waiting.
            ShutdownError: The pool is closed.
        """
        future: Future[Any] = Future()
        queue = self._queue
        # PERF: nothing else is held or computed under this lock; tests/benchmarks/orchestrator
        with self._lock:
            if self._closed:
                raise refusal(func)
            if queue.qsize() >= self._max_queue:
                raise QueueFullError(task_name(func), self._max_queue)
            # Whether a worker is idle cannot be known exactly without a lock on its side too, and a wrong
            # guess would leave a task waiting that another one waits for.
            if len(self._threads) < self._max_workers:
                self._start_worker(func)
            if track:
                self._pending[future] = func
            queue.put((future, context, func, args, kwargs, report))
        return future

    def close(self) -> None:
        """Take no more calls; workers end when they have come to the end of the queue."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)

    def owns_current_thread(self) -> bool:
        """Tell whether the caller is one of the workers."""
        return threading.current_thread() in self._threads

    def futures_of_current_thread(self) -> set[Future[Any]]:
        """Return the future of the call that the calling worker is in, which cannot finish meanwhile."""
        future = self._running.get(threading.current_thread())
        return set() if future is None else {future}

    def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for each worker to end, save the calling one."""
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _start_worker(self, func: Callable[..., Any]) -> None:
        # Daemon: a task that never ends must not keep the process alive after its time limit.
        thread = threading.Thread(
            target=self._work, name=f"areion-worker-{len(self._threads) + 1}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the interpreter is ending, or the system has no more threads to give
            if not self._threads:
                raise refusal(func, f"no worker thread could be started: {error}") from error
        else:
            self._threads.add(thread)

    def _work(self) -> None:
        queue, running, thread = self._queue, self._running, threading.current_thread()
        while True:
            item = queue.get()
            if item is None:
                break
            running[thread] = item[0]
            self._run(*item)
            del running[thread]
            del item  # while waiting for the next, a worker must not keep a result alive
        with self._lock:
            self._threads.discard(thread)

    def _run(
        self,
        future: Future[Any],
        context: Context,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        report: bool,
    ) -> None:
        if not future.set_running_or_notify_cancel():
            self._pending.pop(future, None)
            return
        try:
            result = context.run(func, *args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - it belongs to the future; SystemExit ends no worker
            if report:
                self._on_failure(func, error)
            future.set_exception(error)
        else:
            if type(result) is CoroutineType:
                self._on_coroutine(future, Call(func, args, kwargs, context), result, report)
                return
            future.set_result(result)
        self._pending.pop(future, None)


def refusal(func: Callable[..., Any], reason: str = "the orchestrator is shut down") -> ShutdownError:
    """Build the error for a task that comes too late."""
    name = task_name(func)
    return ShutdownError(f"task {name!r} was refused: {reason}", task=name)
