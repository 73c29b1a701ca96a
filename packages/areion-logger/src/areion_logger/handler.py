"""`LogHandler`: the standard library's view of this package, for any logger of any program.

Strategy: a handler settles the record in the caller's thread and queues it; it takes no lock of its own and
does no I/O. It is what `Logger` puts on its tree, and what a `dictConfig` names by class.
"""

from __future__ import annotations

import logging
import os
import sys
import weakref
from typing import Literal, TextIO

from areion_logger._entry import Entry, capture
from areion_logger._levels import level_number
from areion_logger._output import Output
from areion_logger._places import PLACES
from areion_logger._rotation import Period, Rotation
from areion_logger._writer import shared_writer
from areion_logger.formatters import ConsoleFormatter, EntryFormatter, JsonFormatter

Format = Literal["console", "json"]

DEFAULT_QUEUE_SIZE = 10_000
"""Records that may wait for one place: some seconds of a busy server, and some megabytes."""

DEFAULT_FLUSH_TIMEOUT = 5.0
"""Seconds that a flush waits unless told otherwise: long for a disk, short for a shutdown."""


class LogHandler(logging.Handler):
    """Write records to one file or stream from a thread of its own, so that no caller waits.

    Handlers for the same place share it. A full queue never blocks an event loop: records below ERROR are
    dropped first, those of ERROR and above after a quarter more, and a line in the log says how many. A
    thread that runs no event loop waits a tenth of a second before its records are dropped.

    Args:
        log_file: The file to append to; its folder must exist. `None` writes to `stream`.
        stream: A text stream, `"stdout"`, or `"stderr"`, which is what `None` means.
        level: Records below it are ignored.
        format: `"console"` or `"json"`; `None` is `"console"`. `setFormatter` takes any other formatter.
        colour: Whether the console format is coloured; `None`: if the stream is a terminal and `NO_COLOR` is
            not set.
        max_bytes: The size at which a file is set aside; 0 for never.
        when: `"hour"`, `"day"` or `"week"`: a file is also set aside at the first line of a new one, in UTC.
        backup_count: Files set aside that are kept, `app.log.1` being the newest.
        queue_size: Records that may wait to be written.

    Raises:
        OSError: The file cannot be opened; the message says why.
        ValueError: A value that cannot be meant, named in the message.
        TypeError: A value of the wrong type, named in the message.
        RuntimeError: Rotation on a platform without `fcntl`, where processes could not share a file safely.

    Example:
        >>> import io
        >>> stream = io.StringIO()
        >>> handler = LogHandler(stream=stream, format="json")
        >>> handler.handle(logging.LogRecord("shop", logging.INFO, "", 0, "open", None, None))
        True
        >>> handler.dispose()
        >>> '"message":"open"' in stream.getvalue()
        True
    """

    def __init__(
        self,
        log_file: str | os.PathLike[str] | None = None,
        *,
        stream: TextIO | str | None = None,
        level: int | str = logging.NOTSET,
        format: Format | None = None,
        colour: bool | None = None,
        max_bytes: int = 0,
        when: Period | None = None,
        backup_count: int = 5,
        queue_size: int = DEFAULT_QUEUE_SIZE,
    ) -> None:
        if log_file is not None and stream is not None:
            raise ValueError("log_file and stream: a handler writes to one place; give one of them")
        if type(queue_size) is not int or queue_size < 1:
            raise ValueError(f"queue_size: expected an int of at least 1, got {queue_size!r}")
        rotation = Rotation(max_bytes, when, backup_count)
        if rotation.active and log_file is None:
            raise ValueError("max_bytes and when: only a file is rotated, and no log_file was given")
        super().__init__(level_number(level, "level"))
        formatter = make_formatter(format, colour, None if log_file is not None else stream or "stderr")
        sink = PLACES.stream(stream) if log_file is None else PLACES.file(log_file, rotation)
        self.formatter = formatter
        self._writer = shared_writer()
        self._output = Output(sink, formatter, queue_size)
        self._writer.register(self._output)
        self._leave = weakref.finalize(self, PLACES.leave, sink, self._writer)
        self._leave.atexit = False

    @property
    def output(self) -> Output:
        """The place, its formatter and its account; of interest to this package alone."""
        return self._output

    @property
    def dropped(self) -> int:
        """Records dropped as the queue was full, and not yet told of by a line in the log."""
        return self._output.dropped

    def createLock(self) -> None:  # noqa: N802 - the name is logging's
        """Make no lock: there is no state between records that one would protect."""
        self.lock = None

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802 - the name is logging's
        """Use another formatter from now on; `None` means the console's.

        A formatter that is not of this package is given a copy of the record with its arguments already in
        the message, in the writer's thread. Its lines are escaped, and those after the first marked as
        continued.
        """
        self.formatter = self._output.formatter = ConsoleFormatter() if fmt is None else fmt

    def handle(self, record: logging.LogRecord) -> bool:
        """Queue a record that passes the filters; tells whether it did."""
        if self.filters:
            passed = self.filter(record)
            if not passed:
                return False
            if isinstance(passed, logging.LogRecord):
                record = passed
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record. What is wrong with its content is noted in its line, never raised."""
        keep = not isinstance(self._output.formatter, EntryFormatter)
        self._writer.put(self._output, capture(record, keep_record=keep))

    def write(self, entry: Entry) -> None:
        """Queue an entry that was settled already, past the filters."""
        self._writer.put(self._output, entry)

    def flush(self, timeout: float = DEFAULT_FLUSH_TIMEOUT) -> None:
        """Wait until what was logged before is written, for `timeout` seconds at most; see `wait`."""
        self.wait(timeout)

    def wait(self, timeout: float) -> bool:
        """Wait as `flush` does, and tell whether everything was written."""
        return self._writer.flush(timeout)

    def close(self) -> None:
        """Flush, and forget the handler's name. The handler works on.

        `logging.config.dictConfig` closes every handler of the process, also those that stay on their
        loggers: were the place given up here, the first server that configures its own logging would silence
        ours. See `dispose`.
        """
        self.flush()
        super().close()

    def dispose(self) -> None:
        """Close for good: flush, and give the file back. Records that come later are lost, and counted."""
        self.close()
        self._leave()


def make_formatter(format: str | None, colour: bool | None, stream: TextIO | str | None) -> logging.Formatter:
    """Return the formatter that goes by a name.

    Args:
        format: `"console"`, `"json"`, or `None` for the first.
        colour: As for `LogHandler`.
        stream: Where it is going to write; `None` for a file, which is never coloured by itself.

    Raises:
        ValueError: There is no formatter of that name.
    """
    if format == "json":
        return JsonFormatter()
    if format not in (None, "console"):
        raise ValueError(f"format: expected 'console' or 'json', got {format!r}")
    return ConsoleFormatter(colour=_wants_colour(stream) if colour is None else bool(colour))


def _wants_colour(stream: TextIO | str | None) -> bool:
    """Tell whether a stream is a terminal that shows colours, and its user wants them (no-color.org)."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if isinstance(stream, str):
        stream = getattr(sys, stream, None)
    try:
        return stream is not None and bool(stream.isatty())
    except (AttributeError, ValueError):  # not a whole stream, or a closed one
        return False
