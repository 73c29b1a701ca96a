"""Percentiles of any number of durations in a fixed amount of memory.

Strategy: buckets whose bounds grow by a constant factor, so that the relative error is the same for microseconds
and for minutes. What is counted, and for whom, is not known here.
"""

from __future__ import annotations

import math
from array import array
from typing import Final

_PER_OCTAVE: Final = 8
"""Buckets per doubling: a percentile is right to 2^(1/16), that is 4.4 %."""
_OCTAVES: Final = 30
"""From a microsecond to 2^30 of them, eighteen minutes; what is beyond counts as the end."""
_SIZE: Final = _PER_OCTAVE * _OCTAVES


class Histogram:
    """Counts durations in seconds; takes two kilobytes, however many there are.

    Attributes:
        count: How many there were.
        total: Their sum.
        longest: The longest.

    >>> latencies = Histogram()
    >>> for milliseconds in range(1, 101):
    ...     latencies.add(milliseconds / 1000)
    >>> round(latencies.percentile(50), 2)
    0.05
    """

    __slots__ = ("_buckets", "count", "longest", "total")

    def __init__(self) -> None:
        self._buckets = array("Q", bytes(8 * _SIZE))
        self.count = 0
        self.total = 0.0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        index = int(math.log2(seconds * 1e6) * _PER_OCTAVE) if seconds > 1e-6 else 0
        self._buckets[min(index, _SIZE - 1)] += 1
        self.count += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)

    @property
    def mean(self) -> float:
        """The mean in seconds; 0.0 of none."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """Return the duration that so many per cent did not exceed, right to 4.4 %; 0.0 of none.

        Args:
            percent: Above 0 and up to 100.

        Raises:
            ValueError: If it is not.
        """
        if not 0 < percent <= 100:
            raise ValueError(f"percent: expected a number above 0 and up to 100, got {percent!r}")
        rank = math.ceil(self.count * percent / 100)
        seen = 0
        for index, count in enumerate(self._buckets):
            seen += count
            if count and seen >= rank:
                middle = 2 ** ((index + 0.5) / _PER_OCTAVE) / 1e6
                return min(middle, self.longest)
        return 0.0
