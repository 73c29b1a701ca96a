"""The builder: fluent, checked at once, without side effects."""

import asyncio
import logging
import signal
import ssl
import subprocess
import sys
import textwrap
import threading

import areion
import pytest
from areion import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    AreionServer,
    AreionServerBuilder,
    BaseLogger,
    DefaultEngine,
    DefaultLogger,
    DefaultOrchestrator,
    DefaultRouter,
    HttpServer,
    ResponseFilter,
)


def test_every_with_method_returns_the_builder(tmp_path):
    """The whole of it can be written as one expression."""
    builder = AreionServerBuilder()
    calls = [
        builder.with_host("127.0.0.1"),
        builder.with_port(0),
        builder.with_router(DefaultRouter()),
        builder.with_orchestrator(DefaultOrchestrator()),
        builder.with_logger(DefaultLogger()),
        builder.with_engine(DefaultEngine()),
        builder.with_http_server(HttpServer),
        builder.with_static_dir(str(tmp_path)),
        builder.with_development_mode(),
        builder.with_limits(max_body_size=1),
        builder.with_timeouts(handler_timeout=None),
        builder.with_workers(1),
        builder.with_threads(1),
        builder.with_backlog(1),
        builder.with_stop_delay(1),
        builder.with_unix_socket(str(tmp_path / "socket")),
        builder.with_tls(context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)),
        builder.with_error_handler(KeyError, lambda request, error: ""),
        builder.with_startup_hook(print),
        builder.with_shutdown_hook(print),
        builder.with_filter(ResponseFilter()),
        builder.with_cors("https://a.example"),
        builder.with_compression(),
        builder.with_request_id(),
        builder.with_security_headers(),
        builder.with_access_log(),
        builder.with_trusted_proxies("127.0.0.1"),
        builder.with_watchdog(),
        builder.with_info("title"),
    ]
    assert all(each is builder for each in calls)
    assert isinstance(builder.build(), AreionServer)


WRONG = [
    ("with_host", (1,), "host"),
    ("with_host", (None,), "host"),
    ("with_port", ("8080",), "port"),
    ("with_port", (True,), "port"),
    ("with_port", (-1,), "port"),
    ("with_port", (65536,), "port"),
    ("with_port", (80.0,), "port"),
    ("with_router", (object(),), "router"),
    ("with_router", (None,), "router"),
    ("with_orchestrator", (1,), "orchestrator"),
    ("with_logger", (1,), "logger"),
    ("with_engine", (1,), "engine"),
    ("with_http_server", (1,), "http_server"),
    ("with_static_dir", (1,), "static_dir"),
    ("with_static_dir", ("/there/is/no/such/folder",), "static_dir"),
    ("with_static_dir", ("",), "static_dir"),
    ("with_development_mode", ("yes",), "on"),
    ("with_limits", ({"max_body_size": "1"},), "max_body_size"),
    ("with_limits", ({"max_body_size": 0},), "max_body_size"),
    ("with_limits", ({"max_bodysize": 1},), "max_bodysize"),
    ("with_timeouts", ({"head_timeout": -1},), "head_timeout"),
    ("with_timeouts", ({"no_timeout": 1},), "no_timeout"),
    ("with_workers", (0,), "workers"),
    ("with_workers", ("2",), "workers"),
    ("with_threads", (0,), "threads"),
    ("with_backlog", (None,), "backlog"),
    ("with_stop_delay", (-1,), "stop_delay: expected seconds from 0 to 3600"),
    ("with_stop_delay", (3601,), "stop_delay"),
    ("with_stop_delay", (float("nan"),), "stop_delay"),
    ("with_stop_delay", (True,), "stop_delay"),
    ("with_stop_delay", ("1",), "stop_delay"),
    ("with_error_handler", (404, print), "exception_type"),
    ("with_error_handler", (KeyError, "x"), "handler"),
    ("with_error_handler", (KeyError, lambda request: ""), "handler"),
    ("with_error_handler", (KeyError, lambda request, error, more: ""), "handler"),
    ("with_startup_hook", ("x",), "hook"),
    ("with_startup_hook", (lambda one, two: "",), "hook"),
    ("with_shutdown_hook", (lambda *, one: "",), "hook"),
    ("with_shutdown_hook", (1,), "hook"),
    ("with_unix_socket", (1,), "path"),
    ("with_unix_socket", ("/tmp/x", "rw"), "mode"),
    ("with_sockets", (), "sockets"),
    ("with_sockets", ("x",), "sockets"),
    ("with_tls", (), "with_tls"),
    ("with_tls", ("/no/such/cert.pem",), "certfile"),
    ("with_filter", (print,), "response_filter"),
    ("with_cors", (1,), "origins"),
    ("with_cors", ((),), "origins"),
    ("with_cors", (["https://a.example/path"],), "origins"),
    ("with_cors", ("*", {"credentials": True}), "credentials"),
    ("with_compression", ({"minimum": -1},), "minimum"),
    ("with_cors", ("https://a.example", {"credentials": "no"}), "credentials: expected a bool"),
    ("with_cors", ("*", {"credentials": "no"}), "credentials: expected a bool"),
    ("with_compression", ({"codings": ("lzma",)},), "codings"),
    ("with_compression", ({"codings": "gzip"},), "codings: expected names"),
    ("with_compression", ({"codings": ()},), "codings: expected names"),
    ("with_request_id", ("bad name",), "header"),
    ("with_request_id", ({"accept": "no"},), "accept"),
    ("with_security_headers", ({"hsts": "1"},), "hsts"),
    ("with_security_headers", ({"hsts_subdomains": "no"},), "hsts_subdomains"),
    ("with_security_headers", ({"csp": 3},), "csp"),
    ("with_security_headers", ({"fields": ["X-A"]},), "fields"),
    ("with_security_headers", ({"fields": {"X-A": 3}},), "X-A"),
    ("with_access_log", ("fancy",), "format"),
    ("with_trusted_proxies", (), "proxies"),
    ("with_trusted_proxies", ("nowhere",), "proxies"),
    ("with_trusted_proxies", (5,), "proxies"),
    ("with_info", (1,), "title"),
]


@pytest.mark.parametrize(("method", "arguments", "name"), WRONG)
def test_wrong_values_raise_value_error_at_once(method, arguments, name):
    """The message names the argument and shows what it got."""
    keywords = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
    positional = arguments[:-1] if keywords else arguments
    with pytest.raises(ValueError, match=name):
        getattr(AreionServerBuilder(), method)(*positional, **keywords)


def test_a_second_error_handler_for_a_type_is_refused():
    """It would replace the first in silence; the message names the type, both handlers and their places."""

    def first(request, error):
        """Answer."""

    def second(request, error):
        """Answer."""

    builder = AreionServerBuilder().with_error_handler(KeyError, first)
    builder.with_error_handler(LookupError, first)
    with pytest.raises(ValueError, match="KeyError has the handler") as caught:
        builder.with_error_handler(KeyError, second)
    for function in (first, second):
        assert f"{function.__qualname__} ({__file__}:{function.__code__.co_firstlineno})" in str(caught.value)
    router = DefaultRouter()
    assert builder.with_router(router).build().options.error_handlers[KeyError] is first


def test_development_mode_without_an_argument_is_on():
    """The predecessor turned it off."""
    builder = AreionServerBuilder().with_router(DefaultRouter())
    assert not builder.build().options.development
    assert builder.with_development_mode().build().options.development
    assert not builder.with_development_mode(False).build().options.development


def test_only_a_router_is_required():
    """Without one build() says what to do; the defaults of the rest are documented."""
    with pytest.raises(ValueError, match=r"with_router"):
        AreionServerBuilder().build()
    with pytest.raises(ValueError, match="router"):
        AreionServer()
    server = AreionServerBuilder().with_router(DefaultRouter()).build()
    assert (server.host, server.port) == (DEFAULT_HOST, DEFAULT_PORT) == ("localhost", 8080)
    assert isinstance(server.logger, DefaultLogger)
    assert isinstance(server.logger, BaseLogger)
    assert server.logger is server.logger
    assert (server.orchestrator, server.engine, server.static_dir) == (None, None, None)


def test_the_constructor_takes_what_the_predecessors_did(tmp_path):
    """By position or keyword; wrong types are refused there too."""
    router, orchestrator, logger, engine = (
        DefaultRouter(),
        DefaultOrchestrator(),
        DefaultLogger(),
        DefaultEngine(),
    )
    server = AreionServer("127.0.0.1", 0, router, orchestrator, logger, engine, str(tmp_path))
    assert (server.router, server.orchestrator, server.logger, server.engine) == (
        router,
        orchestrator,
        logger,
        engine,
    )
    with pytest.raises(ValueError, match="port: expected an int"):
        AreionServer(port="80", router=router)
    with pytest.raises(ValueError, match="host: expected a str"):
        AreionServer(host=None, router=router)
    orchestrator.shutdown()


def test_components_by_class_name_and_path():
    """A class is made, a name looked up, "module:attribute" imported; unknown names list what is installed."""
    for router in (DefaultRouter, "default", "areion_router:Router", "areion-router/default"):
        server = AreionServerBuilder().with_router(router).build()
        assert isinstance(server.router, DefaultRouter)
    with pytest.raises(ValueError, match=r"no router named 'trie'.*Installed: .*default"):
        AreionServerBuilder().with_router("trie").build()


class TestNoSideEffects:
    """build() changes nothing in the process."""

    def test_in_the_process(self):
        """No thread, log handler, signal handler, event loop or policy is made."""
        program = """
        import asyncio, logging, signal, threading, warnings
        warnings.simplefilter("error")
        from areion import AreionServerBuilder, DefaultRouter
        router = DefaultRouter()
        router.add_route("/", lambda request: "x")
        def state():
            return (threading.enumerate(), list(logging.getLogger("areion").handlers), logging.root.handlers,
                    logging.getLogger("areion").level, signal.getsignal(signal.SIGINT),
                    signal.getsignal(signal.SIGTERM), asyncio._get_running_loop())
        before = state()
        servers = [AreionServerBuilder().with_router(router).with_access_log().with_request_id().build()
                   for _ in range(2)]
        assert state() == before, (before, state())
        assert servers[0] is not servers[1]
        router.add_route("/later", lambda request: "not frozen")
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_in_a_thread_without_a_loop_and_in_a_running_one(self):
        """The predecessor crashed with 'no current event loop'."""
        built = []

        def build():
            built.append(AreionServerBuilder().with_router(DefaultRouter()).build())

        thread = threading.Thread(target=build)
        thread.start()
        thread.join()

        async def inside():
            build()

        asyncio.run(inside())
        assert len(built) == 2

    def test_a_builder_builds_independent_servers(self):
        """What is added afterwards does not change a server that was built before."""
        builder = AreionServerBuilder().with_router(DefaultRouter()).with_startup_hook(print)
        first = builder.build()
        builder.with_startup_hook(repr).with_error_handler(KeyError, print).with_filter(ResponseFilter())
        second = builder.build()
        assert first.options.startup_hooks == (print,)
        assert second.options.startup_hooks == (print, repr)
        assert first.options.error_handlers == {}
        assert first.options.filters == ()

    def test_signal_handlers_are_untouched(self):
        """Only run() takes signals."""
        before = signal.getsignal(signal.SIGINT)
        AreionServerBuilder().with_router(DefaultRouter()).build()
        assert signal.getsignal(signal.SIGINT) is before
        assert logging.getLogger("areion").propagate in {True, False}


class TestOtherHttpServers:
    """A replacement of areion-http's server."""

    def test_a_class_with_the_documented_arguments(self):
        """It is made with handler, host, port and the rest, and started like ours."""
        made = {}

        class Mine(HttpServer):
            def __init__(self, handler, *, host, port, config, request_class, on_error, **options):
                made.update(host=host, port=port, **options)
                super().__init__(
                    handler,
                    host=host,
                    port=port,
                    config=config,
                    request_class=request_class,
                    on_error=on_error,
                )

            async def start(self):
                made["started"] = True

        server = (
            AreionServerBuilder().with_router(DefaultRouter()).with_port(0).with_http_server(Mine).build()
        )
        server.run()
        assert (made["host"], made["port"], made["started"]) == ("localhost", 0, True)

    def test_settings_that_it_does_not_take(self, tmp_path):
        """Those left alone are not passed; one that was made is an error, never ignored."""
        started = []

        class Plain:
            def __init__(self, handler, host, port, config, request_class, on_error, read_body, on_listening):
                pass

            def run(self):
                raise AssertionError("the coordinator calls start()")

            async def start(self):
                started.append(True)

            def stop(self):
                pass

        builder = AreionServerBuilder().with_router(DefaultRouter()).with_http_server(Plain)
        builder.build().run()
        assert started == [True]
        builder.with_unix_socket(tmp_path / "x")
        with pytest.raises(ValueError, match=r"unix_socket: .*Plain"):
            builder.build().run()

    def test_a_class_that_lacks_methods_is_refused_when_built(self):
        """The message says what is missing."""

        class Lame:
            def run(self):
                pass

        with pytest.raises(ValueError, match="start, stop"):
            AreionServerBuilder().with_router(DefaultRouter()).with_http_server(Lame).build()


PROMISED = """AreionServer AreionServerBuilder DefaultRouter DefaultLogger DefaultOrchestrator DefaultEngine
    HttpServer HttpRequest HttpResponse HttpRequestFactory HTTP_STATUS_CODES HttpError BadRequestError
    UnauthorizedError ForbiddenError NotFoundError MethodNotAllowedError InternalServerError BaseHttpServer
    BaseEngine BaseLogger BaseOrchestrator BaseRouter BaseMiddleware create_json_response create_text_response
    create_html_response create_xml_response create_file_response create_redirect_response
    create_error_response create_empty_response AREION_LOGO DEFAULT_HOST DEFAULT_PORT __version__"""


def test_star_import_and_version():
    """``from areion import *`` gives all that is promised; the version is a version."""
    namespace = {}
    exec("from areion import *", namespace)
    assert set(PROMISED.split()) <= namespace.keys()
    assert areion.__version__.count(".") == 2
