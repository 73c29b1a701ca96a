"""Where the time of requests goes: per route, measured in the server itself, and a page that shows it."""

from areion.profiling.histogram import Histogram
from areion.profiling.profiler import PHASES, Profiler, RouteStats, Timing

__all__ = ["PHASES", "Histogram", "Profiler", "RouteStats", "Timing"]
