"""Nanoseconds of processor time per request inside the process, without sockets.

The connection's protocol is fed bytes and writes to a transport in memory; parser and serializer are timed
alone too, beside what httptools and h11 take for the same head. Cases take turns; medians are printed.
"""

import argparse
import asyncio
import os
import sys
from fnmatch import fnmatch
from statistics import median

from harness.cases import Case, all_cases


def measure(cases: list[Case], rounds: int, requests: int) -> dict[str, list[float]]:
    """Return each case's nanoseconds per request, round by round, in interleaved rounds."""
    for case in cases:
        case.run(requests // 10)
    spent: dict[str, list[float]] = {case.name: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            spent[case.name].append(case.run(requests))
    return spent


def table(cases: list[Case], spent: dict[str, list[float]]) -> str:
    """Return the medians as Markdown."""
    lines = ["| case | ns per request | min-max |", "|---|--:|--:|"]
    for case in cases:
        own = spent[case.name]
        lines.append(f"| {case.name} | **{median(own):,.0f}** | {min(own):,.0f}-{max(own):,.0f} |")
    return "\n".join(lines)


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """Return an event loop of the named kind."""
    if name == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cases", default="*", help="patterns with commas, of the names printed (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each case (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=19_200, help="in one turn (default: %(default)s)")
    parser.add_argument(
        "--loop", choices=["uvloop", "asyncio"], default="uvloop", help="default: %(default)s"
    )
    parser.add_argument("--cpu", type=int, help="the processor to stay on (default: any)")
    options = parser.parse_args()
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    loop = new_loop(options.loop)
    asyncio.set_event_loop(loop)
    try:
        patterns = options.cases.split(",")
        cases = [case for case in all_cases(loop) if any(fnmatch(case.name, pattern) for pattern in patterns)]
        print(
            f"Python {sys.version.split()[0]}, {options.loop}, "
            f"{options.rounds} rounds of {options.requests:,} requests\n"
        )
        print(table(cases, measure(cases, options.rounds, options.requests)))
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
