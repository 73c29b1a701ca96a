"""Whether a callable takes what it will be called with: asked when it is registered, so that no request finds out.

A decorator that keeps ``__wrapped__`` is judged by its own parameters, for those are what is called. What does not
tell its parameters is taken to fit.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from areion_router import Route

from areion._naming import describe

_NOTHING: Final = object()


def signature_of(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return the parameters of a callable as its caller sees them; None if it does not tell."""
    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            return inspect.signature(function, follow_wrapped=False, annotation_format=Format.FORWARDREF)
        return inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None


def misfit(function: Callable[..., Any], positional: int, keywords: Iterable[str] = ()) -> str | None:
    """Return why a callable cannot be called so; None if it can.

    Args:
        function: What is to be called.
        positional: With so many positional arguments.
        keywords: And these keyword arguments.
    """
    signature = signature_of(function)
    if signature is None:
        return None
    try:
        signature.bind(*[_NOTHING] * positional, **dict.fromkeys(keywords, _NOTHING))
    except TypeError as error:
        return str(error)
    return None


def misfit_of(route: Route) -> str | None:
    """Return why the handler of a route cannot be called with the request and its path parameters; None if it can.

    Middleware may add arguments or take some away: of a handler with middleware nothing is said.
    """
    reason = None if route.middlewares else misfit(route.handler, 1, route.params)
    if reason is None:
        return None
    call = ", ".join(("request", *(f"{name}=..." for name in route.params)))
    return f"the handler {describe(route.handler)} cannot be called as handler({call}): {reason}"


def takes_one(function: Callable[..., Any]) -> bool:
    """Whether a callable asks for an argument: one that it requires, or any number of them."""
    signature = signature_of(function)
    if signature is None:
        return False
    return any(
        parameter.kind is parameter.VAR_POSITIONAL
        or (parameter.kind is not parameter.KEYWORD_ONLY and parameter.default is parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    )
