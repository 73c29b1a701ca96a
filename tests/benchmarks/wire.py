"""Requests per second of the server's own processor time, over the wire, beside other servers.

Each server is one process on one processor, loaded by wrk from another. They take turns, and each round
is divided by the raw loop's of the same round. Only 127.0.0.1 is spoken to, and every round is bounded.
"""

import argparse
import http.client
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

from harness.load import Round, drive
from harness.process import ServerFailedError, ServerNotStartedError, ServerProcess
from harness.scenarios import MEBIBYTE, SCENARIOS, Scenario
from harness.servers import BASELINE, SERVERS, Server
from harness.tables import scenario_table, summary_table

APPS = Path(__file__).parent / "apps"


class Bench:
    """The running servers and how they are measured."""

    def __init__(self, options: argparse.Namespace, file: Path) -> None:
        self._options = options
        self._file = file
        self._running: dict[tuple[str, ...], ServerProcess] = {}
        self._broken: set[str] = set()

    def measure(self, scenario: Scenario, servers: Sequence[Server]) -> dict[str, list[Round]]:
        """Return the rounds of each server that answers the scenario rightly."""
        ready: dict[str, ServerProcess] = {}
        for server in servers:
            if scenario.name in server.without or server.name in self._broken:
                continue
            try:
                ready[server.name] = self._ready(server, scenario)
            except ServerFailedError as error:
                self._leave_out(server.name, scenario, error)
        options = self._options
        rounds: dict[str, list[Round]] = {name: [] for name in ready}
        for number in range(options.rounds):
            for name, process in list(ready.items()):
                try:
                    one = drive(process, scenario, options.seconds, options.connections, options.client_cpu)
                except ServerFailedError as error:
                    self._leave_out(name, scenario, error)
                    del ready[name], rounds[name]
                    continue
                rounds[name].append(one)
                say(f"{scenario.name} {number + 1}/{options.rounds} {name}: {one.per_cpu_second:,.0f}")
        return rounds

    def _leave_out(self, name: str, scenario: Scenario, error: ServerFailedError) -> None:
        """Go on without a server, saying so; there is no going on without the baseline."""
        say(f"left out: {name} in {scenario.name}: {error}")
        if name == BASELINE:
            raise error
        if isinstance(error, ServerNotStartedError):
            self._broken.add(name)

    def stop(self) -> None:
        """End every server."""
        for process in self._running.values():
            process.stop()

    def _ready(self, server: Server, scenario: Scenario) -> ServerProcess:
        """Return the server's process: started, answering rightly, and warm."""
        command = tuple(word.replace("{scenario}", scenario.name) for word in server.command)
        process = self._running.get(command)
        if process is None or not process.is_running():
            environment = {"BENCH_FILE": str(self._file)}
            process = ServerProcess(command, APPS, self._options.server_cpu, environment)
            self._running[command] = process
            process.wait_ready()
        check(process, scenario)
        drive(process, scenario, 1, self._options.connections, self._options.client_cpu)
        return process


def check(process: ServerProcess, scenario: Scenario) -> None:
    """Ask once, as the load will.

    Raises:
        ServerFailedError: When the answer is not the right one.
    """
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
    try:
        connection.request(
            scenario.method, scenario.path, scenario.body, {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise ServerFailedError(f"no answer: {error!r}\n{process.output()}") from error
    finally:
        connection.close()
    if not scenario.is_right(response.status, body):
        raise ServerFailedError(f"wrong answer: {response.status} {body[:100]!r}\n{process.output()}")


def say(text: str) -> None:
    """Print progress beside the tables, not among them."""
    print(text, file=sys.stderr, flush=True)


def choose(patterns: str) -> list[Server]:
    """Return the baseline and the servers that match and are installed, saying which are left out."""
    wanted = [
        s for s in SERVERS if s.name == BASELINE or any(fnmatch(s.name, p) for p in patterns.split(","))
    ]
    chosen = []
    for server in wanted:
        missing = server.missing()
        if missing:
            print(f"left out: {server.name} (not installed: {', '.join(missing)})")
        else:
            chosen.append(server)
    return chosen


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ",".join(scenario.name for scenario in SCENARIOS)
    parser.add_argument(
        "--servers", default="*", help="patterns with commas; see --list (default: all installed)"
    )
    parser.add_argument("--scenarios", default=names, help=f"with commas, of: {names}")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=2, help="seconds of one turn (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="kept open by wrk (default: %(default)s)")
    parser.add_argument(
        "--server-cpu", type=int, default=0, help="the servers' processor (default: %(default)s)"
    )
    parser.add_argument("--client-cpu", type=int, default=1, help="wrk's processor (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write every round to this file too")
    parser.add_argument("--list", action="store_true", help="list the servers and what they lack, and end")
    return parser.parse_args()


def main() -> int:
    """Run what the command line asks for."""
    options = parse_options()
    if options.list:
        for server in SERVERS:
            missing = server.missing()
            print(f"{server.name:20} {'not installed: ' + ', '.join(missing) if missing else 'installed'}")
        return 0
    if shutil.which("wrk") is None:
        say("wrk is not installed: on Debian and Ubuntu, apt-get install wrk")
        return 1
    servers = choose(options.servers)
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in options.scenarios.split(",")]
    measured: dict[str, dict[str, list[Round]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.bin"
        file.write_bytes(bytes(MEBIBYTE))
        bench = Bench(options, file)
        try:
            for scenario in scenarios:
                rounds = bench.measure(scenario, servers)
                measured[scenario.name] = rounds
                print(scenario_table(scenario, rounds, rounds[BASELINE]), flush=True)
        finally:
            bench.stop()
    if len(measured) > 1:
        print(summary_table(measured, BASELINE))
    if options.json:
        plain = {
            s: {n: [asdict(r) for r in rounds] for n, rounds in of.items()} for s, of in measured.items()
        }
        options.json.write_text(json.dumps(plain, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
