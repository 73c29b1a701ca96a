"""What routers of other makes say, as the facts that dispatch works with.

areion-router's tells them itself. Another may raise areion's HTTP errors instead, which know nothing of the methods
that a path has, or return no handler, as 1.x allowed. Any other exception of theirs is a fault, and stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from areion_http import Headers, MethodNotAllowedError, NotFoundError
from areion_router import MethodNotAllowedError as NoSuchMethod
from areion_router import NotFoundError as NoSuchPath
from areion_router import Router
from areion_router.base import COMMON_METHODS, BaseRouter

Finder: TypeAlias = Callable[[str, str], Any]
"""``find(method, path)`` returns ``(handler, path_params, is_async)``, or raises what areion-router raises."""


def finder_of(router: Any) -> Finder:
    """Return what finds the handlers of a router: its own method, if that is areion-router's."""
    find: Finder = router.get_handler
    if getattr(find, "__func__", None) is Router.get_handler:
        return find

    def find_or_tell(method: str, path: str) -> Any:
        try:
            match = find(method, path)
        except (NoSuchPath, NotFoundError):
            if method == "HEAD":  # RFC 9110, section 9.3.2; a table by method knows no such thing
                return find_or_tell("GET", path)
            raise
        except MethodNotAllowedError as error:
            if "allow" in Headers(error.headers or ()):
                raise
            raise NoSuchMethod(method, path, _allowed(router, find, path)) from error
        if match is not None and match[0] is not None:
            return match
        allowed = _allowed(router, find, path)
        raise NoSuchMethod(method, path, allowed) if allowed else NoSuchPath(path)

    return find_or_tell


def _allowed(router: Any, find: Finder, path: str) -> tuple[str, ...]:
    """Return the methods that a path answers, those that are answered for it included."""
    tell = getattr(router, "get_allowed_methods", None)
    if tell is None or getattr(tell, "__func__", None) is BaseRouter.get_allowed_methods:
        methods = [method for method in COMMON_METHODS if _answers(find, method, path)]
    else:
        methods = list(tell(path))
    if "GET" in methods:
        methods.append("HEAD")  # RFC 9110, section 9.3.2
    return tuple(dict.fromkeys((*methods, "OPTIONS"))) if methods else ()


def _answers(find: Finder, method: str, path: str) -> bool:
    try:
        match = find(method, path)
    except (LookupError, NotFoundError, MethodNotAllowedError):
        return False
    return match is not None and match[0] is not None
