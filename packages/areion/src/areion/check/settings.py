"""Settings: where the server listens, what it allows, what it tells."""

from __future__ import annotations

import logging
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from areion_http import HttpConfig

from areion._reach import is_public
from areion.check.findings import Finding, Severity
from areion.server import AreionServer

# A limit this many times its default was hardly meant for requests of strangers.
_FAR: Final = 16
# Descriptors beside those of connections: logs, templates, databases.
_OTHER_DESCRIPTORS: Final = 64


def check_settings(server: AreionServer) -> Iterator[Finding]:
    """Review all settings."""
    public = is_public(server)
    yield from _development(server, public=public)
    yield from _encryption(server, public=public)
    yield from _limits(server.options.config)
    yield from _descriptors(server.options.config)
    yield from _logging(server)
    yield from _templates(server)
    yield from _hooks(server)
    yield from _speed()


def _place(server: AreionServer) -> str:
    return f"host {server.host!r}"


def _development(server: AreionServer, *, public: bool) -> Iterator[Finding]:
    if not server.options.development:
        return
    message = "development mode is on: it shows sources and variables to whoever causes an error"
    advice = "remove with_development_mode(), and develop with `areion dev`"
    if public:
        yield Finding(
            Severity.ERROR,
            "development-public",
            f"{message}, and other machines can connect",
            _place(server),
            f"{advice}; or listen on 127.0.0.1",
        )
    else:
        yield Finding(Severity.WARNING, "development", message, "with_development_mode()", advice)


def _encryption(server: AreionServer, *, public: bool) -> Iterator[Finding]:
    options = server.options
    if public and options.tls is None and options.certfile is None:
        yield Finding(
            Severity.ADVICE,
            "no-tls",
            "other machines connect without encryption",
            _place(server),
            "use with_tls(), or let a proxy on this machine speak TLS and listen on 127.0.0.1",
        )
    for key in (options.keyfile or options.certfile,):
        if key is not None and os.name == "posix" and Path(key).is_file():
            mode = Path(key).stat().st_mode
            if mode & stat.S_IROTH:
                yield Finding(
                    Severity.ERROR,
                    "readable-key",
                    "every user of this machine can read the TLS key",
                    key,
                    f"chmod 600 {key}",
                )
    if options.unix_socket is not None and options.unix_socket_mode & stat.S_IWOTH:
        yield Finding(
            Severity.WARNING,
            "open-unix-socket",
            "every user of this machine can connect to the unix socket",
            options.unix_socket,
            "give with_unix_socket() the mode 0o660, and the proxy the group",
        )


def _limits(config: HttpConfig) -> Iterator[Finding]:
    for field in fields(config):
        value: Any = getattr(config, field.name)
        default: Any = field.default
        if isinstance(default, (bool, str)):
            continue
        if value is None and default is not None:
            yield _limit(field.name, "is off", f"with_timeouts({field.name}={default:g})")
        elif value is not None and default is not None and value > default * _FAR:
            method = "with_limits" if field.name.startswith("max_") else "with_timeouts"
            yield _limit(
                field.name,
                f"is {value:,}, {value / default:.0f} times its default",
                f"{method}({field.name}={default}) is the default",
            )


def _limit(name: str, state: str, advice: str) -> Finding:
    if name == "max_body_size":
        return Finding(
            Severity.WARNING,
            "unbounded-uploads",
            f"{name} {state}: any client can fill the memory on any route",
            "with_limits()",
            f"{advice}; raise max_body on the routes that need it, or read them as streams",
        )
    code = "limit-off" if state == "is off" else "limit-high"
    return Finding(
        Severity.WARNING,
        code,
        f"{name} {state}: few clients can hold what is meant for many",
        "with_timeouts()" if "_timeout" in name or "_grace" in name else "with_limits()",
        advice,
    )


def _descriptors(config: HttpConfig) -> Iterator[Finding]:
    try:
        import resource
    except ImportError:
        return  # a system without such a limit
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < config.max_connections + _OTHER_DESCRIPTORS:
        yield Finding(
            Severity.ADVICE,
            "few-descriptors",
            f"max_connections is {config.max_connections}, and this process may open {soft} files",
            "ulimit -n",
            "raise the limit (LimitNOFILE= of systemd), or lower max_connections: clients beyond it get a 503",
        )


def _logging(server: AreionServer) -> Iterator[Finding]:
    level: Any = getattr(server.logger, "level", None)
    if isinstance(level, int) and 0 < level <= logging.DEBUG and not server.options.development:
        yield Finding(
            Severity.WARNING,
            "debug-log",
            "the log level is DEBUG: it costs time for each request, and may keep what should not be kept",
            "with_logger()",
            'use log_level="INFO"',
        )


def _templates(server: AreionServer) -> Iterator[Finding]:
    environment = getattr(server.engine, "env", None)
    if environment is not None and getattr(environment, "autoescape", True) is False:
        yield Finding(
            Severity.ERROR,
            "no-autoescape",
            "templates do not escape what they show: visitors can put scripts into pages",
            "with_engine()",
            "leave autoescape on, and mark what is HTML with the filter `safe`",
        )


def _hooks(server: AreionServer) -> Iterator[Finding]:
    if server.options.startup_hooks and not server.options.shutdown_hooks:
        yield Finding(
            Severity.ADVICE,
            "no-shutdown-hook",
            "there are startup hooks and no shutdown hook: what they open is never closed",
            "with_startup_hook()",
            "close it with with_shutdown_hook()",
        )


def _speed() -> Iterator[Finding]:
    if os.name != "posix" or sys.implementation.name != "cpython":
        return
    try:
        import uvloop  # noqa: F401 - whether it is there
    except ImportError:
        yield Finding(
            Severity.ADVICE,
            "no-uvloop",
            "uvloop is not installed: requests take longer",
            "pip",
            "pip install uvloop",
        )
