"""Small facts about callables and futures that the standard library does not tell, or tells too slowly."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from types import FunctionType
from typing import Any, NamedTuple

from areion_orchestrator._log import task_name

_CO_COROUTINE = inspect.CO_COROUTINE


def is_coroutine_function(func: Any) -> bool:
    """Tell whether calling `func` makes a coroutine: an async function, method, partial or object."""
    # PERF: inspect's own test costs as much as the rest of a submission.
    if type(func) is FunctionType and not func.__dict__:
        return bool(func.__code__.co_flags & _CO_COROUTINE)
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)


class Call(NamedTuple):
    """One call to be made in the background.

    Attributes:
        func: What to call.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        context: The context variables it sees.
    """

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    context: Context

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return task_name(self.func)

    @property
    def is_async(self) -> bool:
        """Whether making it makes a coroutine."""
        return is_coroutine_function(self.func)

    def again(self) -> Call:
        """Return the same call with a copy of the context, which no other attempt sees."""
        return self._replace(context=self.context.copy())


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
