"""A log record as it crosses from the caller's thread to the writer's: all that could change is settled.

Strategy: the caller's thread, which alone has the context and may alone touch the arguments, formats the
    message and
reduces extra fields to plain data. What is slow and cannot change is left to the writer: layout, colour, time
as text, and the source lines of a traceback, which come from the disk. Nothing here raises on account of a
record's content.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from traceback import TracebackException
from types import TracebackType

from areion_logger._values import cut, plain, safe_repr
from areion_logger.context import current_context

_PLAIN = logging.LogRecord("", 0, "", 0, "", (), None)
STANDARD = frozenset(_PLAIN.__dict__) | {"message", "asctime", "taskName"}
"""Attributes that `logging` itself gives to a record; all others came from `extra`."""

_PLAIN_LENGTH = len(_PLAIN.__dict__)

_NO_FIELDS: Mapping[str, object] = {}


class Entry:
    """One record, settled. Immutable by convention: several outputs share it."""

    __slots__ = ("created", "exception", "fields", "level", "logger", "message", "number", "record", "stack")

    def __init__(
        self,
        created: float,
        number: int,
        level: str,
        logger: str,
        message: str,
        fields: Mapping[str, object] = _NO_FIELDS,
        exception: TracebackException | str | None = None,
        stack: str | None = None,
        record: logging.LogRecord | None = None,
    ) -> None:
        self.created = created
        """Seconds since the epoch."""
        self.number = number
        self.level = level
        """The level's name."""
        self.logger = logger
        """The name of the standard logger."""
        self.message = message
        self.fields = fields
        self.exception = exception
        """The traceback, as text only if another handler made it so."""
        self.stack = stack
        self.record = record
        """A private copy of the record, for a formatter that knows nothing else."""

    @property
    def weight(self) -> int:
        """Characters that the entry holds in memory, roughly: what bounds a queue of them."""
        return (
            len(self.message)
            + (4096 if self.exception is not None or self.stack else 0)
            + 64 * len(self.fields)
        )

    def exception_text(self) -> str | None:
        """Return the traceback as text of several lines, or `None`; it reads source files."""
        if self.exception is None or isinstance(self.exception, str):
            return self.exception
        try:
            return cut("".join(self.exception.format()).rstrip("\n"))
        except Exception as error:  # noqa: BLE001 - source loaders and exceptions' notes are foreign code
            return f"an exception whose traceback could not be formatted: {safe_repr(error)}"


def capture(record: logging.LogRecord, *, keep_record: bool = False) -> Entry:
    """Settle a record in the thread and context of the call that logged it.

    Args:
        record: What `logging` made. It is not changed: other handlers will see it too.
        keep_record: Also keep a copy, for a formatter written for the standard library.
    """
    message = _message(record)
    attributes = record.__dict__
    fields = current_context()
    if len(attributes) != _PLAIN_LENGTH:
        extra = {
            key if type(key) is str else str(plain(key)): plain(value)
            for key, value in attributes.items()
            if key not in STANDARD
        }
        if extra:
            fields = {**fields, **extra} if fields else extra
    exception = _exception(record)
    stack = record.stack_info
    kept = None
    if keep_record:
        kept = copy.copy(record)
        kept.msg, kept.args, kept.message = message, None, message
        for key, value in fields.items():
            if key not in STANDARD:
                setattr(kept, key, value)
    return Entry(
        record.created,
        record.levelno,
        record.levelname,
        record.name,
        message,
        fields,
        exception,
        stack if stack is None or len(stack) < 1000 else cut(stack),
        kept,
    )


def _message(record: logging.LogRecord) -> str:
    """Return the message with its arguments in place, or a note of why that failed."""
    message = record.msg
    if not record.args and type(message) is str:
        return cut(message)
    try:
        return cut(record.getMessage())
    except Exception as error:  # noqa: BLE001 - arguments' __str__ may raise anything
        arguments = f" with arguments {safe_repr(record.args)}" if record.args else ""
        return (
            f"{cut(message) if type(message) is str else safe_repr(message)} "
            f"[could not be formatted{arguments}: {type(error).__name__}: {_text(error)}]"
        )


def _exception(record: logging.LogRecord) -> TracebackException | str | None:
    info = record.exc_info
    if not info:
        return cut(record.exc_text) if record.exc_text else None
    kind, error, trace = info
    if kind is None or error is None:
        return None
    return traceback_of(kind, error, trace)


def traceback_of(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> TracebackException | str:
    """Settle an exception: its text now, its source lines when it is written."""
    try:
        return TracebackException(kind, error, trace, lookup_lines=False, compact=True)
    except Exception as failure:  # noqa: BLE001 - the exception's own __str__ and __notes__ are foreign code
        return f"{kind.__name__} (its traceback could not be taken: {safe_repr(failure)})"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - as above
        return "?"
