"""What a server's options come to: dispatcher, error conversion, own routes and filters around one HTTP server.

All that can be decided before the first request is decided here. What starts and stops when is the matter of
``_lifecycle``.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final

from areion_http import BaseHttpServer, HttpRequest, HttpResponse

from areion._dispatch import Dispatcher
from areion._errors import ErrorConverter
from areion._naming import HandlerNames
from areion._options import ServerOptions
from areion._own import own_routes

if TYPE_CHECKING:
    from areion.profiling import Profiler
    from areion.server import AreionServer

logger: Final = logging.getLogger("areion.server")


def make_http(
    server: AreionServer,
    http_class: Callable[..., BaseHttpServer],
    executor: Executor,
    *,
    on_listening: Callable[[], object],
    on_unexpected: Callable[[HttpRequest, Exception], object] | None = None,
) -> BaseHttpServer:
    """Make the HTTP server of one run; the router is frozen by it.

    Args:
        server: Its components and options are used.
        http_class: What to make.
        executor: Runs handlers that block.
        on_listening: Called when requests are accepted.
        on_unexpected: Told of each exception that nothing turns into a response of its own.

    Raises:
        ValueError: As :func:`check_settings`.
    """
    options = server.options
    check_settings(http_class, options)
    router: Any = server.router
    filters = options.filters
    server.profiler = profiler = _profiler(options)
    if profiler is not None:
        from areion.profiling import _instruments, _page

        router = _instruments.ProfilingRouter(router)
        filters = (_instruments.ProfilingFilter(profiler, _page.PREFIX), *filters)
    own = own_routes(server)
    names = HandlerNames(server.router)
    dispatcher = Dispatcher(
        router,
        ErrorConverter(options.error_handlers, _explain(server), on_unexpected, names),
        executor,
        filters=filters,
        own=own.router,
        own_prefixes=own.prefixes,
    )
    set_development: Callable[[bool], Any] | None = getattr(server.engine, "set_development", None)
    if set_development is not None:
        set_development(options.development)
    http = http_class(
        dispatcher.handler,
        host=server.host,
        port=server.port,
        config=options.config,
        request_class=server.request_factory.request_class,
        on_error=dispatcher.on_error,
        read_body=False,
        on_listening=on_listening,
        **{name: getattr(options, name) for name in _known_to(http_class)},
    )
    if profiler is not None:
        _instruments.time_parsing(http, profiler)
    return http


def _profiler(options: ServerOptions) -> Profiler | None:
    """Return what measures the requests of a run; None where that is not asked for, or not allowed."""
    if not options.profiling:
        return None
    if not (options.development or options.profiling_in_production):
        logger.info(
            "profiling is off: it is for development mode; in production it needs allow_in_production=True"
        )
        return None
    from areion.profiling import Profiler

    return Profiler()


def _explain(server: AreionServer) -> Callable[[Any, Exception], HttpResponse] | None:
    """Return what explains errors to the developer; None in production, which never loads it."""
    if not server.options.development:
        return None
    from areion.dev.error_page import ErrorPage

    return ErrorPage(server)


def check_settings(http_class: Callable[..., BaseHttpServer], options: ServerOptions) -> None:
    """Refuse an HTTP server that does not know a setting which was made: to ignore a certificate would be grave.

    Raises:
        ValueError: Naming the setting and the server.
    """
    made = [name for name in _OPTIONAL if getattr(options, name) != getattr(_UNTOUCHED, name)]
    if options.workers > 1:
        made.append("sockets")  # the supervisor's, which all workers listen on
    known = _known_to(http_class)
    for name in made:
        if name not in known:
            needed = " (with_workers needs it)" if name == "sockets" and options.sockets is None else ""
            raise ValueError(
                f"{name}: the HTTP server {http_class.__qualname__} does not take this setting{needed}"
            )


def _known_to(http_class: Callable[..., BaseHttpServer]) -> Sequence[str]:
    """Return those settings that an HTTP server takes if it likes."""
    parameters = inspect.signature(http_class).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return _OPTIONAL
    return [name for name in _OPTIONAL if name in parameters]


_UNTOUCHED: Final = ServerOptions()
_OPTIONAL: Final = (
    "tls",
    "certfile",
    "keyfile",
    "client_ca",
    "unix_socket",
    "unix_socket_mode",
    "sockets",
    "backlog",
)
