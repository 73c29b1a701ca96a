"""Where messages go: the `areion.orchestrator` logger, or whatever logger was injected.

An injected logger may be anything with a method per level that takes one text. Unless its methods take
`exc_info` as the standard library's do, what it gets is one text, traceback included. A logger that fails must
not take a worker or the scheduler down with it.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable
from typing import Any

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def task_name(func: Callable[..., Any]) -> str:
    """Return what to call a callable in messages: its qualified name, or that of its class."""
    while (inner := getattr(func, "func", None)) is not None and callable(inner):  # functools.partial
        func = inner
    return getattr(func, "__qualname__", None) or getattr(func, "__name__", None) or type(func).__qualname__


def stable_name(func: Callable[..., Any]) -> str:
    """Return a name that is the same in the next process: where the callable is defined."""
    module = getattr(func, "__module__", None) or type(func).__module__
    return f"{module}:{task_name(func)}"


def _takes(method: Any, keyword: str) -> bool:
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):
        return False
    return keyword in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


class Log:
    """Writes messages to the logger in force."""

    def __init__(self) -> None:
        self._standard = logging.getLogger("areion.orchestrator")
        self._injected: Any = None
        self._takes_errors = False

    def use(self, logger: Any) -> None:
        """Write to `logger` from now on; None means the standard library's again."""
        self._takes_errors = _takes(getattr(logger, "error", None), "exc_info")
        self._injected = logger

    def write(self, level: str, message: str, *args: object, error: BaseException | None = None) -> None:
        """Write one message.

        Args:
            level: `debug`, `info`, `warning` or `error`.
            message: The text, with `%`-placeholders.
            *args: What the placeholders stand for.
            error: An exception whose traceback belongs to the message.
        """
        injected = self._injected
        if injected is None or isinstance(injected, logging.Logger | logging.LoggerAdapter):
            target = self._standard if injected is None else injected
            target.log(_LEVELS[level], message, *args, exc_info=error)
            return
        text = message % args if args else message
        extra = {"exc_info": error} if error is not None and self._takes_errors else {}
        if error is not None and not extra:
            text = f"{text}\n{''.join(traceback.format_exception(error)).rstrip()}"
        try:
            getattr(injected, level)(text, **extra)
        except Exception:  # noqa: BLE001 - any logger may be injected, and any may fail
            self._standard.log(_LEVELS[level], "%s", text)
            self._standard.exception("the injected logger %r could not write the message above", injected)
