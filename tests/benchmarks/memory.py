"""What an idle connection and an import cost.

Objects: Python memory (tracemalloc) that a kept-alive connection holds after an answer, without sockets.
Process: resident memory of a real server with thousands of idle connections, each answered once.
Import: modules and milliseconds of `import NAME` in a fresh interpreter.
"""

import argparse
import asyncio
import contextlib
import gc
import os
import resource
import socket
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from statistics import median

from harness.areion import areion_factory, areion_http_factories
from harness.cases import Constant
from harness.inmemory import Connections, ProtocolFactory
from harness.messages import SMALL
from harness.process import ServerFailedError, ServerProcess
from harness.servers import SERVERS, Server

APPS = Path(__file__).parent / "apps"
COMPILED = Path(tempfile.gettempdir()) / "areion-benchmark-pycache"
PAGE = os.sysconf("SC_PAGE_SIZE")
MODULES = (
    "asyncio",
    "areion_http",
    "areion_router",
    "areion_logger",
    "areion_orchestrator",
    "areion_engine",
    "areion",
)


def object_bytes(loop: asyncio.AbstractEventLoop, factory: ProtocolFactory, count: int) -> float:
    """Return the bytes that tracemalloc counts for each connection that was answered and waits.

    The transport in memory counts too; the table shows it alone, as the cost of the constant answer.
    """
    Connections(loop, factory, [SMALL], 1).run(1)  # what is made once is not the connections'
    gc.collect()
    tracemalloc.start()
    try:
        kept = Connections(loop, factory, [SMALL], count)
        kept.run(1)
        for transport in kept.transports:
            transport.last = b""
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / count
    finally:
        tracemalloc.stop()


def resident_bytes(server: ServerProcess) -> int:
    """Return the resident memory of the server's process tree."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server.tree()) * PAGE


@contextlib.contextmanager
def idle_connections(port: int, count: int) -> Iterator[None]:
    """Open connections, each answered once and then idle.

    Raises:
        ServerFailedError: When one is not answered.
    """
    with contextlib.ExitStack() as stack:
        for number in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            connection.sendall(SMALL)
            if not connection.recv(65_536).startswith(b"HTTP/1.1 200"):
                raise ServerFailedError(f"connection {number + 1} was not answered")
        yield


def process_row(server: Server, counts: list[int], processor: int) -> str:
    """Return one server's line of the table of resident memory."""
    command = [word.replace("{scenario}", "json") for word in server.command]
    cells = []
    with tempfile.NamedTemporaryFile() as file:
        process = ServerProcess(command, APPS, processor, {"BENCH_FILE": file.name})
        try:
            process.wait_ready()
            with idle_connections(process.port, 8):
                before = resident_bytes(process)
            for count in counts:
                with idle_connections(process.port, count):
                    cells.append(f"{(resident_bytes(process) - before) / count:,.0f}")
        finally:
            process.stop()
    return f"| {server.name} | {before / 2**20:.0f} MiB | {' | '.join(cells)} |"


def interpret(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that may keep what it compiles, as an installed one does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-X", f"pycache_prefix={COMPILED}", *options, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )


def import_row(module: str, times: int) -> str:
    """Return one module's line of the table of imports, the median of several fresh interpreters."""
    code = (
        "import sys, time; n = len(sys.modules); t = time.perf_counter(); c = time.process_time()\n"
        f"import {module}\n"
        "print(time.perf_counter() - t, time.process_time() - c, len(sys.modules) - n)"
    )
    interpret(code)  # compiles what has not been compiled
    runs = [interpret(code).stdout.split() for _ in range(times)]
    wall, cpu = (median(float(run[column]) for run in runs) * 1000 for column in (0, 1))
    return f"| {module} | {wall:.0f} | {cpu:.0f} | {runs[0][2]} |"


def slowest_imports(module: str, count: int) -> list[str]:
    """Return the modules whose own code takes longest to import, with microseconds."""
    done = interpret(f"import {module}", "-X", "importtime")
    rows = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines()[1:]]
    slowest = sorted(rows, key=lambda row: -int(row[0]))[:count]
    return [f"| {name.strip()} | {int(own):,} |" for own, _, name in slowest]


def print_objects(count: int) -> None:
    """Print the table of Python objects."""
    print(f"\n### Python objects of an idle connection, {count:,} connections\n")
    print("| protocol | bytes |\n|---|--:|")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        floor = object_bytes(loop, Constant, count)
        print(f"| constant answer, and the transport in memory | {floor:,.0f} |")
        for name, factory in {"areion": areion_factory(loop), **areion_http_factories(loop)}.items():
            print(f"| {name}, beyond that | {object_bytes(loop, factory, count) - floor:,.0f} |")
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--servers", default="raw*,areion*,granian-rsgi", help="patterns with commas (default: %(default)s)"
    )
    parser.add_argument("--connections", type=int, nargs="+", default=[1000, 5000], help="default: 1000 5000")
    parser.add_argument(
        "--imports", type=int, default=7, help="fresh interpreters per module (default: %(default)s)"
    )
    parser.add_argument("--cpu", type=int, default=0, help="the servers' processor (default: %(default)s)")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    print_objects(options.connections[0])
    titles = " | ".join(f"bytes per connection, {count:,}" for count in options.connections)
    print(f"\n### Resident memory of a server with idle connections\n\n| server | at rest | {titles} |")
    print("|---|--:" + "|--:" * len(options.connections) + "|")
    for server in SERVERS:
        wanted = any(fnmatch(server.name, pattern) for pattern in options.servers.split(","))
        if wanted and not server.missing():
            try:
                print(process_row(server, options.connections, options.cpu), flush=True)
            except (ServerFailedError, OSError) as error:
                print(f"left out: {server.name}: {error}", file=sys.stderr)

    print("\n### Imports\n\n| module | ms | ms of processor | modules |\n|---|--:|--:|--:|")
    for module in MODULES:
        print(import_row(module, options.imports), flush=True)
    print("\n| slowest in `import areion` | microseconds |\n|---|--:|")
    print("\n".join(slowest_imports("areion", 12)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
