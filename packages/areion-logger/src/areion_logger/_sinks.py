"""Where lines end up: a stream such as standard error, or a file.

Strategy: one sink per place in a process, shared by all who write there, found by what the place *is* (the
real path, the stream), so that two loggers never open one file twice. A sink is used by one thread at a time,
which the writer sees to; it may wait for its disk, and may raise: the writer counts what was lost. No
formatting, no queue.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from areion_logger._rotation import ProcessLock, Rotation


class Sink(ABC):
    """One place that lines are written to.

    Attributes:
        place: What the place is; two sinks for one place are never wanted.
        label: The place in words, for messages.
        lost: Records that could not be written since the last one that could.
    """

    def __init__(self, place: Hashable, label: str) -> None:
        self.place = place
        self.label = label
        self.lost = 0

    @abstractmethod
    def write(self, lines: Sequence[str]) -> None:
        """Write records, each a text without its line's end.

        Raises:
            Exception: Whatever the place raises; all of `lines` count as lost then.
        """

    @abstractmethod
    def identity(self) -> tuple[int, int] | None:
        """Return device and inode of what is written to, or `None` if it is not a file of the system."""

    def is_target_of(self, handler: logging.Handler) -> bool:
        """Tell whether a handler of the standard library writes to this same place."""
        identity = _identity_of(getattr(handler, "stream", None))
        return identity is not None and identity == self.identity()

    def close(self) -> None:  # noqa: B027 - a hook: a stream is its owner's
        """Give back what the sink opened."""


class StreamSink(Sink):
    """A text stream: a given one, or whatever `sys.stderr` or `sys.stdout` is when a line is written."""

    def __init__(self, stream: TextIO | str) -> None:
        if isinstance(stream, str):
            super().__init__(("stream", stream), stream)
        else:
            super().__init__(
                ("stream", id(stream)), str(getattr(stream, "name", None) or type(stream).__name__)
            )
        self._stream = stream

    @property
    def stream(self) -> TextIO | None:
        """The stream now; `None` in a process without a console."""
        if isinstance(self._stream, str):
            current: TextIO | None = getattr(sys, self._stream)
            return current
        return self._stream

    def write(self, lines: Sequence[str]) -> None:
        stream = self.stream
        if stream is None:  # pythonw: there is nobody to read it
            return
        text = "\n".join(lines) + "\n"
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()

    def identity(self) -> tuple[int, int] | None:
        return None if self.stream is None else _identity_of(self.stream)

    def is_target_of(self, handler: logging.Handler) -> bool:
        stream = getattr(handler, "stream", None)
        return stream is not None and (stream is self.stream or super().is_target_of(handler))


class FileSink(Sink):
    """A file that is appended to, followed when somebody renames it away, and set aside when it is due.

    Args:
        path: The file. It is made if it does not exist; its folder is not.
        rotation: When to set it aside.
        clock: Seconds since the epoch; compared with the file's own times.

    Raises:
        OSError: The file cannot be opened for appending, or is a folder; the message names it.
        ValueError: Rotation is asked of something that is no regular file.
        RuntimeError: Rotation is asked on a platform without file locks.
    """

    def __init__(self, path: Path, rotation: Rotation, clock: Callable[[], float] = time.time) -> None:
        super().__init__(("file", os.path.realpath(path)), str(path))
        self.path = path.absolute()
        self._clock = clock
        self._torn = False
        self._lock: ProcessLock | None = None
        self._fd, self._identity = _open(self.path)
        self.rotation = Rotation()
        try:
            self.rotate_by(rotation)
        except BaseException:
            self.close()
            raise

    def rotate_by(self, rotation: Rotation) -> None:
        """Change when the file is set aside."""
        if rotation.active and self._lock is None:
            if not stat.S_ISREG(os.fstat(self._fd).st_mode):
                raise ValueError(f"log_file {self.label!r} is not a regular file, so it cannot be rotated")
            self._lock = ProcessLock(Path(os.path.realpath(self.path)))
        self.rotation = rotation

    def write(self, lines: Sequence[str]) -> None:
        data = [line.encode("utf-8", "backslashreplace") + b"\n" for line in lines]
        if self._lock is None or not self.rotation.active:
            self._follow()
            self._append(data)
            return
        with self._lock.held() as alone:
            self._follow()
            if alone:
                self._append_and_rotate(data)
            else:
                self._append(data)

    def identity(self) -> tuple[int, int] | None:
        return self._identity

    def close(self) -> None:
        os.close(self._fd)
        if self._lock is not None:
            self._lock.close()

    def _follow(self) -> None:
        """Open the path anew if it is another file by now: renamed by another process, or by logrotate."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._reopen()
            return
        if (status.st_dev, status.st_ino) != self._identity:
            self._reopen()

    def _reopen(self) -> None:
        fd, self._identity = _open(self.path)
        os.close(self._fd)
        self._fd = fd
        self._torn = False

    def _append_and_rotate(self, data: Sequence[bytes]) -> None:
        limit = self.rotation.max_bytes
        status = os.fstat(self._fd)
        size = status.st_size
        if size and self.rotation.expired(status.st_mtime, self._clock()):
            self._set_aside()
            size = 0
        part: list[bytes] = []
        for line in data:
            if limit and size and size + len(line) > limit:
                self._append(part)
                part = []
                self._set_aside()
                size = 0
            part.append(line)
            size += len(line)
        self._append(part)

    def _set_aside(self) -> None:
        self.rotation.set_aside(Path(os.path.realpath(self.path)))
        self._reopen()

    def _append(self, data: Iterable[bytes]) -> None:
        left = memoryview(b"".join(data))
        if self._torn:
            # The last write broke off in the middle of a line, which must not swallow the next one.
            left = memoryview(b"\n" + left)
        while left:
            written = os.write(self._fd, left)
            self._torn = written < len(left)
            left = left[written:]


_FLAGS = ("O_CLOEXEC", "O_NOCTTY", "O_BINARY")
"""Flags for opening a file that not every platform has."""


def _open(path: Path) -> tuple[int, tuple[int, int]]:
    """Open a file for appending and return its descriptor and identity; errors say what to do."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | sum(getattr(os, name, 0) for name in _FLAGS)
    try:
        # Non-blocking for the open alone: that of a FIFO would wait for a reader.
        fd = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    except OSError as error:
        reasons = {
            errno.ENOENT: "its folder does not exist; create it first",
            errno.ENOTDIR: "a part of its path is a file, not a folder",
            errno.EISDIR: "it is a folder; name a file in it",
            errno.EACCES: "this user may not write to it",
            errno.EROFS: "its file system is read-only",
            errno.ENXIO: "it is a FIFO that nobody reads",
        }
        number = error.errno or 0
        reason = reasons.get(number, error.strerror)
        raise type(error)(number, f"log_file cannot be opened: {reason}", str(path)) from None
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(fd, True)
    status = os.fstat(fd)
    return fd, (status.st_dev, status.st_ino)


def _identity_of(stream: Any) -> tuple[int, int] | None:
    """Return device and inode behind a stream, or `None` if there is no file of the system behind it."""
    try:
        status = os.fstat(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
