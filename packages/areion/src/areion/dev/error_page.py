"""The error page of development mode: what went wrong, where, with what values, and on which way through the app.

Browsers get a page without any script, whose Content-Security-Policy permits nothing but its own style sheet; API
clients get the same facts as JSON, without locals. Values of names that speak of secrets are masked. What an
exception looks like as data is ``_exceptions``' matter. Never in production: a page like this gives away code.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import sys
from collections.abc import Mapping
from typing import Any, Final

from areion_engine import Engine
from areion_http import HttpRequest, HttpResponse

from areion.__about__ import __version__
from areion._naming import describe
from areion._routes import RouteFinder
from areion.dev._exceptions import ExceptionReport, plain_traceback, report
from areion.dev._masking import MASK, Masker, is_secret
from areion.dev.pages import read_asset

_MAX_BODY: Final = 4000
"""Characters of a request's body that are shown."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ErrorPage:
    """Explains exceptions of one server's handlers.

    Args:
        server: Its router and filters are named on the page.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._routes = RouteFinder(server.router)
        self._style = read_asset("error.css").decode()
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        self._engine = Engine(None, templates={"error.html": read_asset("error.html").decode()}, strict=True)

    def __call__(self, request: HttpRequest, error: Exception) -> HttpResponse:
        """Return the 500 that explains an exception to who made the request."""
        masker = Masker()
        self._learn(request, masker)
        chain = report(error, masker)
        about = self._about(request, masker)
        if wants_html(request.get_header("Accept")):
            context = {
                "chain": chain,
                "about": about,
                "traceback": plain_traceback(error, masker),
                "style": self._style,
                "versions": f"Areion {__version__}, Python {platform.python_version()} on {sys.platform}",
            }
            headers = _HEADERS | {"Content-Security-Policy": self._policy}
            return HttpResponse(self._engine.render("error.html", context), 500, "text/html", headers)
        return HttpResponse({"error": _as_json(chain), "request": about}, 500, None, _HEADERS)

    # -- the request --------------------------------------------------------------------------------------

    def _learn(self, request: HttpRequest, masker: Masker) -> None:
        """Tell the masker what secrets the request carries."""
        masker.learn(request.headers.pairs())
        masker.learn(request.query_params.items())
        masker.learn(("cookie", value) for value in request.cookies.values())
        body = _parsed_body(request)
        if isinstance(body, dict):
            masker.learn(body.items())

    def _about(self, request: HttpRequest, masker: Masker) -> dict[str, Any]:
        """Return what the page says of the request and its way."""
        query = {name: MASK if is_secret(name) else value for name, value in request.query_params.items()}
        headers = [(name, masker.value(name, value)) for name, value in request.headers.pairs()]
        return {
            "method": request.method,
            "path": masker.text(request.path),
            "http_version": request.http_version,
            "client": None if request.client is None else f"{request.client.host}:{request.client.port}",
            "query": query,
            "headers": [(name, _unquoted(value)) for name, value in headers],
            "cookies": dict.fromkeys(request.cookies, MASK),
            "body": _shown_body(request, masker),
            "route": self._route(request, masker),
        }

    def _route(self, request: HttpRequest, masker: Masker) -> dict[str, Any] | None:
        """Return what the page says of the route; None if the request has none."""
        found = self._routes.find(request.method, request.raw_path)
        if found is None or found.route is None:
            return None
        route = found.route
        return {
            "path": route.path,
            "name": route.name,
            "handler": describe(route.handler),
            "source": route.source,
            "parameters": {name: masker.value(name, value) for name, value in found.parameters.items()},
            "filters": [describe(type(each)) for each in self._server.options.filters],
            "middlewares": [describe(each) for each in route.middlewares],
        }


def wants_html(accept: str | None) -> bool:
    """Whether a client is a browser: its Accept field (RFC 9110 §12.5.1) names HTML, and prefers no JSON."""
    weights: dict[str, float] = {}
    for part in (accept or "").lower().split(","):
        media_type, _, parameters = part.partition(";")
        weights[media_type.strip()] = _weight(parameters)
    html = max(weights.get("text/html", 0.0), weights.get("application/xhtml+xml", 0.0))
    return html > 0 and html >= weights.get("application/json", 0.0)


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _parsed_body(request: HttpRequest) -> Any:
    """Return the body as data, if it has arrived, is small, and is of a kind whose parts have names."""
    if not request.body_arrived or not 0 < len(request.body) <= _MAX_BODY:
        return None
    kind = request.content_type
    if kind != "application/x-www-form-urlencoded" and not (kind or "").endswith("json"):
        return None
    try:
        parsed = request.get_parsed_body()
    except Exception:  # noqa: BLE001 - a body that cannot be parsed may be what went wrong
        return None
    return dict(parsed) if isinstance(parsed, Mapping) else parsed


def _shown_body(request: HttpRequest, masker: Masker) -> str:
    """Return what the page shows of the body."""
    if not request.body_arrived:
        return "not read"
    size = len(request.body)
    if not size:
        return ""
    parsed = _parsed_body(request)
    if parsed is not None:
        return masker.text(HttpResponse(masker.data(parsed)).encode().decode())
    return f"{size} bytes of {request.content_type or 'unknown type'}"


def _unquoted(shown: str) -> str:
    """Take the quotes off the representation of a plain text."""
    return shown[1:-1] if shown[:1] in {"'", '"'} else shown


def _as_json(chain: list[ExceptionReport]) -> dict[str, Any]:
    """Return an exception and those behind it as JSON: innermost frame first, as on the page."""
    found: dict[str, Any] | None = None
    for one in reversed(chain):
        found = {
            "type": one.type,
            "message": one.message,
            "notes": one.notes,
            "frames": [
                {"file": frame.file, "line": frame.line, "function": frame.function, "code": frame.code}
                for frame in one.frames
            ],
            "group": [_as_json(inner) for inner in one.group],
            "caused_by": found,
        }
    assert found is not None
    return found
