"""When a file of lines is full or out of date, how it is set aside, and how processes share it.

Strategy: the file itself is the only state. Its size and the time of its last write say whether it is due, so
that any number of processes, also restarted ones, come to the same answer; an `fcntl` lock on a file beside
it makes looking, renaming and writing one step. Nothing here formats lines or knows threads.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # the one module that may be missing

Period = Literal["hour", "day", "week"]

_HOUR = 3600
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_FIRST_MONDAY = 4 * _DAY
"""1970-01-05, in seconds since the epoch: weeks begin on Monday (ISO 8601)."""

_LOCK_PATIENCE = 2.0
"""Seconds to wait for the other processes. They hold the lock for the time of one write; one that holds it
longer is stopped or its disk hangs, and then to write without rotating is better than not to write."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What makes a file due, and how many old ones are kept.

    Args:
        max_bytes: The size that a file does not exceed, unless one record alone does; 0 for no limit.
        when: `"hour"`, `"day"` or `"week"`, in UTC: a file holds lines of one such period only. `None` for no
            limit.
        backup_count: Old files kept, as `app.log.1` (the newest) to `app.log.N`.

    Raises:
        ValueError: A value that cannot be meant.
    """

    max_bytes: int = 0
    when: Period | None = None
    backup_count: int = 5

    def __post_init__(self) -> None:
        for name, value, least in (("max_bytes", self.max_bytes, 0), ("backup_count", self.backup_count, 1)):
            if type(value) is not int or value < least:
                raise ValueError(f"{name}: expected an int of at least {least}, got {value!r}")
        if self.when not in (None, "hour", "day", "week"):
            raise ValueError(f"when: expected 'hour', 'day', 'week' or None, got {self.when!r}")

    @property
    def active(self) -> bool:
        """Whether anything can ever be due."""
        return self.max_bytes > 0 or self.when is not None

    def expired(self, written: float, now: float) -> bool:
        """Tell whether a file last written at `written` is of a period before that of `now`."""
        return self.when is not None and self._period(written) < self._period(now)

    def _period(self, moment: float) -> int:
        if self.when == "week":
            return int((moment - _FIRST_MONDAY) // _WEEK)
        return int(moment // (_HOUR if self.when == "hour" else _DAY))

    def set_aside(self, path: Path) -> None:
        """Rename `path` to `path.1`, after `path.1` to `path.2` and so on; the oldest is overwritten.

        Raises:
            OSError: A rename failed.
        """
        for number in range(self.backup_count - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                backup(path, number).replace(backup(path, number + 1))
        with contextlib.suppress(FileNotFoundError):
            path.replace(backup(path, 1))


def backup(path: Path, number: int) -> Path:
    """Return the name of an old file."""
    return path.with_name(f"{path.name}.{number}")


class ProcessLock:
    """A lock among the processes that write one file, freed when its owner dies.

    It is a lock of `fcntl` on `.NAME.lock` beside the file.

    Args:
        path: The file that is written.

    Raises:
        RuntimeError: The platform has no `fcntl`.
        OSError: The lock file cannot be made, or the file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        if fcntl is None:
            raise RuntimeError(
                f"log_file {str(path)!r}: rotation needs POSIX file locks, which this platform lacks; "
                "leave out max_bytes and when, and rotate with the platform's own means"
            )
        self.path = path.with_name(f".{path.name}.lock")
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            with self.held(0):
                pass
        except OSError:
            os.close(self._fd)
            raise

    @contextlib.contextmanager
    def held(self, patience: float = _LOCK_PATIENCE) -> Iterator[bool]:
        """Hold the lock for a block; yields whether it could be had within `patience` seconds.

        Raises:
            OSError: The file system refuses to lock.
        """
        got = self._acquire(patience)
        try:
            yield got
        finally:
            if got:
                fcntl.lockf(self._fd, fcntl.LOCK_UN)

    def _acquire(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):  # POSIX allows EAGAIN and EACCES
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.002)
            else:
                return True

    def close(self) -> None:
        """Give back the descriptor; the lock file stays, as others may hold it."""
        os.close(self._fd)
