"""Cross-origin rules: other sites' scripts that may act as the user."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

from areion.check.findings import Finding, Severity
from areion.check.sources import Code, code_of, where_of
from areion.server import AreionServer

_ORIGIN: Final = "access-control-allow-origin"
_CREDENTIALS: Final = "access-control-allow-credentials"


def check_origins(server: AreionServer) -> Iterator[Finding]:
    """Review CORS filters, and filters and middleware that set the fields by hand."""
    for each in server.options.filters:
        if hasattr(each, "origins") and hasattr(each, "credentials"):
            yield from _check_filter(each)
        else:
            for method in (type(each).before, type(each).after):
                yield from _check_code(method)
    for function in _functions(server):
        yield from _check_code(function)


def _check_filter(found: Any) -> Iterator[Finding]:
    where = f"filter {type(found).__qualname__}"
    if not found.credentials:
        return
    if "*" in found.origins:
        yield _wildcard(where)
    if "null" in found.origins:
        yield Finding(
            Severity.ERROR,
            "cors-null-origin",
            "the origin 'null' may send credentials: any site can have it, from a sandboxed frame",
            where,
            "remove it from the origins",
        )
    for origin in sorted(found.origins):
        if origin.startswith("http://") and not origin.startswith(("http://localhost", "http://127.0.0.1")):
            yield Finding(
                Severity.WARNING,
                "cors-plain-origin",
                f"{origin} may send credentials: whoever is on its visitors' network can act as them",
                where,
                "allow it with https:// only",
            )


def _wildcard(where: str) -> Finding:
    return Finding(
        Severity.ERROR,
        "cors-wildcard-credentials",
        "every site may send requests with the user's cookies and read the answers",
        where,
        "name the origins, with with_cors([...]), or send no Access-Control-Allow-Credentials",
    )


def _functions(server: AreionServer) -> Iterator[Any]:
    seen = set()
    for route in getattr(server.router, "routes", ()):
        for function in (*route.middlewares, route.handler):
            if id(function) not in seen:
                seen.add(id(function))
                yield function
    for middleware in getattr(server.router, "global_middlewares", ()):
        if id(middleware) not in seen:
            yield middleware


def _check_code(function: Any) -> Iterator[Finding]:
    """Look for both fields in one function, with the origin "*" or whatever the request says."""
    code = code_of(function)
    if code is None:
        return
    texts = _texts(code)
    if _ORIGIN in texts and _CREDENTIALS in texts and ("*" in texts or "origin" in texts):
        yield _wildcard(where_of(code, texts[_CREDENTIALS]))


def _texts(code: Code) -> dict[str, int]:
    """Return the strings in a function, in lower case, with their lines."""
    return {
        node.value.lower(): node.lineno
        for node in ast.walk(code.node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
