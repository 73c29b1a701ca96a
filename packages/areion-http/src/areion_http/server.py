"""The server: listeners, the set of connections, one periodic sweep for all deadlines, start and stop.

What happens on one connection is ``_connection``'s affair; what a request means, the handler's; how the last
requests come to their end, ``_drain``'s.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from areion_http._acceptor import Acceptor
from areion_http._connection import HttpConnection
from areion_http._drain import drain
from areion_http._shared import Shared
from areion_http._signals import SameSignal
from areion_http.base import BaseHttpServer
from areion_http.config import HttpConfig
from areion_http.listeners import ListenError, bound_address, close_listener, listen
from areion_http.request import HttpRequest

logger: Final = logging.getLogger("areion.http")


class HttpServer(BaseHttpServer):
    """An HTTP/1.1 server for one handler.

    ``HttpServer(handler).run()`` serves ``http://127.0.0.1:8080/`` until Ctrl-C, SIGTERM or :meth:`stop`, lets
    running requests finish, and returns.

    Args:
        handler: ``handler(request)``, a plain function or a coroutine function; it returns an
            ``HttpResponse`` or anything that can be the body of one.
        host: Name or address to listen on, or several; ``""`` is every interface.
        port: 0 to 65535; 0 picks a free port, see :attr:`addresses`.
        unix_socket: Path of a unix socket to listen on, instead of host and port.
        unix_socket_mode: Permissions of that socket.
        sockets: Sockets or descriptors that listen already, instead of all the above. Those passed by a
            service manager (LISTEN_FDS) are found by themselves.
        config: Limits and deadlines.
        tls: An ``ssl.SSLContext`` for servers, or use ``certfile``.
        certfile: PEM file with the certificate chain; TLS 1.2 and newer is spoken then.
        keyfile: PEM file with the key, if it is not in ``certfile``.
        client_ca: PEM file with the authorities that clients' certificates must come from (mutual TLS).
        backlog: Connections the system holds until they are accepted.
        reuse_port: Let several processes listen on the port; the system spreads connections over them.
        request_class: A subclass of ``HttpRequest`` to give to the handler.
        on_error: ``on_error(request, exception)`` makes a response of what a handler raises.
        read_body: Read the body before the handler is called. False calls it as soon as the head is there; it
            then pulls: ``await request.read()``, ``async for piece in request.stream()``.
        on_listening: Called without arguments when the server has begun to listen.

    Raises:
        TypeError, ValueError: If an argument is not of its kind; the message names it.
    """

    def __init__(
        self,
        handler: Callable[[Any], Any],
        *,
        host: str | Sequence[str] = "127.0.0.1",
        port: int = 8080,
        unix_socket: str | os.PathLike[str] | None = None,
        unix_socket_mode: int = 0o660,
        sockets: Sequence[socket.socket | int] | None = None,
        config: HttpConfig | None = None,
        tls: ssl.SSLContext | None = None,
        certfile: str | None = None,
        keyfile: str | None = None,
        client_ca: str | None = None,
        backlog: int = 2048,
        reuse_port: bool = False,
        request_class: type[HttpRequest] = HttpRequest,
        on_error: Callable[[Any, Exception], Any] | None = None,
        read_body: bool = True,
        on_listening: Callable[[], object] | None = None,
    ) -> None:
        if not callable(handler):
            raise TypeError(f"handler: expected a callable, got {handler!r}")
        if type(port) is not int or not 0 <= port <= 65535:
            raise ValueError(f"port: expected an int from 0 to 65535, got {port!r}")
        if not (isinstance(request_class, type) and issubclass(request_class, HttpRequest)):
            raise TypeError(f"request_class: expected a subclass of HttpRequest, got {request_class!r}")
        if tls is not None and certfile is not None:
            raise ValueError("tls and certfile: give one of them")
        if reuse_port and not hasattr(socket, "SO_REUSEPORT"):
            raise ValueError("reuse_port: this system has no SO_REUSEPORT")
        if (keyfile or client_ca) and certfile is None:
            raise ValueError("keyfile and client_ca need a certfile")
        self.handler = handler
        self.hosts = [host] if isinstance(host, str) else list(host)
        self.port = port
        self.unix_socket = None if unix_socket is None else os.fspath(unix_socket)
        self.unix_socket_mode = unix_socket_mode
        self.sockets = sockets
        self.config = config or HttpConfig()
        self.backlog = backlog
        self.reuse_port = reuse_port
        self.request_class = request_class
        self.on_error = on_error
        self.read_body = read_body
        self.on_listening = on_listening
        self._certificates = (certfile, keyfile)
        self._tls = tls if certfile is None else _tls_context(certfile, keyfile, client_ca)
        # Re-entrant, since a signal handler may call stop() in the middle of start().
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stop_requested = False
        self._same_signal = SameSignal()
        self._listening = threading.Event()
        self._shared: Shared | None = None
        self._addresses: list[tuple[str, int] | str] = []

    # -- life ---------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGINT, SIGTERM or :meth:`stop`; drain; return.

        It runs an event loop of its own, uvloop's where that is installed. A second signal ends the drain.

        Raises:
            SystemExit: With status 1 and one line on standard error, if an address cannot be listened on.
        """
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            try:
                runner.run(self._run())
            except ListenError as error:
                sys.stderr.write(f"{error.strerror or error}\n")
                raise SystemExit(1) from None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        handled = []
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._on_signal)
                handled.append(number)
            if self._certificates[0] is not None and hasattr(signal, "SIGHUP"):
                loop.add_signal_handler(signal.SIGHUP, self.reload_certificates)
                handled.append(signal.SIGHUP)
        try:
            await self.start()
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        if self._same_signal.again():
            return
        if self._stop is not None and self._stop.is_set():
            self.abort()
        else:
            self.stop()

    async def start(self) -> None:
        """Serve inside the running loop until :meth:`stop`, drain, return.

        Raises:
            ListenError: If an address cannot be listened on.
            RuntimeError: If the server runs already.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._loop is not None:
                raise RuntimeError("the server is running already")
            self._loop = loop
            self._stop = stop = asyncio.Event()
            if self._stop_requested:
                stop.set()
        shared = self._share(loop)
        servers: list[asyncio.Server | Acceptor] = []
        listeners: list[socket.socket] = []
        sweep: asyncio.TimerHandle | None = None
        interval = self.config.sweep_interval()

        def sweep_again() -> None:
            nonlocal sweep
            sweep = loop.call_later(interval, sweep_again)
            shared.sweep()

        try:
            listeners = self._listen()
            self._shared = shared
            sweep_again()
            for listener in listeners:
                servers.append(await self._serve(loop, listener, shared))  # noqa: PERF401 - each by itself
            self._addresses = [bound_address(listener) for listener in listeners]
            self._listening.set()
            if servers:
                logger.info("listening on %s", ", ".join(self.urls))
            if self.on_listening is not None:
                self.on_listening()
            await stop.wait()
        finally:
            try:
                self._listening.clear()
                await _stop_accepting(servers)
                for listener in listeners:
                    # What was handed over may have a file that others go on listening on.
                    close_listener(listener, remove=self.sockets is None)
                await drain(shared, self.config)
            finally:
                if sweep is not None:
                    sweep.cancel()
                self._addresses = []
                with self._lock:
                    self._loop = self._stop = self._shared = None
                    self._stop_requested = False

    def stop(self) -> None:
        """Begin to stop: accept no more connections, let running requests finish, then return from serving.

        Safe from any thread and from a signal handler. Before the server runs, it makes the next run end at once.
        """
        with self._lock:
            loop, stop = self._loop, self._stop
            if loop is None or stop is None:
                self._stop_requested = True
                return
            # Under the lock: the loop outlives start(), whose end takes it too.
            loop.call_soon_threadsafe(stop.set)

    def abort(self) -> None:
        """End a drain now: drop all connections. Only from the loop's thread."""
        if self._shared is not None:
            for connection in tuple(self._shared.connections):
                connection.cut()

    # -- what can be asked --------------------------------------------------------------------------------

    @property
    def addresses(self) -> list[tuple[str, int] | str]:
        """What is being listened on: ``(host, port)`` pairs, and paths of unix sockets."""
        return list(self._addresses)

    @property
    def urls(self) -> list[str]:
        """The addresses as URLs."""
        scheme = "http" if self._tls is None else "https"
        urls = []
        for address in self._addresses:
            if isinstance(address, str):
                urls.append(f"unix:{address}")
            else:
                host = f"[{address[0]}]" if ":" in address[0] else address[0]
                urls.append(f"{scheme}://{host}:{address[1]}")
        return urls

    @property
    def connection_count(self) -> int:
        """How many connections are open, or still have a handler at work for a client that has left."""
        return 0 if self._shared is None else len(self._shared.connections)

    def wait_listening(self, timeout: float | None = None) -> bool:
        """Block another thread until the server listens; return False if ``timeout`` seconds pass first."""
        return self._listening.wait(timeout)

    def reload_certificates(self) -> None:
        """Read certfile and keyfile again; new connections use them. SIGHUP does this in :meth:`run`.

        A file that cannot be used is logged, and the old certificate stays.
        """
        certfile, keyfile = self._certificates
        if self._tls is None or certfile is None:
            raise RuntimeError("there is no certfile to reload")
        try:
            # Tried elsewhere first: a key that does not fit would leave the live context with half of each.
            _load_chain(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certfile, keyfile)
            _load_chain(self._tls, certfile, keyfile)
        except (OSError, ValueError) as error:
            logger.error("the certificate was not reloaded: %s", error)  # noqa: TRY400 - the reason is in it
        else:
            logger.info("the certificate was reloaded from %s", certfile)

    # -- inside -------------------------------------------------------------------------------------------

    def _application(self) -> Callable[[Any], Any]:
        return reading(self.handler) if self.read_body else self.handler

    def _share(self, loop: asyncio.AbstractEventLoop) -> Shared:
        """Make what the connections of one run have in common; a subclass may watch over its parts."""
        return Shared(
            self._application(),
            self.config,
            self.request_class,
            self.on_error,
            loop,
            tls=self._tls is not None,
        )

    def _listen(self) -> list[socket.socket]:
        return listen(
            self.hosts,
            self.port,
            unix_socket=self.unix_socket,
            unix_socket_mode=self.unix_socket_mode,
            sockets=self.sockets,
            backlog=self.backlog,
            reuse_port=self.reuse_port,
        )

    async def _serve(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, shared: Shared
    ) -> asyncio.Server | Acceptor:
        protocol = functools.partial(HttpConnection, shared)
        if listener.family != getattr(socket, "AF_UNIX", None):
            # Connections inherit it; loops set it only on sockets that were made with the protocol's number.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None or isinstance(loop, asyncio.SelectorEventLoop):
            listener.setblocking(False)
            listener.listen(self.backlog)
            return Acceptor(loop, listener, self._tls, protocol, self.config)
        if listener.family == getattr(socket, "AF_UNIX", None):
            extra: dict[str, Any] = {}
            if "cleanup_socket" in inspect.signature(loop.create_unix_server).parameters:
                # Python 3.13 and uvloop 0.22 would remove the file, which may belong to a service manager.
                extra["cleanup_socket"] = False
            return await loop.create_unix_server(protocol, sock=listener, backlog=self.backlog, **extra)
        return await loop.create_server(protocol, sock=listener, backlog=self.backlog)


async def _stop_accepting(servers: Sequence[asyncio.Server | Acceptor]) -> None:
    """Close servers; connections that have just been accepted are served."""
    for server in servers:
        if isinstance(server, Acceptor):
            await server.close()
        else:
            server.close()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop here: uvloop's if it is installed, else None for asyncio's."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def reading(handler: Callable[[Any], Any]) -> Callable[[HttpRequest], Any]:
    """Wrap a handler so that the body is there when it is called."""

    def call(request: HttpRequest) -> Any:
        if request.declared_length and not request.body_arrived:
            return _read_and_call(handler, request)
        return handler(request)

    return call


async def _read_and_call(handler: Callable[[Any], Any], request: HttpRequest) -> Any:
    await request.read()
    result = handler(request)
    return await result if isinstance(result, Awaitable) and inspect.isawaitable(result) else result


def _tls_context(certfile: str, keyfile: str | None, client_ca: str | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        _load_chain(context, certfile, keyfile)
    except (OSError, ValueError) as error:
        raise ValueError(f"certfile {certfile!r} cannot be used: {error}") from error
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except OSError as error:
            raise ValueError(f"client_ca {client_ca!r} cannot be used: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _load_chain(context: ssl.SSLContext, certfile: str, keyfile: str | None) -> None:
    def no_password() -> str:
        # Without this, OpenSSL would stop the server to ask on the terminal.
        raise ValueError("the key is encrypted; decrypt it, or make an ssl.SSLContext yourself")

    context.load_cert_chain(certfile, keyfile, no_password)
