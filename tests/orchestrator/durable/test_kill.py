"""What survives when processes are killed, and how several share one store."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from areion_orchestrator import Orchestrator
from areion_orchestrator.durable._manager import MOST_STARTS
from areion_orchestrator.testing import eventually

PROGRAM = Path(__file__).with_name("program.py")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")


class World:
    """A store, a log, and programs that use them."""

    def __init__(self, folder):
        self.store, self.log = folder / "tasks.db", folder / "log"
        self.log.touch()
        self.processes = []

    def run(self, *command):
        arguments = [sys.executable, str(PROGRAM), str(self.store), str(self.log), *map(str, command)]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def work(self, count=1):
        workers = [self.run("work") for _ in range(count)]
        for worker in workers:
            assert worker.stdout.readline() == "ready\n"
        return workers

    def lines(self, kind):
        return [line.split()[1:] for line in self.log.read_text().splitlines() if line.startswith(kind)]

    def left(self):
        connection = sqlite3.connect(self.store, timeout=10)
        try:
            return connection.execute("SELECT count(*) FROM tasks").fetchone()[0]
        finally:
            connection.close()

    def stop(self, process):
        process.communicate("\n", timeout=60)
        assert process.returncode == 0


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    for process in world.processes:
        process.kill()
        process.communicate()


def test_no_task_is_lost_by_killing_and_few_run_twice(world):
    """Killed again and again while it submits and works, a program loses none of its tasks.

    A task may be repeated only if it was running when the process was killed: at most one per worker and kill.
    """
    kills, first = 6, 0
    for kill in range(kills):
        before = len(world.lines("submitted"))
        process = world.run("submit", first, first + 100_000, 0.002)
        eventually(lambda seen=before: len(world.lines("submitted")) > seen + 40)
        time.sleep(0.03 * kill)
        process.kill()
        process.communicate()
        first += 100_000
    submitted = {number for (number,) in world.lines("submitted")}
    (worker,) = world.work()
    eventually(lambda: world.left() == 0, timeout=60)
    world.stop(worker)
    runs = Counter(number for number, *_ in world.lines("ran"))
    lost = submitted - set(runs)
    repeated = {number: count for number, count in runs.items() if count > 1}
    print(f"{len(submitted)} submitted, {kills} kills: {len(lost)} lost, {len(repeated)} repeated")
    assert lost == set()
    assert sum(count - 1 for count in repeated.values()) <= 4 * kills


def test_processes_share_the_tasks_of_a_dead_one(world):
    """Three workers on one store run each task of a killed process once, none twice, none at the same time."""
    process = world.run("submit", 0, 1000, 0.1)
    eventually(lambda: len(world.lines("submitted")) >= 120)
    process.kill()
    process.communicate()
    ran_before = {number for number, *_ in world.lines("ran")}
    workers = world.work(3)
    eventually(lambda: world.left() == 0, timeout=60)
    for worker in workers:
        world.stop(worker)
    runs = world.lines("ran")
    assert {number for (number,) in world.lines("submitted")} <= {number for number, *_ in runs}
    spans: list = sorted((number, float(begin), float(end)) for number, _, begin, end in runs)
    for (number, _, end), (other, begin, _) in pairwise(spans):
        assert number != other or end <= begin, f"{number} ran twice at the same time"
    counts = Counter(number for number, *_ in runs if number not in ran_before)
    assert set(counts.values()) <= {1}
    assert len({process for number, process, *_ in runs if number not in ran_before}) > 1


def test_a_stopped_process_keeps_its_tasks(world):
    """A process that is merely stopped is not taken for dead: nobody runs its tasks beside it."""
    process = world.run("submit", 0, 8, 0.5)
    eventually(lambda: len(world.lines("submitted")) == 8)
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    ran = world.lines("ran")
    (worker,) = world.work()
    assert world.lines("ran") == ran
    assert world.left() >= 8 - len(ran)
    process.send_signal(signal.SIGCONT)
    assert process.wait(30) == 0
    world.stop(worker)
    assert Counter(number for number, *_ in world.lines("ran")) == {str(n): 1 for n in range(8)}


def test_one_process_runs_each_firing(world):
    """A cron job in three processes that share a store runs once per due instant, not once per process."""
    workers = [world.run("tick") for _ in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    eventually(lambda: len(world.lines("tick")) >= 3)
    for worker in workers:
        world.stop(worker)
    moments = [int(moment) for moment, _ in world.lines("tick")]
    assert moments == sorted(set(moments))


def test_a_task_that_kills_its_process_is_set_aside(world):
    """A task that ended its process too often becomes a failed one, rather than ending every process to come."""
    process = world.run("crash")
    assert process.wait(30) == -9
    connection = sqlite3.connect(world.store)
    connection.execute("UPDATE tasks SET starts = ?", (MOST_STARTS,))
    connection.commit()
    connection.close()
    orchestrator = Orchestrator(store=world.store)
    ran = []
    orchestrator.task(ran.append, name="crash")
    orchestrator.start()
    eventually(orchestrator.failed_tasks)
    (failed,) = orchestrator.failed_tasks()
    assert (failed.name, f"died {MOST_STARTS} times" in failed.error) == ("crash", True)
    assert not ran
    orchestrator.shutdown()
