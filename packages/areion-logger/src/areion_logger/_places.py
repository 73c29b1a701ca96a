"""The sinks of this process, by place: whoever names the same file or stream gets the same sink.

Strategy: a count of users for each sink, under one lock; the last one to leave closes it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Hashable
from pathlib import Path
from typing import TextIO

from areion_logger._rotation import Rotation
from areion_logger._sinks import FileSink, Sink, StreamSink
from areion_logger._writer import Writer


class Places:
    """The sinks in use."""

    def __init__(self) -> None:
        # Re-entrant: a handler may be collected, and so leave its sink, in the middle of anything.
        self._guard = threading.RLock()
        self._sinks: dict[Hashable, tuple[Sink, int]] = {}

    def file(self, log_file: str | os.PathLike[str], rotation: Rotation) -> Sink:
        """Return the sink for a file, with one more user.

        Rotation that is asked for replaces what was in force.

        Raises:
            OSError: The file cannot be opened; the message says why.
            TypeError: `log_file` is no path.
            ValueError: Rotation of something that is no regular file.
            RuntimeError: Rotation on a platform without file locks.
        """
        if not isinstance(log_file, (str, os.PathLike)):
            raise TypeError(f"log_file: expected a path, got {log_file!r} of type {type(log_file).__name__}")
        if not os.fspath(log_file):
            raise ValueError("log_file: the path is empty")
        with self._guard:
            known = self._sinks.get(("file", os.path.realpath(log_file)))
            if known is None:
                return self._enter(FileSink(Path(log_file), rotation))
            sink = known[0]
            if rotation.active and isinstance(sink, FileSink):
                sink.rotate_by(rotation)
            return self._enter(sink)

    def stream(self, stream: TextIO | str | None) -> Sink:
        """Return the sink for a stream, with one more user.

        A stream is an object, `"stdout"`, or `"stderr"`, which is also what `None` means.
        The standard streams are looked up when a line is written, as programs and tests replace them.

        Raises:
            ValueError: A name that is neither of the two.
            TypeError: The object has no `write`.
        """
        if stream is None or stream is sys.stderr:
            stream = "stderr"
        elif stream is sys.stdout:
            stream = "stdout"
        if isinstance(stream, str):
            if stream not in ("stderr", "stdout"):
                raise ValueError(f"stream: expected 'stderr', 'stdout' or a text stream, got {stream!r}")
            place: Hashable = ("stream", stream)
        else:
            if not (callable(getattr(stream, "write", None)) and callable(getattr(stream, "flush", None))):
                raise TypeError(
                    f"stream: expected a text stream, got {stream!r} of type {type(stream).__name__}"
                )
            place = ("stream", id(stream))
        with self._guard:
            known = self._sinks.get(place)
            return self._enter(StreamSink(stream) if known is None else known[0])

    def leave(self, sink: Sink, writer: Writer) -> None:
        """Count one user less; the last one closes the sink."""
        with self._guard:
            users = self._sinks[sink.place][1] - 1
            if users:
                self._sinks[sink.place] = (sink, users)
                return
            del self._sinks[sink.place]
        writer.close(sink)

    def _enter(self, sink: Sink) -> Sink:
        known = self._sinks.get(sink.place)
        self._sinks[sink.place] = (sink, 1 if known is None else known[1] + 1)
        return sink


PLACES = Places()
"""Those of this process."""
