"""Options of ``run`` and ``dev`` that change a server: declared, read and applied here."""

from __future__ import annotations

import argparse
import difflib
import ssl
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from areion_http import HttpConfig

from areion.cli.errors import CommandError
from areion.server import AreionServer

_LEVELS: Final = ("debug", "info", "warning", "error", "critical")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options; each one that is not given leaves what the program says."""
    place = parser.add_argument_group("where to listen")
    place.add_argument("--host", type=host_name, help="name or address; '' is every interface")
    place.add_argument("--port", type=port_number, help="0 picks a free one")
    place.add_argument("--uds", metavar="PATH", help="a unix socket, instead of host and port")
    place.add_argument("--fd", metavar="N", type=count, help="descriptor of a socket that listens already")
    place.add_argument("--tls-cert", metavar="FILE", help="speak HTTPS with this certificate chain (PEM)")
    place.add_argument("--tls-key", metavar="FILE", help="its key, if not in the same file")
    how = parser.add_argument_group("how to serve")
    how.add_argument("--workers", metavar="N", type=count, help="processes that serve")
    how.add_argument("--log-level", choices=_LEVELS, help="the least that is logged")
    how.add_argument(
        "--limit",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="change a limit, for example max_body_size=1048576; may be given again",
    )
    how.add_argument(
        "--timeout",
        metavar="NAME=SECONDS",
        action="append",
        default=[],
        help="change a deadline, for example handler_timeout=10, or switch it off with =none; "
        "may be given again",
    )


def host_name(text: str) -> str:
    """Read a name or an address.

    Raises:
        argparse.ArgumentTypeError: If it is an address as it stands in a URL.
    """
    if text.startswith("["):
        raise argparse.ArgumentTypeError(f"an IPv6 address has no brackets here, got {text!r}")
    return text


def port_number(text: str) -> int:
    """Read a port.

    Raises:
        argparse.ArgumentTypeError: If it is not a number from 0 to 65535.
    """
    if not text.isdecimal() or not text.isascii() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port, 0 to 65535, got {text!r}")
    return int(text)


def count(text: str) -> int:
    """Read a whole number.

    Raises:
        argparse.ArgumentTypeError: If it is none, or 0.
    """
    if not text.isdecimal() or not text.isascii() or len(text) > 9 or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def apply_settings(server: AreionServer, options: argparse.Namespace) -> None:
    """Change a server to what the options say.

    Raises:
        CommandError: If options contradict each other, or a value does not fit.
    """
    _apply_place(server, options)
    _apply_tls(server, options)
    if options.workers is not None:
        server.with_options(workers=options.workers)
    if options.limit or options.timeout:
        server.with_options(config=_config(server.options.config, options))
    if options.log_level is not None:
        _set_level(server.logger, options.log_level)


def check_settings(options: argparse.Namespace) -> None:
    """Find mistakes that show without the program.

    Raises:
        CommandError: If options contradict each other, or a value does not fit.
    """
    places = {
        "--host or --port": options.host is not None or options.port is not None,
        "--uds": options.uds is not None,
        "--fd": options.fd is not None,
    }
    given = [name for name, there in places.items() if there]
    if len(given) > 1:
        raise CommandError(f"{' and '.join(given)}: give one of them")
    if options.uds == "":
        raise CommandError("--uds: expected the path of a socket, got ''")
    if options.tls_key is not None and options.tls_cert is None:
        raise CommandError("--tls-key needs --tls-cert")
    _config(HttpConfig(), options)


def _apply_place(server: AreionServer, options: argparse.Namespace) -> None:
    if options.host is not None or options.port is not None:
        server.with_options(unix_socket=None, sockets=None)
    if options.host is not None:
        server.host = options.host
    if options.port is not None:
        server.port = options.port
    if options.uds is not None:
        server.with_options(unix_socket=options.uds, sockets=None)
    if options.fd is not None:
        server.with_options(unix_socket=None, sockets=(options.fd,))


def _apply_tls(server: AreionServer, options: argparse.Namespace) -> None:
    if options.tls_cert is None:
        return
    for option, file in (("--tls-cert", options.tls_cert), ("--tls-key", options.tls_key)):
        if file is not None and not Path(file).is_file():
            raise CommandError(f"{option}: there is no file {file!r}")
    try:
        # The empty password keeps OpenSSL from asking for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(options.tls_cert, options.tls_key, "")
    except ssl.SSLError as error:
        raise CommandError(_tls_reason(options, error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or options.tls_cert}: {error.strerror or error}") from error
    server.with_options(tls=None, certfile=options.tls_cert, keyfile=options.tls_key)


def _tls_reason(options: argparse.Namespace, error: ssl.SSLError) -> str:
    """Say what is wrong with a certificate or its key, which OpenSSL tells only to those who know it."""
    key = options.tls_key or options.tls_cert
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"--tls-key: the key in {key!r} is not that of the certificate in {options.tls_cert!r}"
    for option, file, what in (
        ("--tls-cert", options.tls_cert, "CERTIFICATE-----"),
        ("--tls-key", key, "PRIVATE KEY-----"),
    ):
        if what not in Path(file).read_text(encoding="ascii", errors="replace"):
            name = what.rstrip("-").lower()
            return f"{option}: there is no {name} in PEM form in {file!r}"
    if "ENCRYPTED" in Path(key).read_text(encoding="ascii", errors="replace"):
        return f"--tls-key: the key in {key!r} has a password; pass a context to with_tls() in the program"
    return f"--tls-cert {options.tls_cert}: {error.reason or error}"


def _config(config: HttpConfig, options: argparse.Namespace) -> HttpConfig:
    limits = [name for name in _numbers() if not _is_deadline(name)]
    deadlines = [name for name in _numbers() if _is_deadline(name)]
    changes: dict[str, Any] = {}
    for option, pairs, known in (
        ("--limit", options.limit, limits),
        ("--timeout", options.timeout, deadlines),
    ):
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not equals:
                raise CommandError(f"{option}: expected {known[0]}=VALUE, got {pair!r}")
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
                raise CommandError(f"{option}: there is no {name!r}; {hint}")
            changes[name] = _number(option, name, value)
    try:
        return replace(config, **changes)
    except ValueError as error:
        raise CommandError(str(error)) from error


def _numbers() -> list[str]:
    return [field.name for field in fields(HttpConfig) if not isinstance(field.default, (bool, str))]


def _is_deadline(name: str) -> bool:
    return name.endswith(("_timeout", "_grace"))


def _number(option: str, name: str, text: str) -> float | None:
    if option == "--timeout" and text.lower() == "none":
        return None
    try:
        return int(text) if option == "--limit" else float(text)
    except ValueError:
        what = "a whole number" if option == "--limit" else "seconds"
        raise CommandError(f"{option} {name}: expected {what}, got {text!r}") from None


def _set_level(logger: Any, level: str) -> None:
    set_level = getattr(logger, "set_level", None)
    if not callable(set_level):
        raise CommandError(
            f"--log-level: the logger, a {type(logger).__name__}, has no set_level; "
            "set its level in the program"
        )
    set_level(level.upper())
