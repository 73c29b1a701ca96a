"""Where in the user's program a registration stands, for messages that name it."""

from __future__ import annotations

import sys

_PACKAGE = __name__.partition(".")[0]


def caller_location() -> str:
    """`file:line` of the nearest caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def describe_callable(function: object) -> str:
    """A callable's name as a reader of the program knows it."""
    name = getattr(function, "__qualname__", None)
    if not isinstance(name, str):
        return repr(function)
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if isinstance(module, str) else name


def function_name(function: object) -> str | None:
    """The name a function was defined with; `None` for lambdas and for objects without one."""
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else None
