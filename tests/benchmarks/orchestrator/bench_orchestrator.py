"""What submitting, scheduling, waiting and firing cost; each figure beside a reference measured in the same rounds.

Strategy: rounds that visit all subjects in turn, so that a busy moment of the machine falls on everybody;
medians, with the least and the greatest. Run it: `python tests/benchmarks/orchestrator/bench_orchestrator.py`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from pathlib import Path

from areion_orchestrator import CronSchedule, Orchestrator
from areion_orchestrator.testing import FakeClock, eventually
from croniter import croniter

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def nothing(number: int = 0) -> int:
    """Be a task."""
    return number


async def nothing_later() -> None:
    """Be a coroutine task."""


def submits(submit: Callable[..., object], count: int) -> float:
    """Seconds per task, from the first submission to the last result."""
    begin = time.perf_counter()
    wait([submit(nothing) for _ in range(count)])
    return (time.perf_counter() - begin) / count


def show(name: str, values: list[float], unit: str) -> None:
    """Print the median of a figure over the rounds, with its span."""
    print(f"{name:<52}{statistics.median(values):>10.2f} {unit}   ({min(values):.2f}-{max(values):.2f})")


def bench_submit(rounds: int, count: int) -> None:
    """Compare submissions with a bare ThreadPoolExecutor's."""
    bare, ours, ratios = [], [], []
    for _ in range(rounds):
        with ThreadPoolExecutor(4) as executor:
            bare.append(submits(executor.submit, count))
        orchestrator = Orchestrator(4)
        ours.append(submits(orchestrator.submit_task, count))
        orchestrator.shutdown()
        ratios.append(bare[-1] / ours[-1])
    show("submit, bare ThreadPoolExecutor", [1e6 * value for value in bare], "us")
    show("submit, Orchestrator", [1e6 * value for value in ours], "us")
    show("submits per second, as a ratio to the bare pool", ratios, "  ")


def bench_durable(rounds: int, count: int) -> None:
    """Measure durable submissions, written down one by one, and run."""
    figures = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            orchestrator = Orchestrator(4, store=Path(folder, "tasks.db"))
            orchestrator.task(name="nothing")(nothing)
            figures.append(1e6 * submits(orchestrator.submit_task, count))
            orchestrator.shutdown()
    show("durable submit, run and removal", figures, "us")


def bench_next(rounds: int, count: int) -> None:
    """Compare the next due moment with croniter's, in a zone with daylight saving."""
    for cron in ("*/5 * * * *", "30 2 * * *", "0 0 29 2 *", "0 9 * * mon-fri"):
        ours, ratios = [], []
        schedule = CronSchedule(cron, "Europe/Berlin")
        start = datetime(2026, 1, 1, tzinfo=schedule.timezone)
        for _ in range(rounds):
            begin = time.perf_counter()
            moment = start
            for number in range(count):
                found = schedule.next_after(moment)
                moment = start if found is None or number % 50 == 0 else found
            ours.append((time.perf_counter() - begin) / count)
            begin = time.perf_counter()
            theirs = croniter(cron, start)
            for number in range(count // 10):
                theirs.get_next(datetime)
                if number % 50 == 0:
                    theirs.set_current(start)
            ratios.append((time.perf_counter() - begin) / (count // 10) / ours[-1])
        show(f"next_after, {cron!r}", [1e6 * value for value in ours], "us")
        show("  croniter's time as a ratio to it", ratios, "  ")


def bench_jobs(rounds: int, jobs: int, idle: float) -> None:
    """Add, hold and fire many jobs."""
    add, rest, fire = [], [], []
    for _ in range(rounds):
        orchestrator = Orchestrator(4, timezone="Europe/Berlin")
        orchestrator.start()
        begin = time.perf_counter()
        for number in range(jobs):
            orchestrator.schedule_cron_task(nothing, f"{number % 60} 0 1 1 *", number)
        add.append(1e6 * (time.perf_counter() - begin) / jobs)
        used = time.process_time()
        time.sleep(idle)
        rest.append(100 * (time.process_time() - used) / idle)
        orchestrator.shutdown()

        clock = FakeClock(BEGIN)
        orchestrator = Orchestrator(4, timezone="UTC", clock=clock)
        handles = [orchestrator.schedule_cron_task(nothing, "0 * * * *", number) for number in range(jobs)]
        orchestrator.start()
        clock.advance(1, orchestrator)
        begin = time.perf_counter()
        clock.advance(timedelta(hours=1))
        eventually(lambda handles=handles: all(job.runs for job in handles), timeout=60)
        fire.append(1e6 * (time.perf_counter() - begin) / jobs)
        orchestrator.shutdown()
    show(f"{jobs} jobs: adding, each", add, "us")
    show(f"{jobs} jobs: processor time while idle", rest, "% ")
    show(f"{jobs} jobs due at once: firing and running, each", fire, "us")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--idle", type=float, default=2.0, help="seconds of idleness per round")
    options = parser.parse_args()
    bench_submit(options.rounds, options.count)
    bench_durable(options.rounds, options.count // 10)
    bench_next(options.rounds, options.count // 4)
    bench_jobs(options.rounds, options.jobs, options.idle)


if __name__ == "__main__":
    main()
