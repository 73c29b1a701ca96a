"""The default orchestrator: the parts put together, and the public methods over them.

Running is in `_runner`, schedules in `cron`, firing in `_cron_runner`. No scheduling rule and no thread code
may live here.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from datetime import datetime, tzinfo
from types import FunctionType
from typing import Any, TypeVar

from areion_orchestrator._calls import check_callable, is_coroutine_function
from areion_orchestrator._cron_runner import CronRunner
from areion_orchestrator._lifecycle import Deadline, ShutdownReport, name_some
from areion_orchestrator._log import Log, stable_name
from areion_orchestrator._pool import refusal
from areion_orchestrator._registry import TaskRegistry
from areion_orchestrator._runner import TaskRunner
from areion_orchestrator._tasks import TaskOptions
from areion_orchestrator.base import BaseOrchestrator
from areion_orchestrator.clock import Clock, MonotonicClock, SystemClock
from areion_orchestrator.cron import CronSchedule
from areion_orchestrator.job import Job, JobOptions

F = TypeVar("F", bound=Callable[..., Any])

# How many tasks may wait. A waiting task takes about a kilobyte, so a full queue is some 100 MB: by then the
# work is not going to be caught up with, and whoever submits should hear of it.
DEFAULT_MAX_QUEUE = 100_000

# How long a shutdown waits for tasks: a third of the 30 s that container platforms commonly give a process.
DEFAULT_DRAIN_TIME = 10.0

# A missed run is made up for within an hour: long enough for a deployment, a reboot or a nap of the machine.
DEFAULT_MISFIRE_GRACE = 3600.0


class Orchestrator(BaseOrchestrator):
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
        misfire_grace: For how many seconds a missed cron run is still made up for; None is for ever.
        coalesce: Whether several missed runs of a job are made up for by one.
        max_instances: How many runs of one job may overlap.
        jitter: Each cron run is delayed by a random time of up to so many seconds.
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
        clock: Clock | None = None,
    ) -> None:
        _check_number("max_workers", max_workers, 1, whole=True)
        _check_number("max_queue", max_queue, 1, whole=True)
        _check_number("drain_time", drain_time, 0)
        self._max_workers = max_workers
        self._max_queue = max_queue
        self._drain_time = drain_time
        self._timezone = CronSchedule("@daily", timezone).timezone
        self._job_options = _job_options(misfire_grace, coalesce, max_instances, jitter)
        self._log = Log()
        self._delay_clock = clock or MonotonicClock()
        self._registry = TaskRegistry()
        self._cron = CronRunner(clock or SystemClock(), self._log, self._launch_job)
        self._loop: AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._shutting = threading.Lock()
        self._started = False
        self._closed = False
        self._report: ShutdownReport | None = None
        self._runner = self._make_runner()
        _alive.add(self)

    def start(self) -> None:
        """Begin to fire jobs; after a `shutdown()`, begin anew. Calling it while started changes nothing."""
        with self._shutting, self._lock:
            if self._started:
                return
            if self._closed:
                self._runner = self._make_runner()
                self._closed, self._report = False, None
            self._started = True
        self._cron.start()
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
            TypeError: `func` cannot be called.
        """
        if self._closed:
            raise refusal(func)
        # PERF: the plain case first; tests/benchmarks/orchestrator
        if type(func) is FunctionType and not self._registry and not is_coroutine_function(func):
            return self._runner.submit_plain(func, args, kwargs, copy_context())
        check_callable(func, "submit_task()")
        return self._runner.run(func, args, kwargs, copy_context(), options=self._registry.find(func))

    def schedule_cron_task(
        self, func: Callable[..., Any], /, cron: str | Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> Job:
        """Run `func(*args, **kwargs)` whenever `cron` is due.

        Args:
            func: As for `submit_task()`; one function may be scheduled many times.
            cron: As for `CronSchedule`.
            *args: Positional arguments of `func`.
            **kwargs: Keyword arguments of `func`, whatever their names. For options of the job, see
                `add_cron_job()`.

        Returns:
            The job's handle.

        Raises:
            ValueError: `cron` is malformed or has no due instant in the future.
            TypeError: `func` cannot be called.
        """
        return self.add_cron_job(func, cron, args=args, kwargs=kwargs)

    def add_cron_job(
        self,
        func: Callable[..., Any],
        cron: str | Mapping[str, Any] | CronSchedule,
        *,
        args: tuple[Any, ...] = (),
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
                orchestrator's.

        Returns:
            The job's handle.

        Raises:
            ValueError: `cron`, `id` or an option cannot be used.
            TypeError: `func` cannot be called, or an option is unknown.
        """
        check_callable(func, "a cron job")
        zone = self._timezone if timezone is None else timezone
        schedule = cron if isinstance(cron, CronSchedule) else CronSchedule(cron, zone)
        defaults = self._job_options
        chosen = _job_options(
            options.pop("misfire_grace", defaults.misfire_grace),
            options.pop("coalesce", defaults.coalesce),
            options.pop("max_instances", defaults.max_instances),
            options.pop("jitter", defaults.jitter),
        )
        if options:
            unknown = ", ".join(options)
            raise TypeError(f"unknown job options: {unknown} (arguments of the function go in `kwargs`)")
        return self._cron.add(id, func, args, dict(kwargs or {}), schedule, chosen, copy_context())

    def task(
        self,
        func: F | None = None,
        /,
        *,
        name: str | None = None,
        retries: int = 0,
        timeout: float | None = None,
        backoff: float = 0.5,
        backoff_max: float = 300.0,
        retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
    ) -> Any:
        """Register a function with options for how it is run; a decorator that returns the function itself.

        The options hold wherever the function is submitted or scheduled; calling it directly is a plain call.

        Example:
            >>> orchestrator = Orchestrator()
            >>> @orchestrator.task(retries=3, timeout=5)
            ... def greet(name):
            ...     return f"Hello, {name}"
            >>> orchestrator.submit_task(greet, "Ada").result()
            'Hello, Ada'
            >>> _ = orchestrator.shutdown()

        Args:
            func: The function, when used without parentheses.
            name: A stable name; made from module and function name if left out.
            retries: How many more attempts a failed task gets.
            timeout: Seconds that one attempt may take. A coroutine is then cancelled, and tried again if
                attempts are left. A thread cannot be stopped: the future fails with TaskTimeoutError, the
                thread goes on, holding a worker, and there is no further attempt beside it.
            backoff: Seconds before the second attempt; each further pause is twice as long, and shortened at
                random by up to half, so that tasks that failed together do not come back together.
            backoff_max: The longest pause in seconds.
            retry_on: Which exceptions are worth another attempt.

        Returns:
            The function, or a decorator that returns it.

        Raises:
            ValueError: An option is out of range, or another function has the name.
            TypeError: `func` cannot be called.
        """
        _check_number("retries", retries, 0, whole=True)
        _check_number("backoff", backoff, 0)
        _check_number("backoff_max", backoff_max, 0)
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout must be above 0 seconds, or None for no limit, not {timeout!r}")
        errors = retry_on if isinstance(retry_on, tuple) else (retry_on,)

        def register(function: F) -> F:
            check_callable(function, "task()")
            options = TaskOptions(
                name or stable_name(function), retries, timeout, backoff, backoff_max, errors
            )
            self._registry.add(function, options)
            return function

        return register if func is None else register(func)

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
        self._runner.wait()

    def set_logger(self, logger: Any) -> None:
        """Write to `logger` instead of `logging.getLogger("areion.orchestrator")`; None goes back to that."""
        self._log.use(logger)

    def bind_loop(self, loop: AbstractEventLoop | None) -> None:
        """Run coroutine functions on `loop` from now on; None when that loop goes away.

        With None, coroutines still under way on the loop are cancelled and named in a warning.
        """
        self._loop = loop
        self._runner.bind(loop)

    def shutdown(self, timeout: float | None = None) -> ShutdownReport:
        """Stop firing, refuse new tasks, let the others finish, release all threads.

        Blocks for at most about `timeout` seconds. Call it from any thread but an event loop's: coroutines on
        a loop that it holds up cannot finish, and are cancelled. Calling it again returns the same report.

        Args:
            timeout: Seconds for queued and running tasks to finish; None is the constructor's `drain_time`.

        Returns:
            What was finished, cancelled and abandoned; the latter two are also logged, by name.
        """
        with self._shutting:
            with self._lock:
                if self._report is not None:
                    return self._report
                self._closed, self._started = True, False
            deadline = Deadline(self._drain_time if timeout is None else timeout)
            self._cron.stop()
            self._report = report = self._runner.drain(deadline)
        if report.abandoned:
            text = "shutdown abandoned %d tasks, whose threads still run: %s"
            self._log.write("warning", text, len(report.abandoned), name_some(report.abandoned))
        if report.cancelled:
            text = "shutdown cancelled %d unfinished tasks: %s"
            self._log.write("warning", text, len(report.cancelled), name_some(report.cancelled))
        self._log.write("info", "orchestrator shut down in %.1f s", report.seconds)
        return report

    def _make_runner(self) -> TaskRunner:
        return TaskRunner(self._max_workers, self._max_queue, self._log, self._delay_clock, self._loop)

    def _launch_job(
        self, job: Job, due: datetime, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Future[Any]:
        """Run a job once; the cron runner calls it for what is due."""
        del due
        options = self._registry.find(job.func)
        return self._runner.run(job.func, args, kwargs, job.context.copy(), options=options, report=False)

    def _after_fork(self) -> None:
        """Begin anew in a forked child, where none of the threads exist; jobs and registrations stay."""
        self._lock, self._shutting = threading.Lock(), threading.Lock()
        self._cron.forget_threads()
        self._loop, self._started = None, False
        self._runner = self._make_runner()


def _check_number(name: str, value: Any, least: float, *, whole: bool = False) -> None:
    kind = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not value >= least:
        what = "a whole number" if whole else "a number"
        raise ValueError(f"{name} must be {what} of at least {least}, not {value!r}")


def _job_options(
    misfire_grace: float | None, coalesce: bool, max_instances: int, jitter: float
) -> JobOptions:
    if misfire_grace is not None:
        _check_number("misfire_grace", misfire_grace, 0)
    _check_number("max_instances", max_instances, 1, whole=True)
    _check_number("jitter", jitter, 0)
    return JobOptions(misfire_grace, bool(coalesce), max_instances, float(jitter))


_alive: weakref.WeakSet[Orchestrator] = weakref.WeakSet()


@atexit.register
def _shut_down_all() -> None:
    """Let tasks finish when a program ends without a shutdown; daemon threads would be cut off."""
    for orchestrator in list(_alive):
        orchestrator.shutdown()


def _reopen_all() -> None:
    for orchestrator in list(_alive):
        orchestrator._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reopen_all)
