from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from areion_orchestrator._log import Log
from areion_orchestrator._timers import Timers
from areion_orchestrator.clock import LONGEST_WAIT, MonotonicClock, SystemClock
from areion_orchestrator.testing import FakeClock, eventually


@pytest.fixture
def clock():
    return FakeClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def timers(clock):
    timers = Timers(clock, Log(), "timers under test")
    yield timers
    timers.stop()


def asleep(clock, count=1):
    eventually(lambda: len(clock._sleepers) == count)


def test_timers_come_in_the_order_of_their_times(clock, timers):
    """Whatever the order they were set in; those of one time in the order they were set."""
    calls = []
    for name, delay in (("c", 30), ("a", 10), ("b1", 20), ("b2", 20)):
        timers.call_later(delay, lambda name=name: calls.append(name))
    asleep(clock)
    eventually(lambda: min(clock._sleepers.values(), default=0) == clock.now() + 10)
    clock.advance(15)
    assert calls == ["a"]
    clock.advance(15)
    assert calls == ["a", "b1", "b2", "c"]


def test_a_cancelled_timer_is_not_called(clock, timers):
    """cancel() says whether it was in time."""
    calls = []
    timer = timers.call_later(10, lambda: calls.append(1))
    assert timers.cancel(timer)
    assert not timers.cancel(timer)
    timers.call_later(20, lambda: calls.append(2))
    asleep(clock)
    clock.advance(20)
    eventually(lambda: calls)
    assert calls == [2]


def test_cancelled_timers_do_not_pile_up(timers):
    """A million timers set and cancelled leave a small heap."""
    for _ in range(20):
        for timer in [timers.call_later(1000, print) for _ in range(500)]:
            timers.cancel(timer)
    assert len(timers._heap) <= 1000


def test_a_failing_callback_harms_only_itself(clock, timers, caplog):
    """It is logged, and the next is called."""
    calls = []
    timers.call_later(1, lambda: 1 / 0)
    timers.call_later(2, lambda: calls.append(1))
    asleep(clock)
    clock.advance(2)
    eventually(lambda: calls)
    assert "ZeroDivisionError" in caplog.text


def test_nothing_is_called_after_stop(clock):
    """stop() ends the thread; it may be called twice, and before any timer was set."""
    timers = Timers(clock, Log(), "timers under test")
    timers.stop()
    calls = []
    timers.call_later(0, lambda: calls.append(1))
    timers.stop()
    assert not calls
    assert not any(thread.name == "timers under test" for thread in threading.enumerate())


def test_a_clock_that_was_set_back_is_told(clock):
    """Set back by more than a minute, the thread calls on_set_back with how far; by less, it does not."""
    steps = []
    timers = Timers(clock, Log(), "timers under test", steps.append)
    timers.call_later(10, print)
    asleep(clock)
    clock.set(datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
    assert steps == []
    clock.set(datetime(2025, 12, 31, 12, tzinfo=UTC))
    assert steps == [12 * 3600 - 60]
    timers.stop()


@pytest.mark.parametrize("clock_type", [SystemClock, MonotonicClock])
def test_real_clocks_look_again_in_time(clock_type):
    """However far the next timer is, the clock is looked at again within a second."""
    waits = []

    class Condition:
        def wait(self, timeout):
            waits.append(timeout)

    clock = clock_type()
    now = clock.now()
    clock.now = lambda: now
    clock.wait(Condition(), now + 1e9)
    clock.wait(Condition(), now + 0.3)
    clock.wait(Condition(), None)
    assert waits == [LONGEST_WAIT, pytest.approx(0.3), None]


def test_a_real_timer(caplog):
    """With a real clock, a timer comes at its time, not before."""
    timers = Timers(MonotonicClock(), Log(), "timers under test")
    came = []
    begin = time.monotonic()
    timers.call_later(0.05, lambda: came.append(time.monotonic() - begin))
    eventually(lambda: came)
    assert came[0] >= 0.05
    timers.stop()


def test_waiting_costs_no_processor_time(clock, timers):
    """Between two timers the thread sleeps: it wakes for a timer, not to look around."""
    looks = []
    now = clock.now
    clock.now = lambda: (looks.append(1), now())[1]
    for _ in range(10_000):
        timers.call_later(3600, list)
    asleep(clock)
    time.sleep(0.05)
    looks.clear()
    time.sleep(0.1)
    assert looks == []


def test_a_clock_that_nobody_answers(clock):
    """If what was woken does not go back to sleep, moving the clock is an error, not a hang."""
    from areion_orchestrator import testing

    timers = Timers(clock, Log(), "timers under test")
    go = threading.Event()
    timers.call_later(1, lambda: go.wait(10))
    asleep(clock)
    patience, testing.PATIENCE = testing.PATIENCE, 0.1
    try:
        with pytest.raises(TimeoutError, match="did not go back to sleep"):
            clock.advance(1)
    finally:
        testing.PATIENCE = patience
        go.set()
        timers.stop()
