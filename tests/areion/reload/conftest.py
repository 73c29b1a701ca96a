"""The command as a process that reloads, and clients that ask it."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

# Seconds. A loaded machine starts processes slowly; what does not happen at all fails late.
PATIENCE = 30.0

APP = """
from areion import AreionServerBuilder, DefaultRouter

router = DefaultRouter()
ANSWER = "first"


@router.get("/")
def home(request):
    return ANSWER


builder = AreionServerBuilder().with_router(router).with_host("127.0.0.1").with_port(0)
"""


class Reloading:
    """`areion run --reload` in a folder with one program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = folder / "app.py"
        self.app.write_text(APP)
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._said = threading.Condition()

    def start(
        self, *arguments: str, pass_fds: Sequence[int] = (), areion: Sequence[str] = ("-m", "areion")
    ) -> None:
        command = [sys.executable, *areion, "run", "app:builder", "--reload", *arguments]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stderr=subprocess.PIPE, text=True, pass_fds=pass_fds
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self.lines.append(line.rstrip("\n"))
                self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until a line matches, and forget the lines up to it."""

        def found() -> bool:
            return any(re.search(pattern, line) for line in self.lines) or not self._reader.is_alive()

        with self._said:
            self._said.wait_for(found, PATIENCE)
            for index, line in enumerate(self.lines):
                if match := re.search(pattern, line):
                    del self.lines[: index + 1]
                    return match
        raise AssertionError(f"no line with {pattern!r} in {self.lines}")

    def wait_serving(self) -> tuple[str, int]:
        match = self.wait_for(r"areion: serving http://([^:]+):(\d+)")
        self.address = (match[1], int(match[2]))
        return self.address

    def get(self, path: str = "/") -> str:
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def wait_answer(self, answer: str) -> float:
        """Ask until the answer comes, and return how long that took."""
        began = time.monotonic()
        while self.get() != answer:
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.01)
        return time.monotonic() - began

    def edit(self, answer: str) -> None:
        self.app.write_text(APP.replace("first", answer))

    def children(self) -> list[int]:
        assert self.process is not None
        return [pid for pid, parent in running() if parent == self.process.pid]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def clean_up(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(PATIENCE)
            assert not self._reader.is_alive(), "a process outlives its parent"
            assert self.process.stderr is not None
            self.process.stderr.close()


def running() -> Iterator[tuple[int, int]]:
    """Yield each process and its parent, without those that only wait to be reaped."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if state != "Z":
            yield int(stat.parent.name), int(parent)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    return pid in dict(running())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[Reloading]:
    reloading = Reloading(tmp_path)
    yield reloading
    reloading.clean_up()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    return wait_until


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return is_alive


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]
