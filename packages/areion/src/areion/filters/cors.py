"""Cross-origin resource sharing: which other sites' scripts may read responses (WHATWG Fetch §3.2).

Preflights are answered here and reach no handler. Nothing is allowed unless it was named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from areion_http import HttpRequest, HttpResponse

from areion.filters._fields import add_vary, expect_bool
from areion.filters.base import ResponseFilter

_ORIGIN: Final = re.compile(r"(?:[a-z][a-z0-9+.\-]*://[^/\s?#@,;]+|null)\Z", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class CorsFilter(ResponseFilter):
    """Lets scripts of the named origins read responses.

    Args:
        origins: Such as ``"https://app.example"``, compared exactly; ``"*"`` is every origin.
        methods: Methods a preflight allows.
        headers: Request fields a preflight allows; ``"*"`` allows what is asked for.
        expose: Response fields scripts may read, beside the few that they always may.
        credentials: Let cookies and authorisation be sent. Not together with the origin ``"*"``.
        max_age: Seconds a browser may remember a preflight.

    Raises:
        ValueError: If an argument is of the wrong kind, or ``"*"`` is combined with credentials.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        methods: Iterable[str] = _METHODS,
        headers: Iterable[str] = (),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int = 600,
    ) -> None:
        self.origins = frozenset(_strings("origins", origins))
        if not self.origins:
            raise ValueError("origins: expected at least one, such as 'https://app.example'")
        self.any_origin = "*" in self.origins
        for origin in self.origins - {"*"}:
            if not _ORIGIN.match(origin):
                raise ValueError(
                    f"origins: expected scheme://host[:port] without a path, such as 'https://app.example', "
                    f"got {origin!r}"
                )
        if self.any_origin and expect_bool("credentials", credentials):
            raise ValueError(
                "credentials: with the origin '*' every site could act as the user; name the origins instead"
            )
        if type(max_age) is not int or max_age < 0:
            raise ValueError(f"max_age: expected whole seconds, got {max_age!r}")
        self.methods = ", ".join(_tokens("methods", methods))
        wanted = _strings("headers", headers)
        self.any_header = "*" in wanted
        self.headers = ", ".join(_tokens("headers", (name for name in wanted if name != "*")))
        self.expose = ", ".join(_tokens("expose", expose))
        self.credentials = expect_bool("credentials", credentials)
        self.max_age = str(max_age)

    def before(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a preflight."""
        if request.method != "OPTIONS":
            return None
        headers = request.headers
        origin = headers.get("origin")
        if origin is None or "access-control-request-method" not in headers:
            return None
        response = HttpResponse(None, 204)
        add_vary(response, "Access-Control-Request-Method", "Access-Control-Request-Headers")
        if not self._allows(origin):
            return response
        response.set_header("Access-Control-Allow-Methods", self.methods)
        allowed = self._allowed_headers(headers.get("access-control-request-headers", ""))
        if allowed:
            response.set_header("Access-Control-Allow-Headers", allowed)
        response.set_header("Access-Control-Max-Age", self.max_age)
        return response

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Say who may read the response."""
        if not self.any_origin:
            add_vary(response, "Origin")
        origin = request.headers.get("origin")
        if origin is None or not self._allows(origin):
            return response
        response.set_header("Access-Control-Allow-Origin", "*" if self.any_origin else origin)
        if self.credentials:
            response.set_header("Access-Control-Allow-Credentials", "true")
        if self.expose and request.method != "OPTIONS":
            response.set_header("Access-Control-Expose-Headers", self.expose)
        return response

    def _allows(self, origin: str) -> bool:
        return self.any_origin or origin in self.origins

    def _allowed_headers(self, requested: str) -> str:
        if not self.any_header:
            return self.headers
        names = (name.strip() for name in requested.split(","))
        return ", ".join(name for name in names if _TOKEN.match(name))


def _strings(name: str, values: Iterable[str]) -> list[str]:
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, Iterable):
        raise ValueError(f"{name}: expected strings, got {values!r}")
    found = list(values)
    for value in found:
        if not isinstance(value, str):
            raise ValueError(f"{name}: expected strings, got {value!r}")
    return found


def _tokens(name: str, values: Iterable[str]) -> list[str]:
    found = _strings(name, values)
    for value in found:
        if not _TOKEN.match(value):
            raise ValueError(f"{name}: expected tokens (RFC 9110 §5.6.2), got {value!r}")
    return found
