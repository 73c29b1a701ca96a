"""Functions and their sources: the syntax tree of a function, and what the names in it stand for.

A name is looked up where Python would look it up, in the function's own scopes; what depends on the run, such as a
parameter, stands for nothing here.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

UNKNOWN: Final = object()
"""What a name stands for that the source does not tell."""


@dataclass(frozen=True, slots=True)
class Code:
    """A function with its source.

    Attributes:
        function: The function itself, without what wraps it.
        node: Its syntax tree.
        file: Where it is.
    """

    function: FunctionType
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    file: str

    @property
    def name(self) -> str:
        """What a reader of the program calls it."""
        return self.function.__qualname__.replace(".<locals>", "")

    @property
    def is_async(self) -> bool:
        """Whether it is a coroutine function."""
        return inspect.iscoroutinefunction(self.function) or inspect.isasyncgenfunction(self.function)


def where_of(code: Code, line: int) -> str:
    """Return ``file:line``."""
    return f"{code.file}:{line}"


def code_of(found: Any) -> Code | None:
    """Return the source of a callable; None if it is not written in Python or its file is not there."""
    function = _function(found)
    if function is None:
        return None
    file = function.__code__.co_filename
    for node in _functions_of(file):
        if _first_line(node) == function.__code__.co_firstlineno and _name(node) == function.__name__:
            return Code(function, node, file)
    return None


def calls(code: Code, *, nested: bool) -> Iterator[ast.Call]:
    """Yield the calls in a function.

    Args:
        code: The function.
        nested: Whether functions defined in it count, as they do for a middleware, which returns one.
    """
    left: list[ast.AST] = list(_body(code.node))
    while left:
        node = left.pop(0)
        if isinstance(node, ast.Call):
            yield node
        if nested or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            left[:0] = ast.iter_child_nodes(node)


def resolve(code: Code, expression: ast.expr) -> tuple[Any, str]:
    """Return what an expression such as ``time.sleep`` stands for, and its name from the module on.

    Returns:
        `UNKNOWN` if it is not there or the source does not tell; then the name is that of something in a module
        that is not loaded yet, or empty.
    """
    if isinstance(expression, ast.Name):
        found = _look_up(code, expression.id)
        if isinstance(found, ModuleType):
            return found, found.__name__
        return found, "" if found is UNKNOWN else expression.id
    if isinstance(expression, ast.Attribute):
        holder, name = resolve(code, expression.value)
        if isinstance(holder, ModuleType):
            return getattr(holder, expression.attr, UNKNOWN), f"{name}.{expression.attr}"
        if holder is not UNKNOWN:
            # What is found on the type: asking an object itself might run a property.
            kind = holder if isinstance(holder, type) else type(holder)
            return inspect.getattr_static(
                kind, expression.attr, UNKNOWN
            ), f"{kind.__name__}.{expression.attr}"
    return UNKNOWN, ""


def _function(found: Any) -> FunctionType | None:
    """Return the Python function that a callable comes down to."""
    for _ in range(20):
        if isinstance(found, functools.partial):
            found = found.func
        elif isinstance(found, (staticmethod, classmethod)) or inspect.ismethod(found):
            found = found.__func__
        elif hasattr(found, "__wrapped__"):
            found = found.__wrapped__
        elif isinstance(found, FunctionType):
            return found
        else:
            found = getattr(type(found), "__call__", None)  # noqa: B004 - the function behind it is wanted
    return None


@functools.lru_cache(maxsize=512)
def _functions_of(file: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]:
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []  # it was not read from there, or has changed since
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(each.lineno for each in decorators)])


def _name(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[Any]:
    return [node.body] if isinstance(node, ast.Lambda) else list(node.body)


def _look_up(code: Code, name: str) -> Any:
    function = code.function
    if name in _bound(code.node):
        return UNKNOWN
    imported = _imported(code.node).get(name)
    if imported is not None:
        return imported
    if name in function.__code__.co_freevars:
        cell = (function.__closure__ or ())[function.__code__.co_freevars.index(name)]
        try:
            return cell.cell_contents
        except ValueError:  # it has no value yet
            return UNKNOWN
    return function.__globals__.get(name, getattr(builtins, name, UNKNOWN))


def _bound(node: ast.AST) -> set[str]:
    """Return the names that get their values while the function, or one inside of it, runs."""
    names = set()
    for each in ast.walk(node):
        if isinstance(each, ast.arg):
            names.add(each.arg)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            names.add(each.id)
        elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and each is not node:
            names.add(each.name)
    return names


def _imported(node: ast.AST) -> dict[str, Any]:
    """Return what the function itself imports; a module that is not loaded yet is an empty one of its name."""
    found: dict[str, Any] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Import):
            for alias in each.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or name] = sys.modules.get(name) or ModuleType(name)
        elif isinstance(each, ast.ImportFrom) and each.module is not None and not each.level:
            for alias in each.names:
                found[alias.asname or alias.name] = getattr(sys.modules.get(each.module), alias.name, UNKNOWN)
    return found
