"""What was measured: per route, per second, and the slowest requests one by one. All of it is bounded.

Used on the loop's thread alone. How the times are taken is ``_instruments``' matter; how they are shown,
``_page``'s.
"""

from __future__ import annotations

import heapq
import itertools
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from areion.profiling.histogram import Histogram

PHASES: Final = ("parse", "server", "middleware", "handler", "serialise")
"""Where time goes, in order; ``server`` is what is none of the others: filters, routing, reading the body."""

_KEPT_SECONDS: Final = 120
_SLOWEST: Final = 20
_PERCENTILES: Final = (50, 95, 99)


@dataclass(slots=True)
class Timing:
    """The times of one request, in seconds.

    Attributes:
        began: When its first filter saw it, by ``time.perf_counter``.
        parse: Reading its head.
        endpoint: Its handler with all middleware; 0 where no route matched.
        handler: Its handler alone, with all that it waited for.
        serialise: Turning what the handler returned into bytes.
        total: All of it, up to the moment when the head of the response can be sent.
        route: The pattern of its route; None if none has matched.
        done: Whether it has been recorded.
    """

    began: float
    parse: float
    endpoint: float = 0.0
    handler: float = 0.0
    serialise: float = 0.0
    total: float = 0.0
    route: str | None = None
    done: bool = False

    @property
    def phases(self) -> tuple[float, ...]:
        """The total split up in the order of ``PHASES``."""
        middleware = max(0.0, self.endpoint - self.handler)
        known = self.parse + middleware + self.handler + self.serialise
        return self.parse, max(0.0, self.total - known), middleware, self.handler, self.serialise

    @property
    def server_timing(self) -> str:
        """The same as the value of a Server-Timing field (W3C Server Timing), in milliseconds."""
        named = [*zip(PHASES, self.phases, strict=True), ("total", self.total)]
        return ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in named)


@dataclass(slots=True)
class RouteStats:
    """What is known of one route and method.

    Attributes:
        latencies: Of all its responses.
        refused: Responses with 4xx.
        failed: Responses with 5xx.
        phases: Seconds in each of ``PHASES``, all in all.
    """

    latencies: Histogram = field(default_factory=Histogram)
    refused: int = 0
    failed: int = 0
    phases: list[float] = field(default_factory=lambda: [0.0] * len(PHASES))

    def add(self, timing: Timing, status: int) -> None:
        """Count one response."""
        self.latencies.add(timing.total)
        if status >= 500:
            self.failed += 1
        elif status >= 400:
            self.refused += 1
        for index, seconds in enumerate(timing.phases):
            self.phases[index] += seconds

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, in milliseconds."""
        latencies = self.latencies
        found: dict[str, Any] = {
            "count": latencies.count,
            "refused": self.refused,
            "failed": self.failed,
            "mean": _ms(latencies.mean),
            "max": _ms(latencies.longest),
            "phases": _split([seconds / (latencies.count or 1) for seconds in self.phases]),
        }
        return found | {f"p{percent}": _ms(latencies.percentile(percent)) for percent in _PERCENTILES}


class Profiler:
    """Gathers the times of one server's requests.

    Attributes:
        parsed: Seconds that reading the last head took: its request is begun right after.
        routes: What is known by method and pattern; ``("*", "(no route)")`` stands for all others.
    """

    def __init__(self) -> None:
        self.parsed = 0.0
        self.routes: dict[tuple[str, str], RouteStats] = {}
        self._all = RouteStats()
        self._seconds: deque[list[float]] = deque(maxlen=_KEPT_SECONDS)
        self._slowest: list[tuple[float, int, dict[str, Any]]] = []
        self._order = itertools.count()
        self._began = time.time()

    def record(self, timing: Timing, method: str, path: str, status: int) -> None:
        """Count a response that can now be sent."""
        key = ("*", "(no route)") if timing.route is None else (method, timing.route)
        stats = self.routes.get(key)
        if stats is None:
            stats = self.routes[key] = RouteStats()
        stats.add(timing, status)
        self._all.add(timing, status)
        now = time.time()
        self._count_second(int(now), timing.total, failed=status >= 500)
        if len(self._slowest) < _SLOWEST or timing.total > self._slowest[0][0]:
            entry = {
                "at": now,
                "method": method,
                "path": path[:200],
                "route": timing.route,
                "status": status,
                "total": _ms(timing.total),
                "phases": _split(timing.phases),
            }
            keep = heapq.heappush if len(self._slowest) < _SLOWEST else heapq.heapreplace
            keep(self._slowest, (timing.total, next(self._order), entry))

    def _count_second(self, second: int, total: float, *, failed: bool) -> None:
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append([second, 0, 0, 0.0])
        # A clock that was set back counts to the last second there was.
        current = self._seconds[-1]
        current[1] += 1
        current[2] += failed
        current[3] += total

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for JSON: times in milliseconds, moments in seconds since 1970."""
        now = time.time()
        return {
            "now": now,
            "began": self._began,
            "pid": os.getpid(),
            "phases": PHASES,
            "all": self._all.as_dict(),
            "routes": [
                {"method": method, "route": route} | stats.as_dict()
                for (method, route), stats in sorted(self.routes.items(), key=lambda item: item[0][::-1])
            ],
            "seconds": [
                {"at": second, "count": count, "failed": failed, "mean": _ms(total / count)}
                for second, count, failed, total in self._seconds
                if second > now - _KEPT_SECONDS
            ],
            "slowest": [entry for _, _, entry in sorted(self._slowest, reverse=True)],
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 4)


def _split(seconds: Sequence[float]) -> dict[str, float]:
    return {name: _ms(each) for name, each in zip(PHASES, seconds, strict=True)}
