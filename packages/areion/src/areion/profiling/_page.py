"""The page at ``/__areion__/``, its files and its data. All of it comes out of the installed package."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from areion_http import HttpRequest, HttpResponse, create_redirect_response

from areion.__about__ import __version__
from areion.profiling.profiler import Profiler

PREFIX: Final = "/__areion__"

_FILES: Final = {"profile.css": "text/css", "profile.js": "text/javascript"}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def mount_profile(server: Any, profiler: Profiler, add_route: Callable[..., Any]) -> tuple[str, ...]:
    """Register the page of a server.

    Args:
        server: The server; its title, version and watchdog are shown.
        profiler: What it has measured.
        add_route: Registers a route, as a router's ``add_route`` does.

    Returns:
        How the paths of what was registered begin.
    """
    add = partial(add_route, methods=["GET"], include_in_schema=False)
    add(PREFIX, _page)
    add(f"{PREFIX}/data.json", partial(_data, server, profiler))
    for name, media_type in _FILES.items():
        add(f"{PREFIX}/{name}", partial(_file, name, media_type))
    return (PREFIX,)


def _page(request: HttpRequest) -> HttpResponse:
    if not request.raw_path.endswith("/"):
        # The addresses in the page are relative to a folder, behind whatever prefix.
        return create_redirect_response(f"{PREFIX[1:]}/", 307)
    headers = _HEADERS | {"Content-Security-Policy": _POLICY}
    return HttpResponse(_read("profile.html"), 200, "text/html", headers)


def _file(name: str, media_type: str, request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a handler
    return HttpResponse(_read(name), 200, media_type, _HEADERS)


def _data(server: Any, profiler: Profiler, request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a handler
    options = server.options
    found = profiler.as_dict() | {
        "title": options.title,
        "version": options.version,
        "areion": __version__,
        "development": options.development,
        "blocked": _blocked(server),
    }
    return HttpResponse(found, 200, None, _HEADERS)


def _blocked(server: Any) -> dict[str, Any] | None:
    """Return what the loop watchdog has seen; None without one."""
    watchdog = server.watchdog
    if watchdog is None:
        return None
    return {
        "count": watchdog.count,
        "threshold": watchdog.threshold * 1000,
        "recent": [
            {
                "at": one.at.timestamp(),
                "total": round(one.seconds * 1000, 1),
                "method": one.method,
                "path": one.path,
                "route": one.route,
                "place": "" if one.place is None else str(one.place),
                "code": "" if one.place is None else one.place.code,
            }
            for one in reversed(watchdog.recent)
        ],
    }


@cache
def _read(name: str) -> bytes:
    return files("areion.profiling").joinpath("assets", name).read_bytes()
