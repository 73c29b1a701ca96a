"""Percentiles in a fixed amount of memory."""

import math
import sys

import pytest
from areion.profiling import Histogram
from hypothesis import given
from hypothesis import strategies as st


def test_of_none():
    """Of no durations everything is zero."""
    empty = Histogram()
    assert (empty.count, empty.mean, empty.longest, empty.percentile(99)) == (0, 0.0, 0.0, 0.0)


@given(
    st.lists(st.floats(1e-6, 1000), min_size=1, max_size=60),
    st.sampled_from([1, 25, 50, 90, 95, 99, 99.9, 100]),
)
def test_percentiles_are_right_to_four_and_a_half_percent(durations, percent):
    """Whatever the durations, a percentile is that close to the true one, and never above the longest."""
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    true = sorted(durations)[math.ceil(len(durations) * percent / 100) - 1]
    assert histogram.percentile(percent) == pytest.approx(true, rel=0.0445)
    assert histogram.percentile(percent) <= histogram.longest == max(durations)
    assert histogram.mean == pytest.approx(sum(durations) / len(durations))


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e6, 1e12])
def test_ends_of_the_range(seconds):
    """What is too short or too long for the buckets is counted at their ends."""
    histogram = Histogram()
    histogram.add(seconds)
    assert histogram.count == 1
    assert histogram.percentile(50) <= seconds


def test_memory_is_fixed():
    """A million durations take no more than one."""
    histogram = Histogram()
    before = sys.getsizeof(histogram._buckets)
    for index in range(10_000):
        histogram.add(index / 1000)
    assert sys.getsizeof(histogram._buckets) == before < 2500


@pytest.mark.parametrize("percent", [0, -1, 100.1, float("nan")])
def test_percent_is_checked(percent):
    """A number that is no percentage is refused."""
    with pytest.raises(ValueError, match="percent"):
        Histogram().percentile(percent)
