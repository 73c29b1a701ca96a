"""What a server is built from, apart from its components: plain data, gathered by the builder."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from areion_http import HttpConfig

from areion._errors import ErrorHandler
from areion.filters.base import ResponseFilter

Hook = Callable[..., Any]


@dataclass(slots=True, kw_only=True)
class ServerOptions:
    """Settings of an :class:`AreionServer`; each has a ``with_*`` method of the builder.

    Attributes:
        development: Documentation pages, error pages, template reload; never in production.
        config: Limits and deadlines of the HTTP server.
        tls: Context for TLS; or the certificate files below.
        certfile, keyfile, client_ca: PEM files for TLS.
        unix_socket, unix_socket_mode: Listen there instead of on host and port.
        sockets: Listening sockets or descriptors to use.
        backlog: Connections the system holds.
        workers: Processes that serve.
        threads: Worker threads for handlers that block.
        stop_delay: Seconds to go on serving after the order to stop; not in development.
        error_handlers: By exception type.
        startup_hooks, shutdown_hooks: Called in order; may be coroutine functions.
        filters: The outermost ring, outermost first.
        watchdog: Seconds for which the loop may be blocked before the watchdog says so; None for the default in
            development and no watchdog in production, 0 for none at all.
        profiling: Measure requests and show it at ``/__areion__/``, in development.
        profiling_in_production: Do so in production too.
        title, version, description: Of the application, for its documentation.
    """

    development: bool = False
    config: HttpConfig = field(default_factory=HttpConfig)
    tls: ssl.SSLContext | None = None
    certfile: str | None = None
    keyfile: str | None = None
    client_ca: str | None = None
    unix_socket: str | None = None
    unix_socket_mode: int = 0o660
    sockets: Sequence[socket.socket | int] | None = None
    backlog: int = 2048
    workers: int = 1
    threads: int = 40
    stop_delay: float = 0.0
    error_handlers: Mapping[type[BaseException], ErrorHandler] = field(default_factory=dict)
    startup_hooks: Sequence[Hook] = ()
    shutdown_hooks: Sequence[Hook] = ()
    filters: Sequence[ResponseFilter] = ()
    watchdog: float | None = None
    profiling: bool = False
    profiling_in_production: bool = False
    title: str = "Areion"
    version: str = "1.0.0"
    description: str = ""
