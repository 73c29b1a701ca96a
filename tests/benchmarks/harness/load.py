"""The load: wrk on its own processor, for a bounded time, and what it counted."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.process import ServerFailedError, ServerProcess
from harness.scenarios import Scenario

LUA = Path(__file__).parent.parent / "lua"
RESULT = re.compile(r"RESULT requests=(\d+) microseconds=(\d+) p50=(\d+) p99=(\d+) status=(\d+) socket=(\d+)")


@dataclass(frozen=True)
class Round:
    """What one round of load measured.

    Attributes:
        requests: Answers received.
        seconds: The time it took.
        cpu_seconds: The server's own processor time within it.
        p50_ms: Half of the answers came within this time, in milliseconds.
        p99_ms: The same for 99 of 100.
        errors: Answers other than 2xx and 3xx, and broken or timed out connections.
    """

    requests: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def per_cpu_second(self) -> float:
        """Requests answered for each second of the server's processor time."""
        return self.requests / self.cpu_seconds if self.cpu_seconds else 0.0


def drive(server: ServerProcess, scenario: Scenario, seconds: int, connections: int, processor: int) -> Round:
    """Load a server and return what was counted.

    Raises:
        ServerFailedError: When wrk failed or did not report.
    """
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", scenario.script]
    before = server.cpu_seconds()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}{scenario.path}"],
        cwd=LUA,
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        preexec_fn=lambda: os.sched_setaffinity(0, {processor}),
        check=False,
    )
    cpu_seconds = server.cpu_seconds() - before
    found = RESULT.search(done.stdout)
    if found is None:
        raise ServerFailedError(f"wrk gave no result: {done.stdout}{done.stderr}\n{server.output()}")
    requests, microseconds, p50, p99, status, broken = map(int, found.groups())
    return Round(requests, microseconds / 1e6, cpu_seconds, p50 / 1e3, p99 / 1e3, status + broken)
