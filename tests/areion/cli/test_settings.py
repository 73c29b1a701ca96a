"""Options of `run` that change a server."""

import argparse
from pathlib import Path

import pytest
from areion import AreionServerBuilder, DefaultRouter
from areion.cli.errors import CommandError
from areion.cli.settings import add_settings, apply_settings, check_settings
from areion_logger import BaseLogger


def options(*arguments):
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return parser.parse_args(arguments)


def server(**more):
    builder = AreionServerBuilder().with_router(DefaultRouter())
    for name, value in more.items():
        getattr(builder, name)(value)
    return builder.build()


def changed(*arguments, **more):
    given = options(*arguments)
    check_settings(given)
    made = server(**more)
    apply_settings(made, given)
    return made


def test_what_is_not_given_stays():
    """Without options a server is what its program says."""
    made = changed(with_host="192.0.2.1", with_port=1234, with_workers=3)
    assert (made.host, made.port, made.options.workers) == ("192.0.2.1", 1234, 3)


def test_host_and_port_win_over_a_unix_socket_of_the_program():
    """Where to listen is one choice: an option takes the place of all that the program says."""
    made = changed("--host", "::1", "--port", "0", with_unix_socket="x.sock")
    assert (made.host, made.port, made.options.unix_socket) == ("::1", 0, None)


def test_unix_socket_and_descriptor():
    """--uds and --fd set the other two kinds of places."""
    assert changed("--uds", "y.sock", with_sockets=5).options.unix_socket == "y.sock"
    assert changed("--uds", "y.sock", with_sockets=5).options.sockets is None
    assert changed("--fd", "7", with_unix_socket="x.sock").options.sockets == (7,)


def test_limits_and_deadlines():
    """Each name of the configuration can be given; a deadline can be switched off."""
    made = changed(
        *("--limit", "max_body_size=1000", "--limit", "body_min_rate=5"),
        *("--timeout", "handler_timeout=2.5", "--timeout", "head_timeout=None", "--workers", "2"),
    )
    config = made.options.config
    assert (config.max_body_size, config.body_min_rate) == (1000, 5)
    assert (config.handler_timeout, config.head_timeout) == (2.5, None)
    assert made.options.workers == 2


def test_log_level():
    """--log-level sets the logger's."""
    made = changed("--log-level", "error")
    assert not made.logger.is_enabled_for("WARNING")
    assert made.logger.is_enabled_for("ERROR")


def test_log_level_of_a_logger_that_has_none():
    """A logger without set_level is named."""

    class Quiet(BaseLogger):
        def debug(self, message, *args, **kwargs): ...

        info = warning = error = critical = debug

    with pytest.raises(CommandError, match="a Quiet, has no set_level"):
        changed("--log-level", "error", with_logger=Quiet())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--host", "a", "--uds", "b"], "--host or --port and --uds: give one of them"),
        (["--port", "1", "--fd", "3"], "--host or --port and --fd: give one of them"),
        (["--uds", ""], "--uds: expected the path of a socket, got ''"),
        (["--tls-key", "k.pem"], "--tls-key needs --tls-cert"),
        (["--limit", "max_body_size"], "--limit: expected max_request_line=VALUE, got 'max_body_size'"),
        (["--limit", "max_bdy_size=1"], "there is no 'max_bdy_size'; did you mean 'max_body_size'?"),
        (["--limit", "zzz=1"], "there are: max_request_line, "),
        (["--limit", "head_timeout=1"], "--limit: there is no 'head_timeout'"),
        (["--limit", "max_fields=1.5"], "--limit max_fields: expected a whole number, got '1.5'"),
        (["--limit", "max_fields=0"], "max_fields: expected a whole number above 0, got 0"),
        (["--limit", "max_fields=none"], "expected a whole number, got 'none'"),
        (["--timeout", "head_timeout=soon"], "--timeout head_timeout: expected seconds, got 'soon'"),
        (["--timeout", "head_timeout=nan"], "head_timeout: expected seconds above 0"),
        (["--timeout", "shutdown_timeout=none"], "it cannot be switched off"),
    ],
)
def test_mistakes(arguments, reason):
    """Each mistake is found before the program is loaded, and named."""
    with pytest.raises(CommandError) as caught:
        check_settings(options(*arguments))
    assert reason in str(caught.value)


def test_certificates(tmp_path):
    """Files that are not there, hold no certificate or no key for it, or need a password, are named."""
    with pytest.raises(CommandError, match=r"--tls-cert: there is no file 'nope.pem'"):
        changed("--tls-cert", "nope.pem")
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    with pytest.raises(
        CommandError, match=r"--tls-cert: there is no certificate in PEM form in '.*wrong\.pem'"
    ):
        changed("--tls-cert", str(wrong))
    certs = Path(__file__).parents[2] / "http/certs"
    with pytest.raises(CommandError, match=r"--tls-key: there is no private key in PEM form in .*ca\.pem"):
        changed("--tls-cert", str(certs / "ca.pem"))
    with pytest.raises(
        CommandError, match=r"--tls-key: the key in .*client\.key. is not that of .*server\.pem"
    ):
        changed("--tls-cert", str(certs / "server.pem"), "--tls-key", str(certs / "client.key"))
    with pytest.raises(
        CommandError, match=r"--tls-key: the key in .*encrypted\.key. has a password; .*with_tls"
    ):
        changed("--tls-cert", str(certs / "server.pem"), "--tls-key", str(certs / "encrypted.key"))


@pytest.mark.parametrize("value", ["-1", "65536", "x", "", "٣", "1.0"])
def test_ports_that_are_none(value, capsys):
    """A port is 0 to 65535, in ASCII digits."""
    with pytest.raises(SystemExit):
        options(f"--port={value}")
    assert "expected a port, 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["-1", "0", "x", "1.0", "9999999999"])
def test_counts_that_are_none(value, capsys):
    """A number of workers is a whole one above 0."""
    with pytest.raises(SystemExit):
        options(f"--workers={value}")
    assert "expected a whole number above 0" in capsys.readouterr().err


def test_host_in_brackets(capsys):
    """Brackets belong to an address in a URL; a name or an address is taken as it is."""
    with pytest.raises(SystemExit):
        options("--host=[::1]")
    assert "an IPv6 address has no brackets here, got '[::1]'" in capsys.readouterr().err
    assert [options(f"--host={host}").host for host in ("", "::1", "localhost")] == ["", "::1", "localhost"]
