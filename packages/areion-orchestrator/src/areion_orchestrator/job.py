"""The handle of one scheduled job: what a user sees and steers.

It holds the job's facts and its counters; firing is `_cron_runner`'s business, which alone changes them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from areion_orchestrator._log import task_name
from areion_orchestrator.cron import CronSchedule

if TYPE_CHECKING:
    from areion_orchestrator._cron_runner import CronRunner
    from areion_orchestrator._timers import Timer


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job is fired.

    Attributes:
        misfire_grace: For how many seconds a missed instant is still worth a run; None is for ever. What is
            no more than a second late was not missed.
        coalesce: Whether several missed instants are made up for by one run, rather than by one each.
        max_instances: How many runs of the job may overlap.
        jitter: Each run is delayed by a random time of up to so many seconds.
        every_process: Whether each process that shares a store fires the job, rather than one of them.
    """

    misfire_grace: float | None = 3600.0
    coalesce: bool = True
    max_instances: int = 1
    jitter: float = 0.0
    every_process: bool = False


@dataclass(frozen=True, slots=True)
class Firing:
    """One due instant of one job.

    Attributes:
        job: The job's id.
        due: The instant, in POSIX seconds.
        most: How many runs of the job may be under way at the same time.
    """

    job: str
    due: float
    most: int


class Job:
    """A scheduled job; returned by `schedule_cron_task`, and listed by `jobs`.

    Attributes:
        id: Unique within its orchestrator; the same in the next process if the program schedules the same.
        func: What it runs.
        schedule: When.
        options: How it is fired.
        context: The context variables of who scheduled it; each run sees a copy.
        last_run: The instant that the latest finished run was due, or None before the first.
        last_result: What the latest successful run returned, or None before the first.
        last_error: The exception of the latest run, or None if it succeeded or there was none.
        runs: How many runs have ended, in this process.
        skipped: How many due instants were not run: paused ones not counted, missed and overlapping ones are.
    """

    def __init__(
        self,
        runner: CronRunner,
        job_id: str,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        schedule: CronSchedule,
        options: JobOptions,
        context: Context,
    ) -> None:
        self.id = job_id
        self.func = func
        self.schedule = schedule
        self.options = options
        self.last_run: datetime | None = None
        self.last_result: Any = None
        self.last_error: BaseException | None = None
        self.runs = 0
        self.skipped = 0
        self._runner = runner
        self._args = args
        self._kwargs = kwargs
        self.context = context
        self._running = 0
        self._paused = False
        self._removed = False
        self._next: datetime | None = None
        self._timer: Timer | None = None

    @property
    def name(self) -> str:
        """What the job is called in messages: the function's qualified name."""
        return task_name(self.func)

    @property
    def next_run(self) -> datetime | None:
        """When it is due next, in its time zone; None while paused, when removed, and after its last run."""
        return self._runner.next_run(self)

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._paused

    @property
    def fires_at(self) -> float | None:
        """When the scheduler fires it next, in POSIX seconds, jitter included; None if it does not."""
        timer = self._timer
        return None if timer is None else timer.when

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return self._running

    def pause(self) -> None:
        """Fire no more until `resume()`; a run under way goes on."""
        self._runner.pause(self)

    def resume(self) -> None:
        """Fire again, from the next due instant on; what was due while paused is not made up for."""
        self._runner.resume(self)

    def remove(self) -> None:
        """Fire never again and leave `jobs`; a run under way goes on."""
        self._runner.remove(self)

    def preview(self, count: int = 5) -> list[datetime]:
        """Return the next `count` instants at which the schedule is due; fewer when there are no more."""
        return self._runner.preview(self, count)

    def __repr__(self) -> str:
        state = "removed" if self._removed else "paused" if self._paused else f"next {self.next_run}"
        return f"<Job {self.id!r} {self.schedule.cron!r} {state}>"
