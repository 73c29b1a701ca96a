"""One server's process: started on its own processor, waited for, timed, ended by its id."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS = 20.0
STOP_SECONDS = 5.0


class ServerFailedError(Exception):
    """A server did not answer as asked; the text says how."""


class ServerNotStartedError(ServerFailedError):
    """A server did not even start."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _python_path(folder: Path) -> str:
    """Return PYTHONPATH with one folder more, so that a program started elsewhere finds what lies in it."""
    return os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(folder)]))


class ServerProcess:
    """A running server and the processes that it started.

    Args:
        command: The words to execute; `{port}` is filled in.
        folder: The working directory.
        processor: The only processor that it and its children run on.
        environment: Variables to add to the environment.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, processor: int, environment: Mapping[str, str]
    ) -> None:
        self.port = free_port()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process; closed in stop()
        self._process = subprocess.Popen(
            [word.replace("{port}", str(self.port)) for word in command],
            cwd=folder,
            env={
                **os.environ,
                **environment,
                "BENCH_PORT": str(self.port),
                "PYTHONPATH": _python_path(folder),
            },
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, {processor}),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The id of the first process."""
        return self._process.pid

    def is_running(self) -> bool:
        """Tell whether the first process has not ended."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Return when the port takes connections.

        Raises:
            ServerNotStartedError: When the process ended, or the time was up; with what it printed.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                return
            time.sleep(0.05)
        raise ServerNotStartedError(f"did not start:\n{self.output()}")

    def output(self) -> str:
        """Return the last of what the process printed."""
        self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, self._output.tell() - 4000))
        return self._output.read().decode(errors="replace")

    def tree(self) -> list[int]:
        """Return the ids of the process and of all its descendants."""
        return list(_descendants(self.pid))

    def cpu_seconds(self) -> float:
        """Return the processor time, user and system, that the whole tree has used so far."""
        return sum(_cpu_ticks(pid) for pid in self.tree()) / TICKS_PER_SECOND

    def stop(self) -> None:
        """End the process tree: asked first, then killed when it takes longer than a few seconds."""
        tree = self.tree()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in tree[1:]:
            if _group(pid) == self.pid:  # still one of ours: an id that was given anew is in another group
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._output.close()


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from _descendants(int(child))


def _stat_fields(pid: int) -> list[str]:
    """Return the fields of proc(5) `stat` after the command's name; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_ticks(pid: int) -> int:
    fields = _stat_fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _group(pid: int) -> int:
    fields = _stat_fields(pid)
    return int(fields[2]) if fields else 0
