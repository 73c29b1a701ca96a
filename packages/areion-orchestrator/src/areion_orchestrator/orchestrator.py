"""The default orchestrator: the parts put together, and the public methods over them.

Running is in `_runner`, schedules in `cron`, firing in `_cron_runner`. No scheduling rule and no thread code
may live here.
"""

from __future__ import annotations

import os
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from datetime import tzinfo
from types import FunctionType, NoneType
from typing import Any, Self, overload

from areion_orchestrator._backend import Backend
from areion_orchestrator._calls import check_callable, is_coroutine_function
from areion_orchestrator._cron_runner import CronRunner
from areion_orchestrator._lifecycle import Deadline, ShutdownReport, name_some
from areion_orchestrator._log import Log
from areion_orchestrator._options import check_kind, check_number, check_seconds, check_switch, job_options
from areion_orchestrator._pool import refusal
from areion_orchestrator._process import register
from areion_orchestrator._registered import RegisteredTasks
from areion_orchestrator.base import BaseOrchestrator
from areion_orchestrator.clock import Clock, SystemClock
from areion_orchestrator.cron import CronSchedule
from areion_orchestrator.cron._zones import resolve_zone
from areion_orchestrator.job import Job, JobOptions

# How many tasks may wait. A waiting task takes about a kilobyte, so a full queue is some 100 MB: by then the
# work is not going to be caught up with, and whoever submits should hear of it.
DEFAULT_MAX_QUEUE = 100_000

# How long a shutdown waits for tasks: a third of the 30 s that container platforms commonly give a process.
DEFAULT_DRAIN_TIME = 10.0

# A missed run is made up for within an hour: long enough for a deployment, a reboot or a nap of the machine.
DEFAULT_MISFIRE_GRACE = 3600.0


class Orchestrator(RegisteredTasks, BaseOrchestrator):
    """Runs tasks in the background and on cron schedules.

    Sync functions run on a thread pool; coroutine functions on the bound event loop (a server binds its own),
    or else on a loop thread. Tasks may be submitted before `start()`; jobs fire after it.

    Example:
        >>> orchestrator = Orchestrator()
        >>> orchestrator.submit_task(pow, 2, 10).result()
        1024
        >>> orchestrator.shutdown().clean
        True

    Args:
        max_workers: How many sync tasks run at the same time.
        timezone: The time zone of cron schedules: an IANA name, a tzinfo, or None for the system's own.
        max_queue: How many tasks may wait, and how many coroutines may be under way.
        drain_time: Seconds that `shutdown()` gives to queued and running tasks.
        misfire_grace: For how many seconds a missed cron run is still made up for; None is for ever, and a
            run up to a second late is not missed.
        coalesce: Whether several missed runs of a job are made up for by one.
        max_instances: How many runs of one job may overlap.
        jitter: Each cron run is delayed by a random time of up to so many seconds.
        store: A file that keeps durable tasks: those of functions registered with `task()`. They survive the
            process, and are run at least once. Processes on one machine that share the file share the work,
            and each cron firing is run by one of them. Nothing is opened before the first use.
        power_safe: Whether a durable task also survives a power failure from the moment it was submitted, for
            the price of a write to the disk each.
        clock: What tells the time; a fake one in tests.

    Raises:
        ValueError: A number is out of range, or the time zone is unknown.
    """

    def __init__(
        self,
        max_workers: int = 4,
        timezone: str | tzinfo | None = None,
        *,
        max_queue: int = DEFAULT_MAX_QUEUE,
        drain_time: float = DEFAULT_DRAIN_TIME,
        misfire_grace: float | None = DEFAULT_MISFIRE_GRACE,
        coalesce: bool = True,
        max_instances: int = 1,
        jitter: float = 0.0,
        store: str | os.PathLike[str] | None = None,
        power_safe: bool = False,
        clock: Clock | None = None,
    ) -> None:
        check_number("max_workers", max_workers, 1, whole=True)
        check_number("max_queue", max_queue, 1, whole=True)
        check_seconds("drain_time", drain_time)
        check_switch("power_safe", power_safe)
        if store is not None and not isinstance(store, str | os.PathLike):
            raise ValueError(f"store must be the path of a file, not {store!r}")
        self._max_workers = max_workers
        self._max_queue = max_queue
        self._drain_time = drain_time
        self._timezone = resolve_zone(timezone)
        self._job_options = job_options(
            JobOptions(),
            {
                "misfire_grace": misfire_grace,
                "coalesce": coalesce,
                "max_instances": max_instances,
                "jitter": jitter,
            },
        )
        self._log = Log()
        self._backend = Backend(
            max_workers, max_queue, store, power_safe=power_safe, clock=clock, log=self._log, owner=self
        )
        backend = self._backend
        self._cron = CronRunner(clock or SystemClock(), self._log, backend.run_job, backend.job_since)
        self._lock = threading.Lock()
        self._shutting = threading.Lock()
        self._started = False
        self._closed = False
        self._report: ShutdownReport | None = None
        register(self)

    def start(self) -> None:
        """Begin to fire jobs; after a `shutdown()`, begin anew. Calling it while started changes nothing."""
        with self._shutting, self._lock:
            if self._started:
                return
            if self._closed:
                self._backend.open()
                self._closed, self._report = False, None
            self._backend.start()
            self._cron.start()
            self._started = True
        text = "orchestrator started: %d workers, %d jobs"
        self._log.write("info", text, self._max_workers, len(self._cron.jobs))

    def submit_task(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `func(*args, **kwargs)` in the background, now; see the class for where.

        A failure is logged with its traceback, whether or not anybody asks the future.

        Args:
            func: A function, coroutine function, method, partial or callable object. One registered with
                `task()` runs with the options given there.
            *args: Its positional arguments.
            **kwargs: Its keyword arguments.

        Returns:
            A `concurrent.futures.Future`. It can be cancelled until a thread has begun with it, and a
            coroutine at any time.

        Raises:
            QueueFullError: `max_queue` tasks are waiting.
            ShutdownError: The orchestrator is shut down.
            StoreError: The task is durable, and cannot be written down.
            TypeError: `func` cannot be called, or the task is durable and an argument is not JSON.
        """
        if self._closed:
            raise refusal(func)
        # PERF: the plain case first; tests/benchmarks/orchestrator
        backend = self._backend
        if type(func) is FunctionType and func not in backend.registry and not is_coroutine_function(func):
            return backend.submit_plain(func, args, kwargs, copy_context())
        check_callable(func, "submit_task()")
        return backend.submit(func, args, kwargs)

    @overload
    def schedule_cron_task(
        self, func: Callable[..., Any], cron: str | Mapping[str, Any], /, *args: Any, **kwargs: Any
    ) -> Job: ...

    @overload
    def schedule_cron_task(
        self, func: Callable[..., Any], /, *, cron: str | Mapping[str, Any], **kwargs: Any
    ) -> Job: ...

    def schedule_cron_task(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Job:
        """Run `func(*args, **kwargs)` whenever `cron` is due.

        Args:
            func: As for `submit_task()`; one function may be scheduled many times.
            *args: `cron`, as for `CronSchedule`, and then the positional arguments of `func`.
            **kwargs: Keyword arguments of `func`, whatever their names; but where nothing follows `func`,
                `cron` is the schedule. For options of the job, see `add_cron_job()`.

        Returns:
            The job's handle.

        Raises:
            ValueError: `cron` is malformed or has no due instant in the future.
            TypeError: `func` cannot be called, or there is no `cron`.
        """
        if not args and "cron" not in kwargs:
            raise TypeError("schedule_cron_task() needs a schedule: schedule_cron_task(func, '0 3 * * *')")
        cron, *rest = args or (kwargs.pop("cron"),)
        return self.add_cron_job(func, cron, args=rest, kwargs=kwargs)

    def add_cron_job(
        self,
        func: Callable[..., Any],
        cron: str | Mapping[str, Any] | CronSchedule,
        *,
        args: tuple[Any, ...] | list[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        id: str | None = None,
        timezone: str | tzinfo | None = None,
        **options: Any,
    ) -> Job:
        """Schedule a job with options of its own.

        Args:
            func: As for `submit_task()`.
            cron: As for `CronSchedule`, or a CronSchedule.
            args: Positional arguments of `func`.
            kwargs: Keyword arguments of `func`.
            id: A name that no other job has; made from the function's name if left out.
            timezone: The schedule's time zone, if not the orchestrator's.
            **options: Any of `misfire_grace`, `coalesce`, `max_instances`, `jitter`, to differ from the
                orchestrator's; and `every_process=True`, for a job that each of the processes sharing a store
                is to run, such as one that refreshes a cache.

        Returns:
            The job's handle.

        Raises:
            ValueError: `cron`, `id` or an option cannot be used.
            TypeError: `func` cannot be called, an option is unknown, or `args`, `kwargs` or `id` of another type.
        """
        check_callable(func, "a cron job")
        check_kind("args", args, tuple, list)
        check_kind("kwargs", kwargs, Mapping, NoneType)
        check_kind("id", id, str, NoneType)
        zone = self._timezone if timezone is None else timezone
        schedule = cron if isinstance(cron, CronSchedule) else CronSchedule(cron, zone)
        chosen = job_options(self._job_options, options)
        return self._cron.add(id, func, tuple(args), dict(kwargs or {}), schedule, chosen, copy_context())

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The handles of the scheduled jobs, in the order they were scheduled."""
        return self._cron.jobs

    def run_tasks(self) -> None:
        """Wait until all tasks submitted so far are done.

        Raises:
            OrchestratorError: It was called by a task, or on the event loop that a task needs: it would wait
                for ever.
        """
        self._backend.wait()

    def set_logger(self, logger: Any) -> None:
        """Write to `logger` instead of `logging.getLogger("areion.orchestrator")`; None goes back to that."""
        self._log.use(logger)

    def bind_loop(self, loop: AbstractEventLoop | None) -> None:
        """Run coroutine functions on `loop` from now on; None when that loop goes away.

        With None, coroutines still under way on the loop are cancelled and named in a warning.
        """
        self._backend.bind(loop)

    def __enter__(self) -> Self:
        """Start, for a `with` statement that ends with a shutdown."""
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.shutdown()

    @property
    def drain_time(self) -> float:
        """Seconds that `shutdown()` gives to queued and running tasks, unless it is told otherwise."""
        return self._drain_time

    def shutdown(self, timeout: float | None = None) -> ShutdownReport:
        """Stop firing, refuse new tasks, let the others finish, release all threads.

        Blocks for at most about `timeout` seconds. Call it from any thread but an event loop's: coroutines on
        a loop that it holds up cannot finish, and are cancelled. Calling it again returns the same report.

        Args:
            timeout: Seconds for queued and running tasks to finish; None is the constructor's `drain_time`.

        Returns:
            What was finished, cancelled and abandoned; the latter two are also logged, by name.

        Raises:
            ValueError: `timeout` is no number of seconds.
        """
        check_seconds("timeout", self._drain_time if timeout is None else timeout)
        with self._shutting:
            with self._lock:
                if self._report is not None:
                    return self._report
                was_started = self._started
                self._closed, self._started = True, False
            deadline = Deadline(self._drain_time if timeout is None else timeout)
            self._cron.stop()
            self._report = report = self._backend.close(deadline)
        if report.abandoned:
            text = "shutdown abandoned %d tasks, whose threads still run: %s"
            self._log.write("warning", text, len(report.abandoned), name_some(report.abandoned))
        if report.cancelled:
            text = "shutdown cancelled %d unfinished tasks: %s"
            self._log.write("warning", text, len(report.cancelled), name_some(report.cancelled))
        # Of one that never started there is nothing to tell: a program that only looks at a server makes such.
        level = "info" if was_started else "debug"
        self._log.write(level, "orchestrator shut down in %.1f s", report.seconds)
        return report

    def after_fork(self) -> None:
        """Begin anew in a forked child, where none of the threads exist; jobs and registrations stay."""
        self._lock, self._shutting = threading.Lock(), threading.Lock()
        self._started = False
        self._cron.forget_threads()
        self._backend.after_fork()
