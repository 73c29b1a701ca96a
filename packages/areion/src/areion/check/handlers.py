"""Handlers and middleware that block the event loop, by what their sources call.

Calls are followed into the program's own functions, a few levels deep. What is handed to a thread, as in
``asyncio.to_thread(work)``, is not called there, and does not count.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any, Final, NamedTuple

from areion._origins import is_users
from areion.check.blocking import Blocking, blocking, name_of
from areion.check.findings import Finding, Severity
from areion.check.sources import UNKNOWN, Code, calls, code_of, resolve, where_of
from areion.server import AreionServer

_DEPTH: Final = 3
_MOST_FUNCTIONS: Final = 200


class _Call(NamedTuple):
    """A call that blocks, and the functions that lead to it."""

    name: str
    what: Blocking
    where: str
    via: tuple[str, ...]


def check_handlers(server: AreionServer) -> Iterator[Finding]:
    """Review the handlers of all routes, their middleware, and error handlers."""
    seen: set[int] = set()
    for route in getattr(server.router, "routes", ()):
        in_thread = bool(route.options.get("blocking"))
        parts: list[tuple[Any, bool]] = [] if in_thread else [(route.handler, False)]
        if not in_thread or route.is_async:
            parts.extend((middleware, True) for middleware in route.middlewares)
        for function, is_middleware in parts:
            if id(function) not in seen:
                seen.add(id(function))
                yield from _check(function, is_middleware=is_middleware)
    for function in server.options.error_handlers.values():
        yield from _check(function, is_middleware=False)


def _check(function: Any, *, is_middleware: bool) -> Iterator[Finding]:
    code = code_of(function)
    if code is None or not is_users(code.file):
        return
    for call in _find(code, nested=is_middleware):
        yield _describe(code, call, is_middleware=is_middleware)


def _describe(code: Code, call: _Call, *, is_middleware: bool) -> Finding:
    kind = "middleware" if is_middleware else "handler"
    through = f" (through {', '.join(call.via)})" if call.via else ""
    if code.is_async or is_middleware:
        advice = f"use {call.what.instead}"
    else:
        advice = f"register the handler with blocking=True, or make it async and use {call.what.instead}"
    severity = Severity.WARNING if code.is_async or not call.what.short else Severity.ADVICE
    return Finding(
        severity,
        "blocking-call",
        f"the {kind} {code.name} calls {call.name}{through}, which {call.what.does}: all other requests wait",
        call.where,
        advice,
    )


def _find(code: Code, *, nested: bool) -> Iterator[_Call]:
    """Yield calls that block, in the function and in those that it calls."""
    left: list[tuple[Code, tuple[str, ...], bool]] = [(code, (), nested)]
    seen = {code.function}
    while left:
        current, via, inside = left.pop(0)
        for call in calls(current, nested=inside):
            found, name = resolve(current, call.func)
            what, full = _known(found, name)
            if what is not None:
                yield _Call(full, what, where_of(current, call.lineno), via)
            elif (
                _is_followed(found)
                and found not in seen
                and len(via) < _DEPTH
                and len(seen) < _MOST_FUNCTIONS
            ):
                seen.add(found)
                called = code_of(found)
                if called is not None and (not called.is_async or _is_awaited(current, call)):
                    left.append((called, (*via, called.name), False))


def _known(found: Any, name: str) -> tuple[Blocking | None, str]:
    """Return what is known of a call, and the name under which it is known."""
    if found is UNKNOWN:
        return blocking(name), name
    known = name_of(found)
    if known is None or inspect.iscoroutinefunction(found):
        return None, name
    return blocking(known), known


def _is_followed(found: Any) -> bool:
    return isinstance(found, FunctionType) and is_users(found.__code__.co_filename)


def _is_awaited(code: Code, call: ast.Call) -> bool:
    """Tell whether a coroutine is awaited where it is made; else a task of its own may run it."""
    return any(isinstance(node, ast.Await) and node.value is call for node in ast.walk(code.node))
