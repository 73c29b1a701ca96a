"""Checks of arguments to registration methods: each error names argument, what was expected, what came."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from areion_router._source import describe_callable
from areion_router.middleware import BaseMiddleware
from areion_router.route import Handler

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2; methods: section 9.1


def wrong_type(function: str, argument: str, expected: str, got: object) -> TypeError:
    """The error for an argument of the wrong type."""
    return TypeError(
        f"{function} argument {argument!r}: expected {expected}, got {type(got).__name__} ({got!r})"
    )


def check_text(function: str, argument: str, value: Any) -> str:
    """A str.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, str):
        raise wrong_type(function, argument, "str", value)
    return value


def check_name(function: str, value: Any) -> str | None:
    """A route's name, or `None`.

    Raises:
        TypeError: It is neither.
        ValueError: It is empty.
    """
    if value is None:
        return None
    if not check_text(function, "name", value):
        raise ValueError(f"{function} argument 'name': expected a name or None, got an empty str")
    return str(value)


def check_handler(function: str, argument: str, value: Any) -> Handler:
    """A callable.

    Raises:
        TypeError: It is none.
    """
    if not callable(value):
        raise wrong_type(function, argument, "a callable", value)
    return value  # type: ignore[no-any-return]  # callable() narrows Any no further


def check_methods(function: str, value: Any) -> tuple[str, ...]:
    """Methods, as one str or several: upper-cased, without repetitions.

    Methods are case-sensitive on the wire (RFC 9110, section 9.1), and all registered ones are upper-case;
    a lower-case spelling here is a slip of the pen.

    Raises:
        TypeError: It is no str and no iterable of them.
        ValueError: It is empty, or one is not a token.
    """
    methods = [value] if isinstance(value, str) else value
    if not isinstance(methods, Iterable) or isinstance(methods, (bytes, bytearray)):
        raise wrong_type(function, "methods", "a list of method names, such as ['GET', 'POST']", value)
    checked: dict[str, None] = {}
    for method in methods:
        if not isinstance(method, str):
            raise wrong_type(function, "methods", "method names as str", method)
        if _TOKEN.fullmatch(method) is None:
            raise ValueError(
                f"{function} argument 'methods': expected method names such as 'GET', got {method!r}"
            )
        checked[method.upper()] = None
    if not checked:
        raise ValueError(f"{function} argument 'methods': expected at least one method, got {value!r}")
    return tuple(checked)


def check_middlewares(function: str, value: Any) -> tuple[Handler, ...]:
    """Middleware, outermost first.

    Raises:
        TypeError: It is no iterable of callables, or a `BaseMiddleware` class cannot be instantiated.
    """
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise wrong_type(function, "middlewares", "a list of middleware or None", value)
    return tuple(check_middleware(function, "middlewares", middleware) for middleware in value)


def check_middleware(function: str, argument: str, value: Any) -> Handler:
    """One middleware; a `BaseMiddleware` class is instantiated.

    Raises:
        TypeError: It is not callable, or the class needs arguments.
    """
    if isinstance(value, type) and issubclass(value, BaseMiddleware):
        try:
            value = value()
        except TypeError as error:
            raise TypeError(
                f"{function} argument {argument!r}: cannot instantiate the class {describe_callable(value)} "
                f"without arguments ({error}); pass an instance"
            ) from error
    if not callable(value):
        raise wrong_type(
            function, argument, "middleware (a callable that takes a handler and returns one)", value
        )
    return value  # type: ignore[no-any-return]  # callable() narrows Any no further
