"""Response fields that switch on what browsers do for safety only when asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from areion_http import Headers, HttpRequest, HttpResponse

from areion.filters._fields import expect_bool
from areion.filters.base import ResponseFilter

_DEFAULTS: Final[Mapping[str, str]] = {
    # Types are taken as sent: a text file never runs as a script.
    "X-Content-Type-Options": "nosniff",
    # No other site shows these pages in a frame and makes users click on them.
    "X-Frame-Options": "DENY",
    # Paths and queries, which may hold secrets, are not told to other sites.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    # A page that opened this one cannot reach into it.
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SecurityHeadersFilter(ResponseFilter):
    """Adds security fields to every response; a field that the handler has set is left as it is.

    Args:
        csp: Content-Security-Policy; None for none, since only the application knows what its pages load.
        hsts: Seconds for which browsers shall use HTTPS only; sent over HTTPS alone. None for none.
        hsts_subdomains: Whether that holds for subdomains too.
        fields: Further fields, or other values for the standard ones; None leaves one out.

    Raises:
        ValueError: If an argument is of the wrong type, or a field may not be sent so.
    """

    def __init__(
        self,
        *,
        csp: str | None = None,
        hsts: int | None = 31_536_000,
        hsts_subdomains: bool = False,
        fields: Mapping[str, str | None] | None = None,
    ) -> None:
        chosen = Headers(_DEFAULTS)
        if fields is not None and not isinstance(fields, Mapping):
            raise ValueError(f"fields: expected a mapping of names to values, got {fields!r}")
        if csp is not None:
            chosen["Content-Security-Policy"] = _text("csp", csp)
        for name, value in (fields or {}).items():
            if _text(f"fields[{name!r}]", value) is None:
                chosen.pop(name, None)
            else:
                chosen[name] = value
        if hsts is not None and (type(hsts) is not int or hsts < 0):
            raise ValueError(f"hsts: expected whole seconds or None, got {hsts!r}")
        self.fields = chosen.pairs()
        self.hsts = (
            None
            if hsts is None
            else f"max-age={hsts}" + ("; includeSubDomains" * expect_bool("hsts_subdomains", hsts_subdomains))
        )

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Add the fields."""
        headers = response.headers
        for name, value in self.fields:
            if name not in headers:
                headers[name] = value
        if self.hsts is not None and request.scheme == "https" and "strict-transport-security" not in headers:
            headers["Strict-Transport-Security"] = self.hsts
        return response


def _text(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name}: expected a str or None, got {value!r}")
    return value
