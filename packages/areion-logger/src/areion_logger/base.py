"""The contract of a logger: five methods, and hooks that have a working default.

Strategy: an implementer writes `debug`, `info`, `warning`, `error` and `critical`, and is done. Everything
else here is built on those five, so it may be left alone or replaced by something better. Nothing here
formats lines, opens files or knows the standard library's `logging` beyond its level numbers.
"""

from __future__ import annotations

import logging
import traceback
from abc import ABC, abstractmethod

from areion_logger._entry import formatted
from areion_logger._levels import level_number


class BaseLogger(ABC):
    """What Areion, or any program, may ask of a logger.

    Each of the five methods takes the message and may take more: `%`-arguments (`args`) and keywords such as
    `extra` (a mapping of fields), `exc_info` and `stack_info`, with the meaning that the standard library's
    `logging` gives them. An implementation that takes the message alone is a valid one: Areion then formats
    the arguments first.

    No method may raise because of what is logged, and none may wait for a disk or a network: they are called
    on the event loop.

    Example:
        >>> class Printing(BaseLogger):
        ...     def debug(self, message: str) -> None: ...
        ...     def info(self, message: str) -> None:
        ...         print(message)
        ...     warning = error = critical = info
        >>> Printing().info("ready")
        ready
    """

    @abstractmethod
    def debug(self, message: str, *args: object, **kwargs: object) -> None:
        """Log what helps to find a mistake; off in production."""

    @abstractmethod
    def info(self, message: str, *args: object, **kwargs: object) -> None:
        """Log what happens in the ordinary course of things."""

    @abstractmethod
    def warning(self, message: str, *args: object, **kwargs: object) -> None:
        """Log what is unexpected, but was coped with."""

    @abstractmethod
    def error(self, message: str, *args: object, **kwargs: object) -> None:
        """Log that one piece of work failed."""

    @abstractmethod
    def critical(self, message: str, *args: object, **kwargs: object) -> None:
        """Log that the program cannot go on."""

    def exception(self, message: str, *args: object, **kwargs: object) -> None:  # noqa: ARG002 - a hook
        """Log the exception being handled, at level ERROR, with its traceback.

        By default the traceback is appended to the message, which then goes to `error` as one text without
        arguments, so that this works whatever an implementation's `error` takes; keywords are not passed on.

        Args:
            message: What failed.
            *args: `%`-arguments of the message.
            **kwargs: As for `error`.
        """
        self.error(f"{formatted(message, args)}\n{traceback.format_exc().rstrip()}")

    def log(self, level: int | str, message: str, *args: object, **kwargs: object) -> None:
        """Log at a level that is known only at run time.

        By default this calls the method of the highest of the five levels that is not above `level`.

        Args:
            level: A number as in `logging`, or a name in any case: `"info"`.
            message: The message.
            *args: `%`-arguments of the message.
            **kwargs: As for the method called.

        Raises:
            ValueError: The name is that of no level.
            TypeError: `level` is neither a str nor an int.
        """
        number = level_number(level, "level")
        if number >= logging.CRITICAL:
            method = self.critical
        elif number >= logging.ERROR:
            method = self.error
        elif number >= logging.WARNING:
            method = self.warning
        elif number >= logging.INFO:
            method = self.info
        else:
            method = self.debug
        method(message, *args, **kwargs)

    def is_enabled_for(self, level: int | str) -> bool:  # noqa: ARG002 - a hook
        """Tell whether a message at `level` would be written; by default always `True`.

        It lets a caller skip the making of an expensive message.

        Args:
            level: A number as in `logging`, or a name in any case.
        """
        return True

    def flush(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - a hook
        """Wait until what was logged before this call is written; by default there is nothing to wait for.

        Args:
            timeout: Seconds to wait at most; `None` leaves the limit to the implementation.

        Returns:
            Whether everything was written in that time.
        """
        return True

    def close(self) -> None:
        """Flush, and give back files, threads and sockets. May be called twice; by default it flushes."""
        self.flush()
