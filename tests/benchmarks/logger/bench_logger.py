"""What a log line costs its caller, the processor, and a loop whose disk is slow; beside the standard library.

    python tests/benchmarks/logger/bench_logger.py [--rounds 7] [--lines 20000]

Contenders take turns in each round. A round's figures are divided by those of `logging`'s FileHandler
in the same round; the table shows medians. Absolute figures of a shared machine vary; ratios hold to about 10 %.
"""

import argparse
import asyncio
import io
import logging
import logging.handlers
import queue
import statistics
import tempfile
import time
from pathlib import Path

from areion_logger import Logger

MESSAGE = "%s %s took %.2f ms"
ARGUMENTS = ("GET", "/users/1", 1.5)
LAYOUT = "%(asctime)s %(levelname)-8s %(name)s: %(message)s"


class SlowStream(io.StringIO):
    """A disk that takes two milliseconds for each write."""

    def write(self, text):
        time.sleep(0.002)
        return len(text)


def standard(target):
    """The standard library's handler, which writes in the caller's thread."""
    handler = (
        logging.StreamHandler(target) if isinstance(target, io.StringIO) else logging.FileHandler(target)
    )
    return _standard(handler), handler.close


def standard_queue(target):
    """The standard library's QueueHandler and QueueListener."""
    handler = (
        logging.StreamHandler(target) if isinstance(target, io.StringIO) else logging.FileHandler(target)
    )
    handler.setFormatter(logging.Formatter(LAYOUT))
    lines = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(lines, handler)
    listener.start()

    def close():
        listener.stop()
        handler.close()

    return _standard(logging.handlers.QueueHandler(lines)), close


def _standard(handler):
    logger = logging.getLogger("benchmark.standard")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter(LAYOUT))
    logger.handlers[:] = [handler]
    return logger.info


def areion(target, format="console", plain=False):
    """`Logger`, called by its own methods, or through the standard library's logger."""
    where = {"stream": target} if isinstance(target, io.StringIO) else {"log_file": target, "console": False}
    logger = Logger(name="benchmark.areion", format=format, **where)
    return (logger.logger.info if plain else logger.info), logger.close


CONTENDERS = {
    "logging, FileHandler": standard,
    "logging, QueueHandler": standard_queue,
    "areion, console": areion,
    "areion, json": lambda target: areion(target, "json"),
    "areion, through logging": lambda target: areion(target, plain=True),
}


def burst(contender, target, lines):
    """Log as fast as possible; return microseconds per line: until all is written, for the caller, of processor."""
    info, close = contender(target)
    calls = []
    processor, begin = time.process_time(), time.perf_counter()
    for _ in range(lines):
        before = time.perf_counter()
        info(MESSAGE, *ARGUMENTS)
        calls.append(time.perf_counter() - before)
    close()
    wall, processor = time.perf_counter() - begin, time.process_time() - processor
    return wall / lines * 1e6, statistics.median(calls) * 1e6, processor / lines * 1e6


async def requests(info, count):
    """Serve requests that log a line each, a millisecond apart; return median and 99th percentile."""
    calls = []
    for _ in range(count):
        await asyncio.sleep(0.001)
        before = time.perf_counter()
        info(MESSAGE, *ARGUMENTS)
        calls.append((time.perf_counter() - before) * 1e6)
    calls.sort()
    return statistics.median(calls), calls[len(calls) * 99 // 100]


def main():
    """Run the rounds and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lines", type=int, default=20_000)
    options = parser.parse_args()
    results = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            rounds = {
                name: burst(make, Path(folder) / "b.log", options.lines) for name, make in CONTENDERS.items()
            }
            base = rounds["logging, FileHandler"]
            for name, figures in rounds.items():
                results[name].append([b / f for b, f in zip(base, figures, strict=True)] + list(figures))
        print("a burst: times as fast as logging's FileHandler, and microseconds per line (medians)\n")
        print(f"{'':26}{'lines/s':>9}{'caller':>9}{'processor':>11}{'caller us':>11}{'processor us':>14}")
        for name, rounds in results.items():
            lines, caller, processor, _, caller_us, processor_us = (
                statistics.median(c) for c in zip(*rounds, strict=True)
            )
            print(f"{name:26}{lines:9.2f}{caller:9.2f}{processor:11.2f}{caller_us:11.1f}{processor_us:14.1f}")
        print(
            "\na request on an event loop that logs one line: microseconds added (median, 99th percentile)\n"
        )
        print(f"{'':26}{'file':>16}{'slow disk (2 ms)':>22}")
        for name, make in CONTENDERS.items():
            shown = []
            for target in (Path(folder) / "r.log", SlowStream()):
                info, close = make(target)
                shown.append("{:.0f}, {:.0f}".format(*asyncio.run(requests(info, 500))))
                close()
            print(f"{name:26}{shown[0]:>16}{shown[1]:>22}")


if __name__ == "__main__":
    main()
