"""A program with durable tasks, run and killed by the tests: `program.py STORE LOG COMMAND...`.

Each run of a task appends a line to the log: its number, the process, begin and end.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from areion_orchestrator import Orchestrator


def main(store, log, command, *rest):
    orchestrator = Orchestrator(max_workers=4, store=store, drain_time=60)

    def write(text):
        with Path(log).open("a") as file:  # one small append is atomic
            file.write(f"{text}\n")

    @orchestrator.task(name="note")
    def note(number, pause):
        begin = time.monotonic()
        time.sleep(pause)
        write(f"ran {number} {os.getpid()} {begin} {time.monotonic()}")

    @orchestrator.task(name="crash")
    def crash():
        os.kill(os.getpid(), 9)

    def tick():
        write(f"tick {int(time.time())} {os.getpid()}")

    if command == "tick":
        orchestrator.add_cron_job(tick, "* * * * * *", id="tick")
    orchestrator.start()
    if command == "submit":  # numbers, confirming each
        first, last, pause = rest
        for number in range(int(first), int(last)):
            orchestrator.submit_task(note, number, float(pause))
            write(f"submitted {number}")
    elif command == "crash":
        orchestrator.submit_task(crash).result(60)
    else:
        orchestrator._backend.durable.settle(60)  # it has looked for what others left
        print("ready", flush=True)
        sys.stdin.readline()
    orchestrator.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
