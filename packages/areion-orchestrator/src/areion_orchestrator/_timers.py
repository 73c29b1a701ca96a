"""One thread that calls functions at given times: a heap and a condition, no polling.

It knows times and callables, nothing of cron or tasks. Callbacks run in its thread one after another, so they
must be short: hand work over, do not do it.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from functools import partial
from itertools import count

from areion_orchestrator._log import Log
from areion_orchestrator.clock import Clock

# A clock set back by less than this is waited for: no schedule need be silent for longer than cron's own minute.
_SET_BACK = 60.0

# Cancelled timers stay in the heap until they come up, or until they are this many and more than half of it.
_FEW_CANCELLED = 256


class Timer:
    """One planned call."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback


class Timers:
    """Calls functions at given times.

    Args:
        clock: Tells the time and waits.
        log: Where failures of callbacks are written.
        name: The thread's name.
        on_set_back: Called in the thread when the clock was set back, with by how many seconds.
    """

    def __init__(
        self, clock: Clock, log: Log, name: str, on_set_back: Callable[[float], None] | None = None
    ) -> None:
        self._clock = clock
        self._log = log
        self._name = name
        self._on_set_back = on_set_back
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._cancelled = 0
        self._thread: threading.Thread | None = None
        self._stopped = False

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback()` when the clock has reached `when`; the thread starts with the first call."""
        timer = Timer(when, callback)
        with self._condition:
            heapq.heappush(self._heap, (when, next(self._order), timer))
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            elif self._heap[0][2] is timer:
                self._condition.notify_all()
        return timer

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call `callback()` in `delay` seconds."""
        return self.call_at(self._clock.now() + delay, callback)

    def cancel(self, timer: Timer) -> bool:
        """Call it no more; return whether that was in time."""
        with self._condition:
            if timer.callback is None:
                return False
            timer.callback = None
            self._cancelled += 1
            if self._cancelled > _FEW_CANCELLED and self._cancelled > len(self._heap) // 2:
                self._heap = [entry for entry in self._heap if entry[2].callback is not None]
                heapq.heapify(self._heap)
                self._cancelled = 0
        return True

    def stop(self) -> None:
        """Call nothing any more, and end the thread."""
        with self._condition:
            self._stopped = True
            self._heap.clear()
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        latest = self._clock.now()
        while True:
            with self._condition:
                if self._stopped:
                    return
                now = self._clock.now()
                back, latest = latest - now, now
                if back > _SET_BACK and self._on_set_back is not None:
                    callback: Callable[[], None] | None = partial(self._on_set_back, back)
                else:
                    callback = self._take_due(now)
            if callback is None:
                continue
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - the thread serves all the others too
                self._log.write("error", "a timer of %s failed", self._name, error=error)

    def _take_due(self, now: float) -> Callable[[], None] | None:
        """Return what is due now; if nothing is, wait, and return None."""
        if not self._heap:
            self._clock.wait(self._condition, None)
            return None
        when, _, timer = self._heap[0]
        if when > now and timer.callback is not None:
            self._clock.wait(self._condition, when)
            return None
        heapq.heappop(self._heap)
        callback, timer.callback = timer.callback, None
        if callback is None:
            self._cancelled -= 1
        return callback
