"""Where tasks and job runs go: to the runner, or by way of the store if they are durable.

It makes a runner for each span from a start to a shutdown. When to fire is not decided here.
"""

from __future__ import annotations

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from areion_orchestrator._calls import Call
from areion_orchestrator._lifecycle import Deadline, ShutdownReport
from areion_orchestrator._log import Log
from areion_orchestrator._registry import TaskRegistry
from areion_orchestrator._runner import TaskRunner
from areion_orchestrator.clock import Clock, MonotonicClock, SystemClock
from areion_orchestrator.errors import OrchestratorError
from areion_orchestrator.job import Firing, Job

if TYPE_CHECKING:
    from areion_orchestrator.durable import DurableTasks


class Backend:
    """Runs tasks and jobs, durable or not.

    Args:
        max_workers: How many sync calls run at the same time.
        max_queue: How many tasks may wait.
        store: The file of durable tasks, if there is one.
        power_safe: Whether durable tasks survive a power failure.
        clock: What tells the time, if not the system.
        log: Where to write.
        owner: Who must live as long as threads work.
    """

    def __init__(
        self,
        max_workers: int,
        max_queue: int,
        store: str | os.PathLike[str] | None,
        *,
        power_safe: bool,
        clock: Clock | None,
        log: Log,
        owner: object,
    ) -> None:
        self._owner = owner
        self.registry = TaskRegistry()
        self._max_workers = max_workers
        self._max_queue = max_queue
        self._log = log
        self._delay_clock = clock or MonotonicClock()
        self._now = (clock or SystemClock()).now
        self._loop: AbstractEventLoop | None = None
        self._durable = None if store is None else self._make_durable(Path(store), power_safe)
        self.open()

    @property
    def durable(self) -> DurableTasks:
        """The durable tasks.

        Raises:
            OrchestratorError: There is no store.
        """
        if self._durable is None:
            raise OrchestratorError("there is no store of tasks: use Orchestrator(store='tasks.db')")
        return self._durable

    @property
    def has_store(self) -> bool:
        """Whether there is a store."""
        return self._durable is not None

    def open(self) -> None:
        """Take tasks, with fresh threads."""
        self._runner = TaskRunner(
            self._max_workers, self._max_queue, self._log, self._delay_clock, self._loop, self._owner
        )
        self.submit_plain = self._runner.submit_plain

    def start(self) -> None:
        """Begin to run what other processes left in the store.

        Raises:
            StoreError: The store cannot be used.
        """
        if self._durable is not None:
            self._durable.start(self._runner)

    def bind(self, loop: AbstractEventLoop | None) -> None:
        """Run coroutines on `loop` from now on; None when it goes away."""
        self._loop = loop
        self._runner.bind(loop)

    def submit(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        """Run any callable, with the options it was registered with."""
        call = Call(func, args, kwargs, copy_context())
        options = self.registry.find(func)
        if options is not None and options.durable and self._durable is not None:
            return self._durable.submit(self._runner, call, options)
        return self._runner.run(call, options=options)

    def run_job(self, job: Job, due: datetime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        """Run a job once; the future is cancelled if another process does."""
        call = Call(job.func, args, kwargs, job.context.copy())
        if self._durable is None or job.options.every_process:
            options = self.registry.find(job.func)
            return self._runner.run(call, options=options, job_run=True)
        firing = Firing(job.id, due.timestamp(), job.options.max_instances)
        return self._durable.run_job(self._runner, firing, call)

    def job_since(self, job: Job, now: datetime) -> datetime:
        """Tell since when a job's firings count: from the last that any process took, where they share them."""
        if self._durable is None or job.options.every_process:
            return now
        return datetime.fromtimestamp(self._durable.see_job(job.id, repr(job.schedule)), UTC)

    def wait(self) -> None:
        """Wait until all that is unfinished now is done."""
        self._runner.wait()

    def close(self, deadline: Deadline) -> ShutdownReport:
        """End all work within a deadline, and say what came of it."""
        if self._durable is not None:
            self._durable.settle(deadline.left())
        report = self._runner.drain(deadline)
        if self._durable is not None:
            self._durable.close(leave_running=bool(report.abandoned))
        return report

    def after_fork(self) -> None:
        """Begin anew in a forked child, where none of the threads exist."""
        self._loop = None
        if self._durable is not None:
            self._durable.forget()
        self.open()

    def _make_durable(self, path: Path, power_safe: bool) -> DurableTasks:
        from areion_orchestrator.durable import DurableTasks  # SQLite is not loaded where it is not used

        # Enough of other processes' tasks to keep the workers busy; the rest is left for yet others.
        ahead = 4 * self._max_workers
        return DurableTasks(path, self.registry, self._log, ahead, power_safe=power_safe, now=self._now)
