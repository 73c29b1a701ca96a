"""Runs any callable where its kind belongs, and knows all that is unfinished.

Threads for plain functions, a loop for coroutine functions, an Execution around either for tasks with
options. One runner lives from a start to a shutdown; the next start makes a new one. It knows no schedules.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from areion_orchestrator._calls import Call
from areion_orchestrator._lifecycle import Deadline, ShutdownReport
from areion_orchestrator._log import Log, task_name
from areion_orchestrator._loops import LoopRunner
from areion_orchestrator._pool import Pending, WorkerPool
from areion_orchestrator._tasks import Execution, Journal, TaskOptions
from areion_orchestrator._timers import Timers
from areion_orchestrator.clock import Clock
from areion_orchestrator.errors import OrchestratorError, QueueFullError

# Idle workers end at once when the pool closes; one that hangs in a task has been waited for already.
_WORKER_PATIENCE = 1.0


class TaskRunner:
    """Runs callables and returns futures.

    Args:
        max_workers: How many sync calls run at the same time.
        max_queue: How many may wait, how many coroutines may be under way, and how many tasks with options
            may be unfinished.
        log: Where failures are written.
        clock: Measures pauses and time limits.
        loop: The event loop for coroutines, if one is bound.
        owner: Who must not be collected as garbage while threads work for it: at the end of the program it
            waits for their tasks.
    """

    def __init__(
        self,
        max_workers: int,
        max_queue: int,
        log: Log,
        clock: Clock,
        loop: AbstractEventLoop | None,
        owner: object,
    ) -> None:
        self._owner = owner
        self._max_queue = max_queue
        self._log = log
        self._pending: Pending = {}
        self._executions: set[Execution] = set()
        self._pool = WorkerPool(max_workers, max_queue, self._pending, self._on_failure, self._on_coroutine)
        self._loops = LoopRunner(max_queue, self._pending, self._on_failure, log)
        self._loops.bind(loop)
        self._delays = Timers(clock, log, "areion-delays")
        self.submit_plain = self._pool.submit

    def bind(self, loop: AbstractEventLoop | None) -> None:
        """Run coroutines on `loop` from now on; None when it goes away."""
        self._loops.bind(loop)

    def run(
        self,
        call: Call,
        *,
        options: TaskOptions | None = None,
        journal: Journal | None = None,
        attempts: int = 0,
        job_run: bool = False,
    ) -> Future[Any]:
        """Run any callable, with attempts and time limits if it has options.

        Args:
            call: What to run.
            options: What it was registered with.
            journal: What is told of its course; only with options.
            attempts: How many attempts were made before.
            job_run: Whether it is a run of a job, whose failure is logged by who fired it.

        Raises:
            QueueFullError: Too much is unfinished.
            ShutdownError: The runner is closed.
        """
        if options is None:
            return self.attempt(call, timeout=None, report=not job_run, track=True)
        if len(self._executions) >= self._max_queue:
            raise QueueFullError(options.name, self._max_queue)
        return Execution(
            call,
            options,
            attempt=self.attempt,
            delays=self._delays,
            pending=self._pending,
            executions=self._executions,
            log=self._log,
            journal=journal,
            attempts=attempts,
            job_run=job_run,
        ).begin()

    def attempt(
        self, call: Call, *, timeout: float | None, report: bool = False, track: bool = False
    ) -> Future[Any]:
        """Run any callable once; `timeout` concerns coroutine functions only."""
        if call.is_async:
            return self._loops.submit(call, timeout=timeout, report=report, track=track)
        return self._pool.submit(*call, report=report, track=track)

    def wait(self) -> None:
        """Wait until all that is unfinished now is done.

        Raises:
            OrchestratorError: The wait could never end.
        """
        pending = set(self._pending)
        if pending and self._pool.owns_current_thread():
            raise OrchestratorError("run_tasks() was called by a task, and would wait for that task itself")
        if pending & self._loops.futures_on_current_loop():
            raise OrchestratorError(
                "run_tasks() was called on the event loop that runs coroutine tasks, and would hold them up: "
                "use `await asyncio.to_thread(orchestrator.run_tasks)`"
            )
        wait(pending)

    def drain(self, deadline: Deadline) -> ShutdownReport:
        """End everything: first politely, and when the time is up, not."""
        pending = dict(self._pending)
        executions = {execution.future: execution for execution in list(self._executions)}
        for execution in executions.values():
            execution.forgo_retries()
        unable = self._loops.futures_on_current_loop() | self._pool.futures_of_current_thread()
        finished = wait(pending.keys() - unable, deadline.left()).done
        cancelled: list[str] = []
        abandoned: list[str] = []
        for future, func in {**pending, **self._pending}.items():
            task = executions.get(future)
            if not future.done():
                ended = future.cancel() if task is None else task.abandon()
                (cancelled if ended else abandoned).append(task_name(func))
            elif task is not None and task.was_given_up:
                finished.discard(future)
                cancelled.append(task_name(func))
        self._pool.close()
        self._loops.close()
        self._delays.stop()
        self._pool.join(0 if abandoned else _WORKER_PATIENCE)
        return ShutdownReport(len(finished), tuple(cancelled), tuple(abandoned), deadline.taken())

    def _on_failure(self, func: Callable[..., Any], error: BaseException) -> None:
        self._log.write("error", "task %r failed", task_name(func), error=error)

    def _on_coroutine(self, future: Future[Any], call: Call, coroutine: Any, report: bool) -> None:
        """Run the coroutine that a plain function returned, such as a lambda around a coroutine function."""
        try:
            self._loops.submit(call, make=lambda: coroutine, report=report, future=future)
        except OrchestratorError as error:
            coroutine.close()
            self._pending.pop(future, None)
            future.set_exception(error)
