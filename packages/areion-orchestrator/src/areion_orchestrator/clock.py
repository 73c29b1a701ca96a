"""Time as an argument: nothing else in this package reads a clock or sleeps.

A clock tells the time and waits on a condition; `areion_orchestrator.testing.FakeClock` is one that is moved
by hand.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

# The longest wait without a look at the clock: a clock that was set, or a machine that slept, is noticed
# after this many seconds at the latest. A look costs some 20 us however many timers there are, so one a second
# costs no measurable processor time (0.002 %).
LONGEST_WAIT = 1.0


class Clock(Protocol):
    """What the timers need of a clock."""

    def now(self) -> float:
        """Return the time in seconds; POSIX time, where the timers serve cron schedules."""

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Wait on `condition`, whose lock is held, until notified or until this clock shows `until`.

        It may return early: who waits looks at the time again. None means until notified.
        """


class SystemClock:
    """The system's wall clock, which can be set and which goes on while the machine sleeps."""

    def now(self) -> float:
        """Return POSIX time in seconds."""
        return time.time()

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Wait on `condition` until the clock shows `until`, but never longer than LONGEST_WAIT."""
        condition.wait(None if until is None else min(until - self.now(), LONGEST_WAIT))


class MonotonicClock:
    """A clock that nobody can set, for delays and time limits."""

    def now(self) -> float:
        """Return seconds since an unspecified moment."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Wait on `condition` until the clock shows `until`, but never longer than LONGEST_WAIT."""
        condition.wait(None if until is None else min(until - self.now(), LONGEST_WAIT))
