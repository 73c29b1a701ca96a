"""Small facts about callables and futures that the standard library does not tell, or tells too slowly."""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import Future
from types import FunctionType
from typing import Any

_CO_COROUTINE = inspect.CO_COROUTINE


def is_coroutine_function(func: Any) -> bool:
    """Tell whether calling `func` makes a coroutine: an async function, method, partial or object."""
    # PERF: inspect's own test costs as much as the rest of a submission.
    if type(func) is FunctionType and not func.__dict__:
        return bool(func.__code__.co_flags & _CO_COROUTINE)
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)


class Activation:
    """Takes a future out of its pending state, once.

    A future that was cancelled must also be told so (`wait()` waits for that), and the standard library lets
    nobody ask twice which of the two it came to.

    Args:
        future: The future.
        is_running: Whether it was taken out already, and is running.
    """

    __slots__ = ("_future", "_lock", "_outcome")

    def __init__(self, future: Future[Any], *, is_running: bool = False) -> None:
        self._future = future
        self._lock = threading.Lock()
        self._outcome: bool | None = is_running or None

    def __call__(self) -> bool:
        """Return whether the future is running now, rather than cancelled."""
        with self._lock:
            if self._outcome is None:
                self._outcome = self._future.set_running_or_notify_cancel()
            return self._outcome


def check_callable(func: Any, what: str) -> None:
    """Refuse what cannot be called, with a hint where the slip is a common one.

    Raises:
        TypeError: `func` is not callable.
    """
    if callable(func):
        return
    if inspect.iscoroutine(func):
        func.close()
        raise TypeError(
            f"{what} takes a function, not the coroutine that calling it made: pass {func.__name__}"
        )
    raise TypeError(f"{what} takes a function to call, not {func!r} (a {type(func).__name__})")
