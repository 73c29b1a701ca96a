"""The functions registered with `task()`, with their options; found by function or by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from areion_orchestrator._tasks import TaskOptions


class TaskRegistry:
    """Functions and their options, both ways."""

    def __init__(self) -> None:
        self._options: dict[Callable[..., Any], TaskOptions] = {}
        self._functions: dict[str, Callable[..., Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._options)

    def __contains__(self, func: Callable[..., Any]) -> bool:
        return func in self._options

    @property
    def durable_names(self) -> list[str]:
        """The names of the registered functions whose tasks are kept in the store."""
        return [options.name for options in self._options.values() if options.durable]

    def add(self, func: Callable[..., Any], options: TaskOptions) -> None:
        """Register a function.

        Raises:
            ValueError: Another function has the name.
        """
        other = self._functions.get(options.name, func)
        if other is not func:
            raise ValueError(
                f"task name {options.name!r} of {func!r} is taken by {other!r}; give one a `name`"
            )
        self._functions[options.name] = func
        self._options[func] = options

    def find(self, func: Callable[..., Any]) -> TaskOptions | None:
        """Return the options of a function, or of the function behind a method; None if not registered."""
        try:
            return self._options.get(func) or self._options.get(getattr(func, "__func__", func))
        except TypeError:  # not hashable, so nobody registered it
            return None

    def by_name(self, name: str) -> tuple[Callable[..., Any], TaskOptions] | None:
        """Return a registered function and its options."""
        func = self._functions.get(name)
        return None if func is None else (func, self._options[func])
