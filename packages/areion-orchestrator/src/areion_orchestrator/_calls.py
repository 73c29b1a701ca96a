"""What kind of callable was handed in: told once, and cheaply for plain functions."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any

_CO_COROUTINE = inspect.CO_COROUTINE


def is_coroutine_function(func: Any) -> bool:
    """Tell whether calling `func` makes a coroutine: an async function, method, partial or object."""
    # PERF: inspect's own test costs as much as the rest of a submission.
    if type(func) is FunctionType and not func.__dict__:
        return bool(func.__code__.co_flags & _CO_COROUTINE)
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)


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
