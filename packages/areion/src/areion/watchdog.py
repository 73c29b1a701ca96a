"""The loop watchdog: names the code that blocks the event loop.

Strategy: a thread asks the loop for a sign of life several times per threshold. While the sign is late, it looks at
what the loop's thread is doing. Code that is seen at the same call, for the same request, for longer than the
threshold has blocked the loop. An idle loop answers at once; a busy one with many short calls is not blamed,
for the call changes; time in which the watchdog itself did not run while the loop's thread used no processor
(a suspended machine, a stopped process) is not counted.

Requests do not pass through here: what it costs is its thread, some 50 short wake-ups a second at the default
threshold, whatever the traffic.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from areion_http import HttpRequest

from areion._frames import Place, innermost_own, is_library, outwards, place_of, request_of

logger: Final = logging.getLogger("areion.watchdog")

DEFAULT_THRESHOLD: Final = 0.1
"""Seconds: what a person notices (Nielsen's limit), and what delays every other request by as much."""
_LOOKS: Final = 5
"""Looks per threshold: a duration is at most a fifth of the threshold too long, and never too short."""
_STILL: Final = 5.0
"""Seconds after which a block that goes on is logged before its end: it may have none."""
_IDLE: Final = 0.1
"""Share of the processor below which the loop's thread has not run: a stopped one gets none, a crowded one some."""
_KEPT: Final = 20
"""Blockages that are remembered one by one."""


@dataclass(frozen=True, slots=True)
class Blockage:
    """One time that the loop was blocked.

    Attributes:
        seconds: For how long; up to a fifth of the threshold more than it really was.
        at: When it began, in UTC.
        method: Of the request that was handled; None if it was none.
        path: Its path as sent, without the query.
        route: The pattern of its route; None if unknown.
        place: The line of the application's own code that was waited in.
        stack: That line and what called it in the application, outermost first.
    """

    seconds: float
    at: datetime
    method: str | None
    path: str | None
    route: str | None
    place: Place | None
    stack: tuple[Place, ...] = ()

    def __str__(self) -> str:
        who = f"{self.method} {self.path}" if self.method else "code outside of requests"
        if self.route is not None and self.route != self.path:
            who += f" (route {self.route})"
        where = f" in {self.place}: {self.place.code}" if self.place is not None else ""
        return f"{who} blocked the event loop for {self.seconds:.3f} s{where}"


@dataclass(slots=True)
class _Suspect:
    """Code that may be blocking: a call out of the loop, and the request it works for."""

    root: FrameType
    request: HttpRequest | None
    began: float
    seen: float
    place: Place | None = None
    stack: tuple[Place, ...] = ()
    told: bool = False


class Watchdog:
    """Watches one loop.

    Args:
        threshold: Seconds for which code may keep the loop from anything else.
        route_of: ``route_of(method, raw_path)`` gives the pattern of a route, or None.
        log: Whether to log each blockage, as a warning.

    Attributes:
        threshold: As given.

    Raises:
        ValueError: If the threshold is not a number of seconds from 0.001 to 3600.
    """

    def __init__(
        self,
        threshold: float = DEFAULT_THRESHOLD,
        *,
        route_of: Callable[[str, str], str | None] | None = None,
        log: bool = True,
    ) -> None:
        self.threshold = check_threshold("threshold", threshold)
        self._interval = threshold / _LOOKS
        self._route_of = route_of or (lambda _method, _path: None)
        self._log = log
        self._lock = threading.Lock()
        self._count = 0
        self._total = 0.0
        self._longest: Blockage | None = None
        self._recent: deque[Blockage] = deque(maxlen=_KEPT)
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._settling: deque[Future[None]] = deque()
        self._suspect: _Suspect | None = None
        # Written by the loop's thread alone, read by the watchdog's; each is one assignment.
        self._answered_at = 0.0
        self._depth = 0

    # -- what it has seen ---------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How often the loop was blocked."""
        return self._count

    @property
    def total(self) -> float:
        """For how many seconds, all in all."""
        return self._total

    @property
    def longest(self) -> Blockage | None:
        """The longest blockage; None if there was none."""
        return self._longest

    @property
    def recent(self) -> tuple[Blockage, ...]:
        """The last blockages, oldest first: up to 20."""
        with self._lock:
            return tuple(self._recent)

    # -- life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch the running loop; call it there."""
        if self._thread is not None:
            raise RuntimeError("the watchdog watches a loop already")
        self._stopping = False
        self._wake.clear()
        self._answered_at, self._depth = time.monotonic(), 0
        watched = threading.get_ident()
        loop = asyncio.get_running_loop()
        # The first sign of life tells how deep calls out of the loop are: before anything can block it.
        loop.call_soon(self._answer)
        work = (loop, watched, _processor_clock(watched))
        self._thread = threading.Thread(target=self._watch, args=work, name="areion-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; what was seen can still be asked for."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            self._wake.set()
            thread.join()
            while self._settling:
                self._settling.popleft().set_result(None)

    async def settle(self) -> None:
        """Wait until all that has blocked the loop until now is accounted for; call it on the loop."""
        if self._thread is not None and self._thread.is_alive():
            settled: Future[None] = Future()
            self._settling.append(settled)
            self._wake.set()
            await asyncio.wrap_future(settled)

    # -- the loop's thread --------------------------------------------------------------------------------

    def _answer(self) -> None:
        """Give the sign of life; note how deep in the stack the loop calls things."""
        self._depth = sum(1 for _ in outwards(sys._getframe()))
        self._answered_at = time.monotonic()

    # -- the watchdog's thread ----------------------------------------------------------------------------

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int, used: Callable[[], float]) -> None:
        asked_at, answered_at = 0.0, self._answered_at
        last, last_used = time.monotonic(), used()
        while not self._stopping:
            self._wake.wait(self._interval)
            self._wake.clear()
            settling = [self._settling.popleft() for _ in range(len(self._settling))]
            now, now_used = time.monotonic(), used()
            late = now - last - self._interval
            if late > self.threshold and now_used - last_used < late * _IDLE:
                # Nobody ran: the machine was suspended, or the process stopped.
                answered_at += late
                if self._suspect is not None:
                    self._suspect.began += late
            elif self._answered_at >= asked_at:
                answered_at, asked_at = self._answered_at, now
                self._judge(answered_at)
                if not _call_soon(loop, self._answer):
                    break
                if late > self.threshold:
                    # A call into C held the interpreter itself; the loop's thread has just left it.
                    self._look(watched, last, now)
            else:
                self._look(watched, answered_at if self._suspect is None else last, now)
            last, last_used = now, now_used
            for settled in settling:
                settled.set_result(None)
        self._judge(self._answered_at if self._answered_at >= asked_at else time.monotonic())

    def _look(self, watched: int, began: float, now: float) -> None:
        """See what the loop's thread does: still the same, or since ``began`` something else."""
        frames = list(outwards(sys._current_frames().get(watched)))
        depth = self._depth
        root = frames[-depth] if 0 < depth <= len(frames) else None
        request = request_of(frames)
        suspect = self._suspect
        if suspect is not None and suspect.root is root and suspect.request is request:
            suspect.seen = now
        else:
            self._judge(began)
            suspect = self._suspect = None if root is None else _Suspect(root, request, began, now)
        if suspect is not None:
            self._consider(suspect, frames)

    def _consider(self, suspect: _Suspect, frames: list[FrameType]) -> None:
        """Keep where a suspect is, in the middle of what is long enough; tell of one that goes on and on."""
        lasted = suspect.seen - suspect.began
        if suspect.place is None and lasted >= self.threshold / 2:
            inner = innermost_own(frames)
            index = frames.index(inner) if inner is not None else 0
            suspect.place = place_of(frames[index])
            callers = [frame for frame in frames[index + 1 :] if not is_library(frame)]
            suspect.stack = (*(place_of(frame) for frame in reversed(callers)), suspect.place)
        if lasted >= _STILL and not suspect.told and self._log:
            suspect.told = True
            logger.warning("%s, and still does", self._blockage(suspect, suspect.seen))

    def _judge(self, ended: float) -> None:
        """Let the suspect go; count it if it took too long."""
        suspect, self._suspect = self._suspect, None
        if suspect is None:
            return
        ended = min(ended, suspect.seen + self._interval)
        if ended - suspect.began < self.threshold or suspect.place is None:
            return
        blockage = self._blockage(suspect, ended)
        with self._lock:
            self._count += 1
            self._total += blockage.seconds
            self._recent.append(blockage)
            if self._longest is None or blockage.seconds > self._longest.seconds:
                self._longest = blockage
        if self._log:
            logger.warning("%s", blockage)

    def _blockage(self, suspect: _Suspect, ended: float) -> Blockage:
        request = suspect.request
        seconds = ended - suspect.began
        return Blockage(
            seconds=seconds,
            at=datetime.fromtimestamp(time.time() - (time.monotonic() - suspect.began), UTC),
            method=None if request is None else request.method,
            path=None if request is None else request.raw_path,
            route=None if request is None else self._route_of(request.method, request.raw_path),
            place=suspect.place,
            stack=suspect.stack,
        )


def check_threshold(name: str, threshold: Any) -> float:
    """Return a number of seconds that the loop may be blocked for.

    Raises:
        ValueError: If it is not a number from 0.001 to 3600.
    """
    # Infinity, too, is more than a lock can wait.
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, (int, float))
        or not 0.001 <= threshold <= 3600
    ):
        raise ValueError(f"{name}: expected seconds from 0.001 to 3600, got {threshold!r}")
    return float(threshold)


def _call_soon(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> bool:
    """Have the loop call a function; return False if it is closed, which is the end of watching it."""
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        return False
    return True


def _processor_clock(thread: int) -> Callable[[], float]:
    """Return a clock of the processor time that a thread has used; of the whole process where there is none."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.process_time
    clock = time.pthread_getcpuclockid(thread)

    def used() -> float:
        try:
            return time.clock_gettime(clock)
        except OSError:
            return 0.0  # the thread has ended, and its loop with it

    return used
