"""The report of a shutdown, and the time that it may take; data only, the work is done in `_runner`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShutdownReport:
    """What a shutdown came to.

    Attributes:
        finished: How many tasks were waited for, and ended in time.
        cancelled: Names of tasks that will not be done: those that had not begun at the end of the time limit,
            coroutines that had not ended, and those that waited for another attempt.
        abandoned: Names of tasks whose threads were still running then. A thread cannot be stopped: it goes
            on until it ends or the process does.
        seconds: How long it took.
    """

    finished: int = 0
    cancelled: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing was left unfinished."""
        return not self.cancelled and not self.abandoned


def name_some(names: Iterable[str], limit: int = 10) -> str:
    """List names for a message, at most `limit` of them."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


class Deadline:
    """A moment on the monotonic clock, and what is left until then."""

    def __init__(self, seconds: float) -> None:
        self._begin = time.monotonic()
        self._end = self._begin + seconds

    def left(self) -> float:
        """Return the seconds left, at least zero."""
        return max(0.0, self._end - time.monotonic())

    def taken(self) -> float:
        """Return the seconds since it was made."""
        return time.monotonic() - self._begin
