"""The builder: every setting of a server, checked where it is made."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, Self

from areion_engine import BaseEngine
from areion_logger import BaseLogger
from areion_orchestrator import BaseOrchestrator
from areion_router import BaseRouter

from areion._errors import ErrorHandler
from areion._logo import DEFAULT_HOST, DEFAULT_PORT
from areion._naming import describe_with_place
from areion._options import Hook, ServerOptions
from areion._signatures import misfit, takes_one
from areion.filters.base import ResponseFilter
from areion.server import AreionServer


class AreionServerBuilder:
    """Gathers what a server is made of; each ``with_*`` method returns the builder.

    Only a router is required. A component is an instance, a class, the name of an installed plugin, or
    ``"module:attribute"``; names are looked up by :meth:`build`.

    >>> from areion import DefaultRouter
    >>> server = AreionServerBuilder().with_router(DefaultRouter()).with_port(0).build()
    >>> server.port
    0
    """

    def __init__(self) -> None:
        self.host: str = DEFAULT_HOST
        self.port: int = DEFAULT_PORT
        self.router: Any = None
        self.orchestrator: Any = None
        self.logger: Any = None
        self.engine: Any = None
        self.http_server: Any = None
        self.static_dir: str | os.PathLike[str] | None = None
        self._options = ServerOptions()
        self._error_handlers: dict[type[BaseException], ErrorHandler] = {}
        self._startup: list[Hook] = []
        self._shutdown: list[Hook] = []
        self._filters: list[ResponseFilter] = []
        self._standard_filters: dict[str, ResponseFilter] = {}

    # -- where --------------------------------------------------------------------------------------------

    def with_host(self, host: str) -> Self:
        """Listen on this name or address; ``""`` is every interface. Default: ``"localhost"``.

        Raises:
            ValueError: If it is not a str.
        """
        self.host = _expect("host", host, str, "a str")
        return self

    def with_port(self, port: int) -> Self:
        """Listen on this port; 0 picks a free one. Default: 8080.

        Raises:
            ValueError: If it is not an int from 0 to 65535.
        """
        if type(port) is not int or not 0 <= port <= 65535:
            raise ValueError(f"port: expected an int from 0 to 65535, got {port!r}")
        self.port = port
        return self

    def with_unix_socket(self, path: str | os.PathLike[str], mode: int = 0o660) -> Self:
        """Listen on a unix socket instead of on host and port; a stale one is replaced.

        Args:
            path: Where it appears.
            mode: Its permissions.

        Raises:
            ValueError: If an argument is of the wrong type.
        """
        if type(mode) is not int or not 0 <= mode <= 0o777:
            raise ValueError(f"mode: expected permissions such as 0o660, got {mode!r}")
        return self._with(unix_socket=_path("path", path), unix_socket_mode=mode)

    def with_sockets(self, *sockets: socket.socket | int) -> Self:
        """Use sockets, or descriptors of sockets, that listen already.

        Raises:
            ValueError: If there is none, or one is neither.
        """
        for each in sockets:
            if not isinstance(each, (socket.socket, int)) or isinstance(each, bool):
                raise ValueError(f"sockets: expected sockets or descriptors, got {each!r}")
        if not sockets:
            raise ValueError("sockets: expected at least one")
        return self._with(sockets=sockets)

    def with_tls(
        self,
        certfile: str | os.PathLike[str] | None = None,
        keyfile: str | os.PathLike[str] | None = None,
        client_ca: str | os.PathLike[str] | None = None,
        *,
        context: ssl.SSLContext | None = None,
    ) -> Self:
        """Speak HTTPS, with certificate files or a context of your own.

        Args:
            certfile: PEM file with the certificate chain. It is read again on SIGHUP.
            keyfile: PEM file with the key, if not in ``certfile``.
            client_ca: PEM file with the authorities clients' certificates must come from.
            context: Instead of files.

        Raises:
            ValueError: If neither or both are given, or a file is not there.
        """
        if (certfile is None) == (context is None):
            raise ValueError("with_tls: give either a certfile or a context")
        if context is not None:
            return self._with(tls=_expect("context", context, ssl.SSLContext, "an ssl.SSLContext"))
        files = {"certfile": certfile, "keyfile": keyfile, "client_ca": client_ca}
        paths = {name: None if value is None else _path(name, value) for name, value in files.items()}
        for name, value in paths.items():
            if value is not None and not Path(value).is_file():
                raise ValueError(f"{name}: there is no file {value!r}")
        return self._with(**paths)

    # -- components ---------------------------------------------------------------------------------------

    def with_router(self, router: Any) -> Self:
        """Use this router; required.

        Raises:
            ValueError: If it lacks the methods of a router.
        """
        self.router = _component("router", router, BaseRouter)
        return self

    def with_orchestrator(self, orchestrator: Any) -> Self:
        """Use this orchestrator for background tasks and cron jobs. Default: none.

        Raises:
            ValueError: If it lacks the methods of an orchestrator.
        """
        self.orchestrator = _component("orchestrator", orchestrator, BaseOrchestrator)
        return self

    def with_logger(self, logger: Any) -> Self:
        """Use this logger. Default: areion-logger's, on the console.

        Raises:
            ValueError: If it lacks the methods of a logger.
        """
        self.logger = _component("logger", logger, BaseLogger)
        return self

    def with_engine(self, engine: Any) -> Self:
        """Use this template engine. Default: none.

        Raises:
            ValueError: If it lacks the methods of an engine.
        """
        self.engine = _component("engine", engine, BaseEngine)
        return self

    def with_http_server(self, http_server: Any) -> Self:
        """Speak HTTP with this class, a subclass of ``BaseHttpServer``. Default: areion-http's.

        Raises:
            ValueError: If it is neither a class nor a name.
        """
        if not isinstance(http_server, (type, str)):
            raise ValueError(f"http_server: expected a class or a plugin's name, got {http_server!r}")
        self.http_server = http_server
        return self

    def with_static_dir(self, static_dir: str | os.PathLike[str]) -> Self:
        """Serve the files below a folder under ``/static/``; never dot-files, nor anything outside of it.

        Raises:
            ValueError: If there is no such folder.
        """
        path = _path("static_dir", static_dir)
        if not Path(path).is_dir():
            raise ValueError(f"static_dir: expected a folder that exists, got {path!r}")
        self.static_dir = path
        return self

    # -- behaviour ----------------------------------------------------------------------------------------

    def with_development_mode(self, on: bool = True) -> Self:
        """Serve ``/docs`` and ``/openapi``, explain errors in the browser, reload templates; never in production.

        Raises:
            ValueError: If it is not a bool.
        """
        return self._with(development=_expect("on", on, bool, "a bool"))

    def with_limits(self, **limits: int | str | bool) -> Self:
        """Change limits: any ``max_*`` of :class:`areion_http.HttpConfig`.

        Raises:
            ValueError: If there is no limit of that name, or the value does not fit.
        """
        return self._with(config=self._options.config.with_changes(**limits))

    def with_timeouts(self, **timeouts: float | None) -> Self:
        """Change deadlines, in seconds: any ``*_timeout`` of :class:`areion_http.HttpConfig`; None is off.

        Raises:
            ValueError: If there is no deadline of that name, or the value does not fit.
        """
        return self._with(config=self._options.config.with_changes(**timeouts))

    def with_workers(self, workers: int) -> Self:
        """Serve with several processes, which share the listening socket. Default: 1.

        They are forked by a supervisor, which replaces those that die. Hooks run in each of them, cron jobs in the
        first alone, unless the orchestrator has a store.

        Raises:
            ValueError: If it is not a whole number above 0.
        """
        return self._with(workers=_count("workers", workers))

    def with_threads(self, threads: int) -> Self:
        """Worker threads for handlers registered with ``blocking=True``. Default: 40.

        Raises:
            ValueError: If it is not a whole number above 0.
        """
        return self._with(threads=_count("threads", threads))

    def with_stop_delay(self, seconds: float) -> Self:
        """Go on serving for a while after SIGTERM, SIGINT or ``stop()``, and stop only then. Default: 0.

        Meanwhile ``server.stopping`` is true, so that a readiness route can answer 503, and a load balancer has
        time to send requests elsewhere before connections are refused. A second signal ends the delay. It comes
        before ``shutdown_timeout`` begins. There is none in development, nor in the test client.

        Raises:
            ValueError: If it is not a number from 0 to 3600.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= 3600:
            raise ValueError(f"stop_delay: expected seconds from 0 to 3600, got {seconds!r}")
        return self._with(stop_delay=float(seconds))

    def with_backlog(self, backlog: int) -> Self:
        """Connections the system holds until they are accepted. Default: 2048.

        Raises:
            ValueError: If it is not a whole number above 0.
        """
        return self._with(backlog=_count("backlog", backlog))

    def with_error_handler(
        self, exception_type: type[BaseException], handler: Callable[[Any, Any], Any]
    ) -> Self:
        """Answer exceptions of a type, and of its subclasses, with ``handler(request, exception)``.

        Raises:
            ValueError: If the first is no exception class, the second cannot be called so, or that type has a
                handler already.
        """
        if not (isinstance(exception_type, type) and issubclass(exception_type, BaseException)):
            raise ValueError(f"exception_type: expected an exception class, got {exception_type!r}")
        _callable("handler", handler, "handler(request, exception)", 2)
        earlier = self._error_handlers.get(exception_type)
        if earlier is not None:
            raise ValueError(
                f"exception_type: {exception_type.__qualname__} has the handler {describe_with_place(earlier)}"
                f" already, got {describe_with_place(handler)} too; remove one, or give it to a subclass"
            )
        self._error_handlers[exception_type] = handler
        return self

    def with_startup_hook(self, hook: Hook) -> Self:
        """Call ``hook()`` before requests are accepted, or ``hook(server)`` if it requires an argument.

        It may be a coroutine function.

        Raises:
            ValueError: If it is not callable, or requires more than one argument.
        """
        self._startup.append(_hook(hook))
        return self

    def with_shutdown_hook(self, hook: Hook) -> Self:
        """Call ``hook()`` after the last request, or ``hook(server)`` if it requires an argument.

        The last one registered comes first. It may be a coroutine function.

        Raises:
            ValueError: If it is not callable, or requires more than one argument.
        """
        self._shutdown.append(_hook(hook))
        return self

    def with_watchdog(self, threshold: float = 0.1, *, on: bool = True) -> Self:
        """Watch for code that blocks the event loop; see :class:`areion.watchdog.Watchdog`.

        It is on in development. In production it costs a thread that wakes up some 50 times a second; what it has
        seen is at ``server.watchdog``, and in the log.

        Args:
            threshold: Seconds for which code may keep the loop from anything else.
            on: False for no watchdog, in development neither.

        Raises:
            ValueError: If the threshold is not a number from 0.001 to 3600, or ``on`` no bool.
        """
        from areion.watchdog import check_threshold

        seconds = check_threshold("threshold", threshold)
        return self._with(watchdog=seconds if _expect("on", on, bool, "a bool") else 0.0)

    def with_profiling(self, on: bool = True, *, allow_in_production: bool = False) -> Self:
        """Measure requests, route by route, and show it at ``/__areion__/`` and in Server-Timing fields.

        Without development mode it stays off, and the log says so: the page tells everybody who can reach it what
        others ask for, and each request pays for the measuring. The middleware of each route is called once more at
        the start, around the handler that is timed.

        Args:
            on: False for no profiling.
            allow_in_production: Profile without development mode too. Keep ``/__areion__/`` from the public then,
                by a proxy or a global middleware.

        Raises:
            ValueError: If an argument is not a bool.
        """
        return self._with(
            profiling=_expect("on", on, bool, "a bool"),
            profiling_in_production=_expect("allow_in_production", allow_in_production, bool, "a bool"),
        )

    # -- filters ------------------------------------------------------------------------------------------

    def with_filter(self, response_filter: ResponseFilter) -> Self:
        """Add a response filter of your own, inside the standard ones and those added before.

        Raises:
            ValueError: If it is no ``ResponseFilter``.
        """
        self._filters.append(_expect("response_filter", response_filter, ResponseFilter, "a ResponseFilter"))
        return self

    def with_cors(
        self,
        origins: str | Iterable[str],
        *,
        methods: Iterable[str] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        headers: Iterable[str] = (),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int = 600,
    ) -> Self:
        """Let scripts of other origins read responses; see :class:`areion.filters.cors.CorsFilter`.

        Raises:
            ValueError: If an argument does not fit, or ``"*"`` is combined with credentials.
        """
        from areion.filters.cors import CorsFilter

        return self._standard(
            CorsFilter(
                origins,
                methods=methods,
                headers=headers,
                expose=expose,
                credentials=credentials,
                max_age=max_age,
            )
        )

    def with_compression(self, *, minimum: int = 500, codings: tuple[str, ...] | None = None) -> Self:
        """Compress responses; see :class:`areion.filters.compression.CompressionFilter`.

        Raises:
            ValueError: If an argument does not fit.
        """
        from areion.filters.compression import CompressionFilter

        return self._standard(CompressionFilter(minimum=minimum, codings=codings))

    def with_request_id(self, header: str = "X-Request-ID", *, accept: bool = True) -> Self:
        """Give every request an id; see :class:`areion.filters.request_id.RequestIdFilter`.

        Raises:
            ValueError: If ``header`` is no field name.
        """
        from areion.filters.request_id import RequestIdFilter

        return self._standard(RequestIdFilter(header, accept=accept))

    def with_security_headers(
        self,
        *,
        csp: str | None = None,
        hsts: int | None = 31_536_000,
        hsts_subdomains: bool = False,
        fields: Mapping[str, str | None] | None = None,
    ) -> Self:
        """Add security fields; see :class:`areion.filters.security.SecurityHeadersFilter`.

        Raises:
            ValueError: If a field may not be sent so.
        """
        from areion.filters.security import SecurityHeadersFilter

        return self._standard(
            SecurityHeadersFilter(csp=csp, hsts=hsts, hsts_subdomains=hsts_subdomains, fields=fields)
        )

    def with_access_log(self, format: Literal["common", "combined", "json"] = "combined") -> Self:
        """Log every response; see :class:`areion.filters.access_log.AccessLogFilter`.

        Raises:
            ValueError: If the format is unknown.
        """
        from areion.filters.access_log import AccessLogFilter

        return self._standard(AccessLogFilter(format))

    def with_trusted_proxies(
        self, *proxies: str, fields: Literal["x-forwarded", "forwarded"] = "x-forwarded"
    ) -> Self:
        """Believe these proxies who the client is; see :mod:`areion.filters.forwarded`.

        Raises:
            ValueError: If an entry is no address or network.
        """
        from areion.filters.forwarded import TrustedProxiesFilter

        return self._standard(TrustedProxiesFilter(proxies, fields=fields))

    def with_info(self, title: str, version: str = "1.0.0", description: str = "") -> Self:
        """Name the application, for its documentation.

        Raises:
            ValueError: If an argument is not a str.
        """
        return self._with(
            title=_expect("title", title, str, "a str"),
            version=_expect("version", version, str, "a str"),
            description=_expect("description", description, str, "a str"),
        )

    def build(self) -> AreionServer:
        """Return the server. It changes nothing in the process, and can be called again for another server.

        Raises:
            ValueError: If there is no router, or a component cannot be found or is not what it must be.
        """
        if self.router is None:
            raise ValueError("router: a server needs one; use .with_router(DefaultRouter())")
        options = replace(
            self._options,
            error_handlers=dict(self._error_handlers),
            startup_hooks=tuple(self._startup),
            shutdown_hooks=tuple(self._shutdown),
            filters=self._ring(),
        )
        return AreionServer(
            host=self.host,
            port=self.port,
            router=self.router,
            orchestrator=self.orchestrator,
            logger=self.logger,
            engine=self.engine,
            static_dir=self.static_dir,
            http_server=self.http_server,
            options=options,
        )

    def _standard(self, response_filter: ResponseFilter) -> Self:
        """Keep a standard filter; a second call for the same replaces the first."""
        self._standard_filters[type(response_filter).__name__] = response_filter
        return self

    def _ring(self) -> tuple[ResponseFilter, ...]:
        """Return the filters, outermost first, in the one order that works, whatever the order of the calls."""
        standard = [self._standard_filters[name] for name in _RING if name in self._standard_filters]
        return (*standard, *self._filters)

    def _with(self, **changes: Any) -> Self:
        self._options = replace(self._options, **changes)
        return self


# The log sees the true client, the id, and the size after compression; CORS and security fields are on all.
_RING: Final = (
    "TrustedProxiesFilter",
    "AccessLogFilter",
    "RequestIdFilter",
    "SecurityHeadersFilter",
    "CorsFilter",
    "CompressionFilter",
)


def _expect(name: str, value: Any, kind: type, expected: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
    return value


def _count(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name}: expected a whole number above 0, got {value!r}")
    return value


def _callable(name: str, value: Any, call: str, arguments: int) -> Any:
    """Check that a callable can be called so; ``call`` says it for the message."""
    if not callable(value):
        raise ValueError(f"{name}: expected a callable, got {value!r}")
    reason = misfit(value, arguments)
    if reason is not None:
        raise ValueError(
            f"{name}: expected something to be called as {call}, got {describe_with_place(value)}: {reason}"
        )
    return value


def _hook(value: Any) -> Any:
    asks = callable(value) and takes_one(value)
    return _callable("hook", value, "hook() or hook(server)", 1 if asks else 0)


def _path(name: str, value: Any) -> str:
    if not isinstance(value, (str, os.PathLike)):
        raise ValueError(f"{name}: expected a path, got {value!r}")
    path = os.fspath(value)
    if not isinstance(path, str) or not path:
        raise ValueError(f"{name}: expected a path, got {value!r}")
    return path


def _component(name: str, value: Any, base: type) -> Any:
    """Check what can be checked without looking anything up: names wait for ``build``."""
    if isinstance(value, (str, type, base)):
        return value
    from areion._plugins import check

    return check(f"areion.{name}", value, base=base)
