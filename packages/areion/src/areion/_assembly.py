"""What a server's options come to: dispatcher, error conversion, own routes and filters around one HTTP server.

All that can be decided before the first request is decided here. What starts and stops when is the matter of
``_lifecycle``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from areion_http import BaseHttpServer, HttpRequest

from areion._dispatch import Dispatcher
from areion._errors import ErrorConverter
from areion._own import own_routes

if TYPE_CHECKING:
    from areion.server import AreionServer


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
    """
    options = server.options
    on_error = ErrorConverter(options.error_handlers, on_unexpected=on_unexpected)
    own = own_routes(server)
    dispatcher = Dispatcher(
        server.router,
        on_error,
        executor,
        filters=options.filters,
        own=own.router,
        own_prefixes=own.prefixes,
    )
    set_development: Callable[[bool], Any] | None = getattr(server.engine, "set_development", None)
    if set_development is not None:
        set_development(options.development)
    return http_class(
        dispatcher.handler,
        host=server.host,
        port=server.port,
        config=options.config,
        request_class=server.request_factory.request_class,
        on_error=on_error,
        read_body=False,
        on_listening=on_listening,
        tls=options.tls,
        certfile=options.certfile,
        keyfile=options.keyfile,
        client_ca=options.client_ca,
        unix_socket=options.unix_socket,
        unix_socket_mode=options.unix_socket_mode,
        sockets=options.sockets,
        backlog=options.backlog,
    )
