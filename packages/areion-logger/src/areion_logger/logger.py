"""`Logger`: the default implementation of `BaseLogger`, over the standard library's logger of a name.

Strategy: construction checks every argument and puts handlers on the standard logger; the methods do no more
than hand the call to it. What is written, and when, is the business of the handlers.
"""

from __future__ import annotations

import logging
import os
import weakref
from typing import TextIO

from areion_logger import _tree
from areion_logger._entry import settle
from areion_logger._keywords import split_keywords
from areion_logger._levels import level_number
from areion_logger._rotation import Period
from areion_logger.base import BaseLogger
from areion_logger.handler import DEFAULT_FLUSH_TIMEOUT, DEFAULT_QUEUE_SIZE, Format, LogHandler

_EVERYTHING = 1
"""What the level NOTSET means here: to `logging` it would mean the level of the root logger."""


class Logger(BaseLogger):
    """Log to the console, to a file, or both, without ever making the caller wait.

    It configures the standard library's logger `name` and thereby all below it (`areion.http`,
    `areion.router`, ...): what they log is written as well. The root logger is left alone. Where several
    instances name the same place, it is opened once and a record is written to it once; what a later one says
    of its format or rotation holds from then on, and its level is the lowest that one of them asked for,
    while each instance holds its own calls to its own level.

    Args:
        log_file: A file to append to, besides the console; its folder must exist.
        log_level: The least level that is written: a name in any case, or a number.
        name: The standard logger to use; `"areion"` is what Areion's own parts log under.
        format: `"console"` for lines for people, `"json"` for one object a line. `None` is the first, or what
            another instance chose for the same place.
        colour: Whether lines on the console are coloured; `None`: on a terminal, unless `NO_COLOR` is set.
        console: Whether to write to the console at all.
        stream: What the console is: `"stderr"` (also for `None`), `"stdout"`, or a text stream.
        max_bytes: The size at which the file is set aside; 0 for never.
        when: `"hour"`, `"day"` or `"week"`: the file is set aside at the first line of a new one, in UTC.
        backup_count: Files set aside that are kept, `NAME.1` being the newest.
        queue_size: Records that may wait to be written to one place. Then those below ERROR are dropped, and
            a line says how many; see `LogHandler`.
        propagate: Whether handlers that others put on the loggers above (the root logger's) get the records
            too. Those that write to the same place are passed over, so that no line is doubled.

    Raises:
        OSError: The file cannot be opened; the message says why.
        ValueError: A value that cannot be meant, named in the message.
        TypeError: A value of the wrong type, named in the message.
        RuntimeError: Rotation on a platform without `fcntl`.

    Example:
        >>> import io
        >>> stream = io.StringIO()
        >>> logger = Logger(name="shop", stream=stream)
        >>> logger.info("sold %d of %s", 3, "tea", customer="Ada")
        >>> logger.close()
        >>> print(stream.getvalue()[25:], end="")
        INFO     shop: sold 3 of tea customer=Ada
    """

    def __init__(
        self,
        log_file: str | os.PathLike[str] | None = None,
        log_level: int | str = "INFO",
        *,
        name: str = "areion",
        format: Format | None = None,
        colour: bool | None = None,
        console: bool = True,
        stream: TextIO | str | None = None,
        max_bytes: int = 0,
        when: Period | None = None,
        backup_count: int = 5,
        queue_size: int = DEFAULT_QUEUE_SIZE,
        propagate: bool = True,
    ) -> None:
        self._level = level_number(log_level, "log_level") or _EVERYTHING
        if type(name) is not str or name in ("", "root"):
            raise ValueError(f"name: expected the name of a logger other than the root, got {name!r}")
        if not console and log_file is None:
            raise ValueError("console and log_file: with neither of them nothing would be written anywhere")
        if log_file is None and (max_bytes or when is not None):
            raise ValueError("max_bytes and when: only a file is rotated, and no log_file was given")
        asked = format is not None
        handlers: list[tuple[LogHandler, bool]] = []
        try:
            if log_file is not None:
                file = LogHandler(
                    log_file,
                    format=format,
                    colour=False,
                    max_bytes=max_bytes,
                    when=when,
                    backup_count=backup_count,
                    queue_size=queue_size,
                )
                handlers.append((file, asked))
            if console:
                handlers.append(
                    (
                        LogHandler(stream=stream, format=format, colour=colour, queue_size=queue_size),
                        asked or colour is not None,
                    )
                )
        except BaseException:
            for handler, _ in handlers:
                handler.dispose()
            raise
        self._hold = _tree.hold(name, handlers, self._level, propagate=propagate)
        weakref.finalize(self, _tree.forget, self._hold).atexit = False
        self.logger = logging.getLogger(name)
        """The standard library's logger behind this one."""

    @property
    def level(self) -> int:
        """The number of the least level that this instance writes."""
        return self._level

    def set_level(self, level: int | str) -> None:
        """Change the least level that is written, from now on.

        Args:
            level: A name in any case, or a number.

        Raises:
            ValueError: The name is that of no level.
            TypeError: `level` is neither a str nor an int.
        """
        self._level = level_number(level, "level") or _EVERYTHING
        _tree.change_level(self._hold, self._level)

    def debug(self, message: str, *args: object, **kwargs: object) -> None:
        """Log what helps to find a mistake; see `log` for the arguments."""
        self._log(logging.DEBUG, message, args, kwargs)

    def info(self, message: str, *args: object, **kwargs: object) -> None:
        """Log what happens in the ordinary course of things; see `log` for the arguments."""
        self._log(logging.INFO, message, args, kwargs)

    def warning(self, message: str, *args: object, **kwargs: object) -> None:
        """Log what is unexpected, but was coped with; see `log` for the arguments."""
        self._log(logging.WARNING, message, args, kwargs)

    def error(self, message: str, *args: object, **kwargs: object) -> None:
        """Log that one piece of work failed; see `log` for the arguments."""
        self._log(logging.ERROR, message, args, kwargs)

    def critical(self, message: str, *args: object, **kwargs: object) -> None:
        """Log that the program cannot go on; see `log` for the arguments."""
        self._log(logging.CRITICAL, message, args, kwargs)

    def exception(self, message: str, *args: object, **kwargs: object) -> None:
        """Log the exception being handled, at level ERROR, with its traceback; arguments as for `log`."""
        kwargs.setdefault("exc_info", True)
        self._log(logging.ERROR, message, args, kwargs)

    def log(self, level: int | str, message: str, *args: object, **kwargs: object) -> None:
        """Log at any level.

        Args:
            level: A name in any case, or a number.
            message: The message, with `%` places if there are `args`.
            *args: What goes into the message. A mismatch is noted in the line; it never raises.
            **kwargs: `exc_info`, `stack_info`, `stacklevel` and `extra` as in `logging`; any other keyword is
                a field, as if it were in `extra`.

        Raises:
            ValueError: The name is that of no level.
            TypeError: `level` is neither a str nor an int.
        """
        self._log(level_number(level, "level"), message, args, kwargs)

    def is_enabled_for(self, level: int | str) -> bool:
        """Tell whether a message at `level` would be written."""
        number = level if type(level) is int else level_number(level, "level")
        return number >= self._level and self.logger.isEnabledFor(number)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until what was logged before is written.

        It waits for a disk: on an event loop, call it by `asyncio.to_thread`.

        Args:
            timeout: Seconds to wait at most; `None` for 5.

        Returns:
            Whether everything was written in that time.
        """
        limit = DEFAULT_FLUSH_TIMEOUT if timeout is None else timeout
        # One queue serves all places, so the last of them to be waited for costs nothing more.
        return all(handler.wait(limit) for handler in _tree.handlers(self._hold))

    def close(self) -> None:
        """Flush, and take this instance's part off the standard logger.

        The last instance leaves that logger as it was found. A second call does nothing. Not needed at the
        end of a process: everything is flushed then anyway.
        """
        _tree.release(self._hold)

    def _log(self, level: int, message: object, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        if level < self._level or not self.logger.isEnabledFor(level):
            return
        tree = self._hold.tree
        if not kwargs:
            if tree.is_private():
                tree.write(settle(level, self.logger.name, message, args))
            else:
                self.logger.log(level, message, *args, stacklevel=3)
            return
        options = split_keywords(kwargs)
        if not options.stack_info and tree.is_private():
            tree.write(settle(level, self.logger.name, message, args, options.fields, options.exc_info))
            return
        self.logger.log(
            level,
            message,
            *args,
            exc_info=options.exc_info,
            stack_info=options.stack_info,
            stacklevel=options.stacklevel + 2,
            extra=options.fields,
        )
