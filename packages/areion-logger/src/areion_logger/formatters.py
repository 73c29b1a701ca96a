"""How a line looks: for people (`ConsoleFormatter`) and for programs (`JsonFormatter`).

Strategy: a formatter lays out a settled `Entry`, in the writer's thread. Both are also formatters in the
sense of the standard library, so that they serve any of its handlers. Whatever is logged, an entry is one
line, plus lines for a traceback on the console that begin with a bar; no text can forge another. No I/O here,
and no reading of the clock.
"""

from __future__ import annotations

import json
import logging
import re
import time
from abc import abstractmethod
from json.encoder import encode_basestring_ascii as _quote

from areion_logger._entry import Entry, capture
from areion_logger._escape import continued, escape
from areion_logger._values import safe_repr

_MAX_CACHED_NAMES = 1024
"""Pairs of level and logger whose text is kept. Nothing stops a program from `getLogger(user_name)`."""


class EntryFormatter(logging.Formatter):
    """A formatter of this package: one that needs no more than a settled entry."""

    def __init__(self) -> None:
        super().__init__()
        self._second = (-1, "")

    @abstractmethod
    def render(self, entry: Entry) -> str:
        """Return the entry's text, without the line's end."""

    def format(self, record: logging.LogRecord) -> str:
        """Lay out a record of the standard library: what a handler that is not ours calls."""
        return self.render(capture(record))

    def timestamp(self, created: float) -> str:
        """Return seconds since the epoch as `2026-01-02T03:04:05.678Z`: no clock change doubles an hour."""
        second = int(created)
        known, text = self._second
        if second != known:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        # What a float misses is made up for: .678 is kept as .67799997.
        return f"{text}.{min(int((created - second) * 1000 + 0.0005), 999):03d}Z"


class JsonFormatter(EntryFormatter):
    r"""One JSON object a line.

    Its keys are `time`, `level`, `logger`, `message`, then context and extra fields, then `exception` and
    `stack`. Text is ASCII with `\u` escapes, so that no reader can take a part of it for a line's end. A
    field whose name is one of the formatter's own gets a trailing underscore, as `level_`. Values that JSON
    does not know are written as their `repr`; `NaN` and infinities as text.

    Example:
        >>> record = logging.LogRecord("shop", logging.INFO, "", 0, "sold %d", (3,), None)
        >>> record.created = 0.25
        >>> JsonFormatter().format(record)
        '{"time":"1970-01-01T00:00:00.250Z","level":"INFO","logger":"shop","message":"sold 3"}'
    """

    _RESERVED = frozenset({"time", "level", "logger", "message", "exception", "stack"})

    def __init__(self) -> None:
        super().__init__()
        self._heads: dict[tuple[str, str], str] = {}
        self._encode = json.JSONEncoder(separators=(",", ":"), default=safe_repr).encode

    def render(self, entry: Entry) -> str:
        """Return the entry as one JSON object."""
        head = self._heads.get((entry.level, entry.logger)) or self._head(entry.level, entry.logger)
        parts = ['{"time":"', self.timestamp(entry.created), head, _quote(entry.message)]
        for key, value in entry.fields.items():
            parts += (
                ",",
                _quote(_renamed(key, self._RESERVED, entry.fields)),
                ":",
                _quote(value) if type(value) is str else self._encode(value),
            )
        exception = entry.exception_text()
        if exception is not None:
            parts += (',"exception":', _quote(exception))
        if entry.stack:
            parts += (',"stack":', _quote(entry.stack))
        parts.append("}")
        return "".join(parts)

    def _head(self, level: str, logger: str) -> str:
        if len(self._heads) >= _MAX_CACHED_NAMES:
            self._heads.clear()
        text = f'","level":{_quote(level)},"logger":{_quote(logger)},"message":'
        self._heads[level, logger] = text
        return text


class ConsoleFormatter(EntryFormatter):
    r"""A line for people: time, level, logger, message, fields; a traceback on lines of its own below it.

    Args:
        colour: Whether to colour the level and dim the rest with ANSI sequences. Sequences in what is logged
            are always escaped.

    Example:
        >>> record = logging.LogRecord("shop", logging.WARNING, "", 0, "out of %s", ("tea\n",), None)
        >>> record.created, record.shelf = 0.25, "3 left"
        >>> print(ConsoleFormatter().format(record))
        1970-01-01T00:00:00.250Z WARNING  shop: out of tea\n shelf="3 left"
    """

    def __init__(self, *, colour: bool = False) -> None:
        super().__init__()
        self.colour = colour
        self._heads: dict[tuple[str, str], str] = {}

    def render(self, entry: Entry) -> str:
        """Return the entry's line, and its continuation lines if it has a traceback or a stack."""
        head = self._heads.get((entry.level, entry.logger)) or self._head(
            entry.number, entry.level, entry.logger
        )
        text = f"{self.timestamp(entry.created)}{head}{escape(entry.message)}"
        if entry.fields:
            text += self._fields(entry)
        exception = entry.exception_text()
        if exception is not None:
            text += "\n" + continued(exception)
        if entry.stack:
            text += "\n" + continued(entry.stack)
        return text

    def _head(self, number: int, level: str, logger: str) -> str:
        if len(self._heads) >= _MAX_CACHED_NAMES:
            self._heads.clear()
        level_text, logger_text = f"{escape(level):<8}", escape(logger)
        if self.colour:
            text = f" {_colour_of(number)}{level_text}\x1b[0m \x1b[2m{logger_text}:\x1b[0m "
        else:
            text = f" {level_text} {logger_text}: "
        self._heads[level, logger] = text
        return text

    def _fields(self, entry: Entry) -> str:
        text = " ".join(f"{_bare(key)}={_bare(value)}" for key, value in entry.fields.items())
        return f" \x1b[2m{text}\x1b[0m" if self.colour else f" {text}"


_BARE = re.compile(r'[^\s"=]+')
"""What may stand without quotes in `key=value`."""


def _bare(value: object) -> str:
    """Return a key or a value for `key=value`: quoted where a reader could not tell its end."""
    if type(value) is not str:
        value = json.dumps(value, ensure_ascii=False, default=safe_repr)
        return escape(value)
    if _BARE.fullmatch(value):
        return escape(value)
    return escape(json.dumps(value, ensure_ascii=False))


def _colour_of(number: int) -> str:
    if number >= logging.CRITICAL:
        return "\x1b[1;41;97m"
    if number >= logging.ERROR:
        return "\x1b[31m"
    if number >= logging.WARNING:
        return "\x1b[33m"
    if number >= logging.INFO:
        return "\x1b[32m"
    return "\x1b[36m"


def _renamed(key: str, reserved: frozenset[str], taken: object) -> str:
    """Return `key`, with underscores after it until it is no reserved name and nobody else's."""
    if key not in reserved:
        return key
    renamed = key + "_"
    while renamed in taken:  # type: ignore[operator]  # a mapping of fields
        renamed += "_"
    return renamed


def render_foreign(formatter: logging.Formatter, entry: Entry) -> str:
    """Lay out an entry with a formatter of the standard library's kind, so that no line is forged."""
    if entry.record is None:
        return ConsoleFormatter().render(entry)
    first, separator, rest = formatter.format(entry.record).partition("\n")
    return escape(first) + (f"\n{continued(rest)}" if separator else "")
