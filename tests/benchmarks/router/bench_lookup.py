"""Nanoseconds per look-up over a table of some 300 routes, beside the routers of other frameworks.

Strategy: interleaved rounds, so that a busy moment of the machine falls on everybody; medians are shown.
Values of parameters are new in almost every look-up, as in real traffic: a memory of whole paths does not help.
A second table shows what a look-up costs as the number of routes grows.

Run it: `hatch run bench:router`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from contenders import CONTENDERS, Lookup, areion
from github_routes import routes

DISTINCT = 20_000
"""Paths per case, more than any router remembers."""

CASES = {
    "first": "/",
    "static": "/user/repos",
    "1 param": "/gists/{:020x}",
    "2 params": "/repos/octocat/hello-{}",
    "3 params": "/repos/octocat/hello-world/issues/{}/comments",
    "last": "/users/octocat-{}/subscriptions",
    "missing": "/repos/octocat/hello-{}/nothing/here",
}

GROWING = {
    "static": "/static/page{0}",
    "2 params": "/things{0}/{1}/parts/4",
    "missing": "/things{0}/{1}/none/4",
}


def measure(lookup: Lookup, paths: Iterable[str], count: int) -> float:
    """Nanoseconds per look-up in one round."""
    batch = list(islice(paths, count))
    started = time.perf_counter_ns()
    for path in batch:
        try:
            lookup("GET", path)
        except Exception:  # each router has its own way to say that it found nothing
            continue
    return (time.perf_counter_ns() - started) / count


def interleaved(subjects: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each subject over rounds that visit all of them."""
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            samples[name].append(subject())
    return {name: statistics.median(values) for name, values in samples.items()}


def show(head: str, columns: dict[str, dict[str, float]]) -> None:
    """Print a table of medians, a row for each subject."""
    print(f"| {head:>14} | " + " | ".join(f"{column:>8}" for column in columns) + " |")
    print("|" + "-" * 15 + ":|" + "|".join("-" * 9 + ":" for _ in columns) + "|")
    for name in next(iter(columns.values())):
        print(f"| {name:>14} | " + " | ".join(f"{column[name]:8,.0f}" for column in columns.values()) + " |")


def finds(lookup: Lookup, path: str) -> bool:
    """Whether a look-up ends with a route."""
    try:
        return lookup("GET", path) is not None
    except Exception:  # each router has its own way to say that it found nothing
        return False


def check(lookups: dict[str, Lookup]) -> None:
    """Stop if a contender answers wrongly: then its figures would mean nothing."""
    for name, lookup in lookups.items():
        for case, template in CASES.items():
            if finds(lookup, template.format(0)) is (case == "missing"):
                raise SystemExit(f"{name} gives a wrong answer for {case}: {template.format(0)}")


def compare(rounds: int, count: int) -> None:
    """Measure the contenders over the large table."""
    table = routes()
    lookups: dict[str, Lookup] = {}
    for name, build in CONTENDERS.items():
        try:
            lookups[name] = build(table)
        except ImportError as error:
            print(f"{name}: left out, {error}")
    print(
        f"ns per look-up, {len(table)} routes, median of {rounds} rounds, Python {sys.version.split()[0]}\n"
    )
    columns = {}
    check(lookups)
    for case, template in CASES.items():
        paths = [template.format(number) for number in range(DISTINCT)]
        subjects = {name: partial(measure, lookup, cycle(paths), count) for name, lookup in lookups.items()}
        columns[case] = interleaved(subjects, rounds)
    show("router", columns)


def grow(rounds: int, count: int) -> None:
    """Measure areion-router over tables of 10 to 10,000 routes."""
    lookups: dict[int, Lookup] = {}
    for size in (10, 100, 1_000, 10_000):
        numbers = range(size // 2)
        patterns = [f"/static/page{n}" for n in numbers] + [f"/things{n}/:id/parts/:part" for n in numbers]
        lookups[size] = areion([("GET", pattern) for pattern in patterns])
    columns = {}
    for case, template in GROWING.items():
        subjects = {}
        for size, lookup in lookups.items():
            paths = [template.format(number % (size // 2), number) for number in range(DISTINCT)]
            subjects[f"{size:,}"] = partial(measure, lookup, cycle(paths), count)
        columns[case] = interleaved(subjects, rounds)
    print()
    show("routes", columns)


def main() -> None:
    """Read the arguments and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="rounds over all contenders (default: 25)")
    parser.add_argument("--count", type=int, default=500, help="look-ups per sample (default: 500)")
    arguments = parser.parse_args()
    compare(arguments.rounds, arguments.count)
    grow(arguments.rounds, arguments.count)


if __name__ == "__main__":
    main()
