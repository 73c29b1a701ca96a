"""Fires jobs: decides at each due instant whether to run, coalesce, skip or make up for.

Every decision takes the time as an argument. Waiting is done by `_timers`, running by the `launch` function,
which is handed in; both are replaced in tests.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import Context
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice, takewhile
from typing import Any, Protocol

from areion_orchestrator._log import Log, stable_name
from areion_orchestrator._timers import Timers
from areion_orchestrator.clock import LONGEST_WAIT, Clock
from areion_orchestrator.cron import CronSchedule
from areion_orchestrator.errors import CronError, OrchestratorError
from areion_orchestrator.job import Job, JobOptions

# With coalesce=False, at most so many missed instants are made up for at once: an hour of seconds.
MOST_MADE_UP = 3600

# Later than this is missed. Less is the ordinary lateness of threads, and of waits that look at the clock again.
_IN_TIME = LONGEST_WAIT

# A clock set back by more than this is a correction, and what the wrong clock planned is void; less, and jobs at
# a fixed hour and minute keep to what has run. cron(8) draws the same line.
_CORRECTION = 3 * 3600.0

_MICROSECOND = timedelta(microseconds=1)


class Launch(Protocol):
    """How a run of a job is started."""

    def __call__(self, job: Job, due: datetime, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future[Any]:
        """Run the job, due at `due`, once."""


class CronRunner:
    """The jobs of one orchestrator.

    Args:
        clock: Tells the time.
        log: Where to write what was skipped.
        launch: Starts a run; its future is cancelled if another process runs it instead.
        since: Tells, given a job and the time, since when the job's firings count.
    """

    def __init__(
        self, clock: Clock, log: Log, launch: Launch, since: Callable[[Job, datetime], datetime]
    ) -> None:
        self._clock = clock
        self._log = log
        self._launch = launch
        self._since = since
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._names: dict[str, Iterator[int]] = {}
        self._timers: Timers | None = None
        # Spreads load; nothing depends on it being unpredictable.
        self._random = random.Random()  # noqa: S311

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs that have not been removed, in the order they were scheduled."""
        with self._lock:
            return tuple(self._jobs.values())

    def add(
        self,
        job_id: str | None,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        schedule: CronSchedule,
        options: JobOptions,
        context: Context,
    ) -> Job:
        """Schedule a job.

        Raises:
            CronError: The schedule has no due instant in the future.
            ValueError: There is a job of this id already.
        """
        now = self._now()
        if schedule.next_after(now) is None:
            raise CronError(f"{schedule!r} is never due after {now:%Y-%m-%d %H:%M} UTC", cron=schedule.cron)
        with self._lock:
            job_id = job_id or self._make_id(func)
            other = self._jobs.get(job_id)
            if other is not None:
                raise ValueError(
                    f"job id {job_id!r} of {schedule!r} is taken by {other.name!r} with {other.schedule!r}"
                )
            job = Job(self, job_id, func, args, kwargs, schedule, options, context)
            self._jobs[job_id] = job
            if self._timers is not None:
                self._arm(job, self._since(job, now))
        return job

    def start(self) -> None:
        """Begin to fire."""
        with self._lock:
            if self._timers is not None:
                return
            now = self._now()
            since = {job: self._since(job, now) for job in self._jobs.values()}
            self._timers = Timers(self._clock, self._log, "areion-cron", self._plan_anew)
            for job, begin in since.items():
                self._arm(job, begin)

    def stop(self) -> None:
        """Fire no more; the jobs stay, for another start."""
        with self._lock:
            timers, self._timers = self._timers, None
            for job in self._jobs.values():
                job._timer = job._next = None
        if timers is not None:
            timers.stop()

    def forget_threads(self) -> None:
        """Begin anew in a forked child, where the thread does not exist and a lock may be held for ever."""
        self._lock = threading.RLock()
        self._timers = None
        for job in self._jobs.values():
            job._timer = job._next = None
            job._running = 0

    def next_run(self, job: Job) -> datetime | None:
        """Return when a job is due next, or would be if the orchestrator were started."""
        with self._lock:
            if job._paused or job._removed:
                return None
            return job._next if self._timers is not None else job.schedule.next_after(self._now())

    def preview(self, job: Job, count: int) -> list[datetime]:
        """Return the next due instants of a job."""
        return job.schedule.preview(count, self._now())

    def pause(self, job: Job) -> None:
        """Fire a job no more for now."""
        with self._lock:
            job._paused = True
            self._disarm(job)

    def resume(self, job: Job) -> None:
        """Fire a paused job again."""
        with self._lock:
            if job._removed:
                raise OrchestratorError(f"job {job.id!r} was removed; schedule it again")
            if job._paused:
                job._paused = False
                self._arm(job, self._now())

    def remove(self, job: Job) -> None:
        """Forget a job."""
        with self._lock:
            job._removed = True
            self._disarm(job)
            self._jobs.pop(job.id, None)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def _make_id(self, func: Callable[..., Any]) -> str:
        """Make an id from where the function is defined; the second job of a function gets `#2`."""
        name = stable_name(func)
        for number in self._names.setdefault(name, count(1)):
            job_id = name if number == 1 else f"{name}#{number}"
            if job_id not in self._jobs:
                return job_id
        raise AssertionError("count() does not end")

    def _arm(self, job: Job, after: datetime) -> None:
        """Plan the first run that is due after a moment."""
        if self._timers is not None and not job._paused and not job._removed:
            self._arm_at(self._timers, job, job.schedule.next_after(after))

    def _arm_at(self, timers: Timers, job: Job, due: datetime | None) -> None:
        """Plan the run that is due at an instant; None if there are no more."""
        job._next = due
        if due is None:
            job._timer = None
            self._log.write("info", "job %r has no more runs: %r", job.id, job.schedule)
            return
        delay = self._random.uniform(0, job.options.jitter) if job.options.jitter else 0.0
        fire = partial(self._fire, job, _to_utc(due), delay)
        job._timer = timers.call_at(due.timestamp() + delay, fire)

    def _disarm(self, job: Job) -> None:
        timer, job._timer, job._next = job._timer, None, None
        if timer is not None and self._timers is not None:
            self._timers.cancel(timer)

    def _plan_anew(self, back: float) -> None:
        """Plan by the new time after the clock was set back; the rules are those of cron(8)."""
        all_jobs = back > _CORRECTION
        with self._lock:
            now = self._now()
            which = "the jobs" if all_jobs else "the jobs with `*` in hour or minute"
            text = "the clock was set back by %.0f s, to %s; %s are planned anew"
            self._log.write("warning", text, back, now, which)
            for job in self._jobs.values():
                if all_jobs or not job.schedule.is_fixed:
                    self._disarm(job)
                    self._arm(job, self._since_if_known(job, now))

    def _since_if_known(self, job: Job, now: datetime) -> datetime:
        try:
            return self._since(job, now)
        except OrchestratorError as error:
            self._log.write("error", "job %r is planned without regard to other processes: %s", job.id, error)
            return now

    def _fire(self, job: Job, due: datetime, delay: float) -> None:
        """Handle an instant that has come, and those missed since; in the timer thread."""
        now = self._now()
        with self._lock:
            timers = self._timers
            if job._paused or job._removed or timers is None:
                return
            following = job.schedule.next_after(due)
            if following is None or following.timestamp() > now.timestamp():
                instants = self._if_in_time(job, due, now - timedelta(seconds=delay))
                self._arm_at(timers, job, following)
            else:
                instants = self._missed(job, due, now - timedelta(seconds=delay))
                self._arm(job, now)
            if instants and job._running >= job.options.max_instances:
                job.skipped += len(instants)
                text = "job %r: the run due at %s is skipped, %d still under way (max_instances)"
                self._log.write("warning", text, job.id, instants[-1], job._running)
                return
            if not instants:
                return
            job._running += 1
        self._run(job, instants)

    def _if_in_time(self, job: Job, due: datetime, now: datetime) -> list[datetime]:
        """Decide whether the run due at `due` is still worth it."""
        grace = job.options.misfire_grace
        if grace is None or (now - due).total_seconds() <= max(grace, _IN_TIME):
            return [due]
        job.skipped += 1
        text = "job %r: the run due at %s is skipped: noticed at %s, more than %g s late (misfire_grace)"
        self._log.write("warning", text, job.id, due, now, max(grace, _IN_TIME))
        return []

    def _missed(self, job: Job, due: datetime, now: datetime) -> list[datetime]:
        """Decide which of several instants from `due` to `now` are worth a run; all are in UTC."""
        grace = job.options.misfire_grace
        oldest = due - _MICROSECOND
        if grace is not None:
            oldest = max(oldest, now - timedelta(seconds=max(grace, _IN_TIME)) - _MICROSECOND)
        found = job.schedule.latest_between(oldest, now)
        if found is None:
            return self._if_in_time(job, due, now)
        latest = found.astimezone(UTC)
        text = "job %r: the runs due from %s to %s were missed, and are made up for by one"
        if job.options.coalesce:
            self._log.write("info", text, job.id, due, latest)
            return [latest]
        upcoming = takewhile(lambda instant: instant <= latest, map(_to_utc, job.schedule.upcoming(oldest)))
        missed = list(islice(upcoming, MOST_MADE_UP + 1))
        if len(missed) > MOST_MADE_UP:
            text = (
                "job %r: of the runs due from %s to %s only the first %d are made up for, the rest is skipped"
            )
            self._log.write("warning", text, job.id, missed[0], latest, MOST_MADE_UP)
        return missed[:MOST_MADE_UP]

    def _run(self, job: Job, instants: list[datetime]) -> None:
        """Run a job once for each instant, one after another."""
        try:
            future = self._launch(job, instants[0], job._args, job._kwargs)
        except OrchestratorError as error:
            with self._lock:
                job._running -= 1
                job.skipped += len(instants)
                job.last_error = error
            self._log.write("error", "job %r: the run due at %s is skipped: %s", job.id, instants[0], error)
            return
        future.add_done_callback(partial(self._finish, job, instants))

    def _finish(self, job: Job, instants: list[datetime], future: Future[Any]) -> None:
        due, *more = instants
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._log.write("error", "job %r: the run due at %s failed", job.id, due, error=error)
        with self._lock:
            job._running -= not more
            if not future.cancelled():
                job.runs += 1
                job.last_run = due.astimezone(job.schedule.timezone)
                job.last_error = error
                job.last_result = future.result() if error is None else job.last_result
        if more:
            self._run(job, more)


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
