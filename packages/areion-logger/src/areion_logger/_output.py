"""One user of the writer's queue: its place, its formatter, and the account of its records."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from areion_logger._entry import Entry
from areion_logger._sinks import Sink
from areion_logger._values import safe_repr
from areion_logger.formatters import ConsoleFormatter, EntryFormatter, render_foreign

_NO_FIELDS: Mapping[str, object] = {}

FALLBACK = ConsoleFormatter()
"""For what is written when a formatter failed, and about sinks that failed."""


class Output:
    """One user of the queue: a sink, the formatter for it, and the account of its records.

    Args:
        sink: Where the lines go.
        formatter: How they look.
        limit: Records below ERROR that may wait at a time. Those of ERROR and above have a quarter more.
    """

    def __init__(self, sink: Sink, formatter: logging.Formatter, limit: int) -> None:
        self.sink = sink
        self.formatter = formatter
        self.limit = limit
        self.waiting = 0
        self.dropped = 0
        self.stalled = False

    def admits(self, number: int) -> bool:
        """Tell whether a record of this level still fits."""
        limit = self.limit if number < logging.ERROR else self.limit + max(self.limit // 4, 16)
        return self.waiting < limit

    def render(self, entry: Entry) -> str:
        """Return the entry's text, whatever the formatter does."""
        try:
            if isinstance(self.formatter, EntryFormatter):
                return self.formatter.render(entry)
            return render_foreign(self.formatter, entry)
        except Exception as error:  # noqa: BLE001 - a foreign formatter may raise anything
            message = f"{entry.message} [the formatter raised {safe_repr(error)}]"
            # The time is new, as the old one may be what no formatter can write.
            plain = Entry(time.time(), entry.number, entry.level, entry.logger, message, entry.fields)
            return FALLBACK.render(plain)


def missing(dropped: int, limit: int, lost: int) -> Entry:
    """Return the line that tells a log's reader what is not in it."""
    reasons = []
    if dropped:
        reasons.append(f"{dropped} records were dropped, as {limit} were waiting to be written")
    if lost:
        reasons.append(f"{lost} records were lost, as they could not be written")
    return own_entry("; ".join(reasons), {"dropped": dropped, "lost": lost})


def own_entry(message: str, fields: Mapping[str, object] = _NO_FIELDS) -> Entry:
    """Return a line of this package's own."""
    return Entry(time.time(), logging.WARNING, "WARNING", "areion.logger", message, fields)
