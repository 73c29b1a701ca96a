"""Fields bound to the current context: they appear on every line that is logged in it.

Strategy: one context variable holds an immutable mapping, already reduced to plain values when it is bound,
so that a logged record pays one look-up for it. It follows the rules of `contextvars`: a task starts with a
copy of its creator's fields, a thread with none. Nothing here knows records, formats or the standard
library's `logging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType, TracebackType
from typing import Self

from areion_logger._values import MAX_TEXT, plain

_bound: ContextVar[dict[str, object]] = ContextVar("areion_logger.fields", default={})  # noqa: B039 - never changed

bound_fields = _bound.get
"""Return the fields of the current context, for this package alone: the dict is shared, and never changed."""


def current_context() -> Mapping[str, object]:
    """Return the fields bound in the current context, as a read-only mapping of plain values."""
    return MappingProxyType(_bound.get())


class Binding:
    """Fields in force from `bind_context` on until `reset`, or until the end of a `with` block."""

    __slots__ = ("_token",)

    def __init__(self, token: Token[dict[str, object]]) -> None:
        self._token: Token[dict[str, object]] | None = token

    def reset(self) -> None:
        """Put back the fields that were in force before. A second call does nothing."""
        token, self._token = self._token, None
        if token is None:
            return
        try:
            _bound.reset(token)
        except ValueError:
            # Ended in another context than it began in, as a generator closed by another task is. The fields
            # never were in force there, so there is nothing to put back; raising would turn a log field into
            # an outage.
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()


def bind_context(**fields: object) -> Binding:
    """Add fields to every line logged in the current context, and return what takes them off again.

    They are in force as soon as this returns. Inner bindings add to outer ones and win over them; what a log
    call says in `extra` wins over both.

    Args:
        **fields: Any names and values. Values are reduced to plain data now: a later change of a list is not
            seen.

    Returns:
        A context manager that also has `reset()`.

    Example:
        >>> with bind_context(request_id="7f3a"):
        ...     dict(current_context())
        {'request_id': '7f3a'}
        >>> binding = bind_context(job="nightly")
        >>> binding.reset()
        >>> dict(current_context())
        {}
    """
    for key, value in fields.items():
        if type(value) is not str or len(value) > MAX_TEXT:
            fields[key] = plain(value)
    outer = _bound.get()
    return Binding(_bound.set({**outer, **fields} if outer else fields))


def unbind_context(*names: str) -> Binding:
    """Leave fields off the lines logged in the current context, and return what puts them back.

    Args:
        *names: What to leave off; a name that is not bound changes nothing.

    Returns:
        A context manager that also has `reset()`.

    Example:
        >>> with bind_context(user="ada", request_id="7f3a"), unbind_context("user"):
        ...     dict(current_context())
        {'request_id': '7f3a'}
    """
    return Binding(_bound.set({key: value for key, value in _bound.get().items() if key not in names}))
