"""What a test needs: the contract of an orchestrator as tests to inherit, and a clock that is moved by hand.

Needs no test framework: the contracts are plain classes whose methods begin with `test_`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from areion_orchestrator.base import BaseOrchestrator
from areion_orchestrator.job import Job
from areion_orchestrator.orchestrator import Orchestrator

# How long a test waits for what must happen, in real seconds; only a broken implementation takes so long.
PATIENCE = 10.0

_NEVER = float("inf")


class FakeClock:
    """A clock that stands still until it is moved.

    Moving it wakes who waits, at each moment that somebody waits for, in order: an orchestrator fires all that
    becomes due on the way, as if the time had passed.

    Example:
        >>> clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
        >>> orchestrator = Orchestrator(timezone="UTC", clock=clock)
        >>> job = orchestrator.schedule_cron_task(print, "0 3 * * *", "Good morning")
        >>> orchestrator.start()
        >>> clock.advance(timedelta(days=2), orchestrator)
        Good morning
        Good morning
        >>> _ = orchestrator.shutdown()

    Args:
        start: Where it stands at first, aware.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start.timestamp()
        self._changed = threading.Condition()
        self._sleepers: dict[threading.Condition, float] = {}
        self._woken: set[threading.Condition] = set()

    def now(self) -> float:
        """Return POSIX time in seconds."""
        return self._now

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Wait on `condition` until notified, or until the clock is moved so far."""
        with self._changed:
            if until is not None and until <= self._now:  # it was moved just now
                return
            self._sleepers[condition] = _NEVER if until is None else until
            self._woken.discard(condition)
            self._changed.notify_all()
        condition.wait()
        with self._changed:
            self._sleepers.pop(condition, None)

    def set(self, moment: datetime) -> None:
        """Put the clock to a moment at once, forward or back, as an administrator or a nap of the machine does."""
        with self._changed:
            self._now = moment.timestamp()
            sleepers = list(self._sleepers)
        self._wake(sleepers)

    def advance(self, by: timedelta | float, orchestrator: Orchestrator | None = None) -> None:
        """Let time pass.

        Args:
            by: How much, as a timedelta or in seconds.
            orchestrator: If given, each of its runs ends before the time goes on.

        Raises:
            TimeoutError: Something that was woken does not go back to sleep.
        """
        target = self._now + (by.total_seconds() if isinstance(by, timedelta) else by)
        self._settle(orchestrator)
        while True:
            with self._changed:
                due = min(self._sleepers.values(), default=_NEVER)
                if due > target:
                    self._now = max(self._now, target)
                    return
                self._now = max(self._now, due)
                sleepers = [sleeper for sleeper, when in self._sleepers.items() if when <= self._now]
            self._wake(sleepers)
            self._settle(orchestrator)

    def _wake(self, sleepers: list[threading.Condition]) -> None:
        """Wake some, and wait until they sleep again."""
        with self._changed:
            self._woken.update(sleepers)
        for sleeper in sleepers:
            with sleeper:
                sleeper.notify_all()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._woken, PATIENCE):
                self._woken.clear()
                raise TimeoutError("what was woken by the clock did not go back to sleep")

    def _settle(self, orchestrator: Orchestrator | None) -> None:
        """Wait until no job runs, and the scheduler sleeps until the next is due."""
        if orchestrator is not None:
            eventually(lambda: self._is_settled(orchestrator.jobs), pause=0.0001)

    def _is_settled(self, jobs: Sequence[Job]) -> bool:
        first = min((when for job in jobs if (when := job.fires_at) is not None), default=_NEVER)
        with self._changed:
            wakes = min(self._sleepers.values(), default=_NEVER)
        is_asleep = first == _NEVER or wakes <= first
        return is_asleep and not any(job.running for job in jobs)


def eventually(condition: Callable[[], Any], timeout: float = PATIENCE, *, pause: float = 0.005) -> None:
    """Wait until `condition()` is true.

    Raises:
        AssertionError: It is not, after `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not true after {timeout:g} s: {condition}")
        time.sleep(pause)


@contextmanager
def _raises(*errors: type[BaseException]) -> Iterator[None]:
    try:
        yield
    except errors:
        return
    raise AssertionError(f"none of {[error.__name__ for error in errors]} was raised")


class OrchestratorContract(ABC):
    """What every orchestrator must do; inherit it in a test class and say how yours is made.

    Example:
        class TestMine(OrchestratorContract):
            def make(self):
                return MyOrchestrator()
    """

    @abstractmethod
    def make(self) -> BaseOrchestrator:
        """Return a new orchestrator that was not started."""

    @contextmanager
    def running(self) -> Iterator[BaseOrchestrator]:
        """Start an orchestrator for a test, and shut it down after."""
        orchestrator = self.make()
        orchestrator.start()
        try:
            yield orchestrator
        finally:
            orchestrator.shutdown()

    def test_it_is_a_base_orchestrator(self) -> None:
        """A server accepts it: it has all the methods of the base."""
        orchestrator = self.make()
        assert isinstance(orchestrator, BaseOrchestrator)
        orchestrator.shutdown()

    def test_a_task_gets_its_arguments_and_gives_its_result(self) -> None:
        """submit_task() passes all arguments on and returns a future of the result."""
        with self.running() as orchestrator:
            future = orchestrator.submit_task(lambda *args, **kwargs: (args, kwargs), 1, 2, three=3)
            assert isinstance(future, Future)
            assert future.result(PATIENCE) == ((1, 2), {"three": 3})

    def test_a_task_runs_in_the_background(self) -> None:
        """submit_task() does not wait for the task."""
        with self.running() as orchestrator:
            go = threading.Event()
            future = orchestrator.submit_task(go.wait, PATIENCE)
            assert not future.done()
            go.set()
            assert future.result(PATIENCE) is True

    def test_a_task_before_start_runs(self) -> None:
        """A task submitted before start() runs, by the time of run_tasks() at the latest."""
        orchestrator = self.make()
        ran = threading.Event()
        orchestrator.submit_task(ran.set)
        orchestrator.start()
        orchestrator.run_tasks()
        assert ran.wait(PATIENCE)
        orchestrator.shutdown()

    def test_a_failing_task_harms_only_itself(self) -> None:
        """The exception is the future's; the next task runs."""
        with self.running() as orchestrator:
            failing = orchestrator.submit_task(lambda: 1 / 0)
            assert isinstance(failing.exception(PATIENCE), ZeroDivisionError)
            assert orchestrator.submit_task(int, "7").result(PATIENCE) == 7

    def test_many_tasks_all_run_once(self) -> None:
        """Of a thousand tasks from several threads, none is lost and none runs twice."""
        done: list[int] = []
        with self.running() as orchestrator:

            def submit(first: int) -> None:
                for number in range(first, first + 250):
                    orchestrator.submit_task(done.append, number)

            threads = [threading.Thread(target=submit, args=(first,)) for first in range(0, 1000, 250)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            eventually(lambda: len(done) >= 1000)
        assert sorted(done) == list(range(1000))

    def test_jobs_fire_with_their_arguments_and_survive_failures(self) -> None:
        """One function scheduled twice gets each job's arguments; a job that raises is fired again.

        After shutdown(), nothing is fired.
        """
        calls: list[Any] = []

        def run(*args: Any, **kwargs: Any) -> None:
            calls.append((args, kwargs))
            raise ValueError("a job that fails keeps its schedule")

        first, second = ((1,), {"id": "x"}), ((2,), {"second": 5, "name": None})
        with self.running() as orchestrator:
            orchestrator.schedule_cron_task(run, {"second": "*"}, *first[0], **first[1])
            orchestrator.schedule_cron_task(run, "* * * * * *", *second[0], **second[1])
            eventually(lambda: calls.count(first) >= 2 and calls.count(second) >= 2)
        count = len(calls)
        assert all(call in (first, second) for call in calls)
        time.sleep(1.05)
        assert len(calls) == count

    def test_a_senseless_schedule_is_a_value_error(self) -> None:
        """What cannot be understood, or never comes, is refused when scheduled."""
        with self.running() as orchestrator:
            for cron in ({}, {"hours": 1}, {"hour": 24}, "* * *", "0 0 30 2 *"):
                with _raises(ValueError):
                    orchestrator.schedule_cron_task(int, cron)

    def test_start_and_shutdown_in_any_order(self) -> None:
        """Both may be called twice, and shutdown() before start()."""
        orchestrator = self.make()
        orchestrator.shutdown()
        orchestrator.shutdown()
        with self.running() as orchestrator:
            orchestrator.start()
            orchestrator.shutdown()

    def test_a_task_after_shutdown_is_refused(self) -> None:
        """It is a RuntimeError: a task that would never run is not taken silently."""
        with self.running() as orchestrator:
            orchestrator.shutdown()
            with _raises(RuntimeError):
                orchestrator.submit_task(int)

    def test_shutdown_waits_for_running_tasks(self) -> None:
        """A task that is nearly done is not cut off."""
        done: list[int] = []

        def work() -> None:
            time.sleep(0.1)
            done.append(1)

        with self.running() as orchestrator:
            orchestrator.submit_task(work)
        assert done == [1]

    def test_the_hooks_can_be_called(self) -> None:
        """A server calls the optional hooks of every orchestrator."""
        with self.running() as orchestrator:
            orchestrator.set_logger(None)
            orchestrator.bind_loop(None)
            orchestrator.run_tasks()
            assert len(orchestrator.jobs) == 0


class CoroutineContract(OrchestratorContract):
    """What an orchestrator that runs coroutine functions must do besides."""

    def test_a_coroutine_function_runs(self) -> None:
        """It is awaited, and its result is the future's, also when no loop is bound."""
        with self.running() as orchestrator:
            assert orchestrator.submit_task(_double, 4).result(PATIENCE) == 8

    def test_a_coroutine_function_runs_on_the_bound_loop(self) -> None:
        """The server's loop runs it, not another one."""

        async def serve() -> None:
            with self.running() as orchestrator:
                loop = asyncio.get_running_loop()
                orchestrator.bind_loop(loop)
                future = orchestrator.submit_task(_current_loop)
                assert await asyncio.wait_for(asyncio.wrap_future(future), PATIENCE) is loop
                await asyncio.to_thread(orchestrator.shutdown)
                orchestrator.bind_loop(None)

        asyncio.run(serve())


async def _double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


async def _current_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
