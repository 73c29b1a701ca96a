"""A log record as it crosses from the caller's thread to the writer's: all that could change is settled.

Strategy: the caller's thread, which alone has the context and may alone touch the arguments, formats the
message and reduces extra fields to plain data. What is slow and cannot change is left to the writer: layout,
colour, time as text, and the source lines of a traceback, which come from the disk. Nothing here raises on
account of a record's content.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Mapping
from traceback import TracebackException
from types import TracebackType

from areion_logger._values import cut, plain, safe_repr
from areion_logger.context import bound_fields

_PLAIN = logging.LogRecord("", 0, "", 0, "", (), None)
STANDARD = frozenset(_PLAIN.__dict__) | {"message", "asctime", "taskName"}
"""Attributes that `logging` itself gives to a record; all others came from `extra`."""

_PLAIN_LENGTH = len(_PLAIN.__dict__)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
"""What `sys.exc_info()` returns."""

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


def settle(
    level: int,
    logger: str,
    message: object,
    args: tuple[object, ...],
    extra: Mapping[str, object] | None = None,
    exc_info: ExcInfo | None = None,
) -> Entry:
    """Make an entry without a record: what `capture` makes of the record that `logging` would have made.

    Args:
        level: The level's number.
        logger: The standard logger's name.
        message: The message.
        args: `%`-arguments, as given.
        extra: Fields, or `None`.
        exc_info: An exception, or `None`.
    """
    # As in LogRecord: a single mapping is for places like `%(name)s`.
    single = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
    fields: Mapping[str, object] = bound_fields()
    if extra:
        fields = {**fields, **{key: plain(value) for key, value in extra.items()}}
    return Entry(
        time.time(),
        level,
        logging.getLevelName(level),
        logger,
        formatted(message, single),
        fields,
        None if exc_info is None else _exception(exc_info),
    )


def capture(record: logging.LogRecord, *, keep_record: bool = False) -> Entry:
    """Settle a record in the thread and context of the call that logged it.

    Args:
        record: What `logging` made. It is not changed: other handlers will see it too.
        keep_record: Also keep a copy, for a formatter written for the standard library.
    """
    message = formatted(record.msg, record.args)
    attributes = record.__dict__
    fields: Mapping[str, object] = bound_fields()
    if len(attributes) != _PLAIN_LENGTH:
        extra = {
            key if type(key) is str else str(plain(key)): plain(value)
            for key, value in attributes.items()
            if key not in STANDARD
        }
        if extra:
            fields = {**fields, **extra} if fields else extra
    exception: TracebackException | str | None = None
    if record.exc_info:
        exception = _exception(record.exc_info)
    elif record.exc_text:
        exception = cut(record.exc_text)
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


def presentable(record: logging.LogRecord) -> logging.LogRecord:
    """Return the record, or a copy that says what is wrong if its message and arguments do not fit.

    Some handlers raise on those, and a log call must not.
    """
    try:
        record.getMessage()
    except Exception:  # noqa: BLE001 - arguments' __str__ may raise anything
        shown = copy.copy(record)
        shown.msg, shown.args = formatted(record.msg, record.args), None
        return shown
    return record


def formatted(message: object, args: object) -> str:
    """Return the message with its arguments in place, or a note of why that failed."""
    try:
        text = message if type(message) is str else str(message)
        return cut(text % args if args else text)
    except Exception as error:  # noqa: BLE001 - arguments' __str__ may raise anything
        arguments = f" with arguments {safe_repr(args)}" if args else ""
        reason = (
            f"{type(error).__name__}: {error}"
            if type(error) in (TypeError, ValueError)
            else type(error).__name__
        )
        shown = cut(message) if type(message) is str else safe_repr(message)
        return f"{shown} [could not be formatted{arguments}: {reason}]"


def _exception(info: ExcInfo) -> TracebackException | str | None:
    """Settle an exception: its own text now, its source lines when it is written."""
    kind, error, trace = info
    if kind is None or error is None:
        return None
    try:
        return TracebackException(kind, error, trace, lookup_lines=False, compact=True)
    except Exception as failure:  # noqa: BLE001 - the exception's __str__ and __notes__ are foreign code
        return f"{kind.__name__} (its traceback could not be taken: {safe_repr(failure)})"
