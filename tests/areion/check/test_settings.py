"""Settings that make a server unsafe or slow."""

import resource

import pytest
from areion import AreionServerBuilder, DefaultEngine, DefaultLogger, DefaultRouter
from areion._reach import is_public
from areion.check.settings import check_settings


@pytest.fixture(autouse=True)
def _many_descriptors(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_000_000, 1_000_000))


def builder():
    return AreionServerBuilder().with_router(DefaultRouter()).with_host("127.0.0.1")


def found(made):
    return {(str(finding.severity), finding.code) for finding in check_settings(made.build())}


def test_defaults_are_fine():
    """A server as the builder makes it has nothing to mend."""
    assert found(builder()) == set()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.7", "2001:db8::1", "example.org"])
def test_public_addresses(host):
    """What is no loopback address is public."""
    made = builder().with_host(host).with_development_mode()
    assert is_public(made.build())
    assert ("error", "development-public") in found(made)
    assert ("advice", "no-tls") in found(made)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_private_addresses(host):
    """Loopback addresses are not."""
    assert not is_public(builder().with_host(host).build())


def test_development_mode_alone(tmp_path):
    """Development mode is not for what goes out, wherever it listens."""
    assert found(builder().with_development_mode()) == {("warning", "development")}
    socket = builder().with_host("").with_unix_socket(tmp_path / "x.sock")
    assert found(socket.with_development_mode()) == {("warning", "development")}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_body_size": 2**40}, "unbounded-uploads"),
        ({"max_fields": 100_000}, "limit-high"),
        ({"max_head_size": 2**30}, "limit-high"),
    ],
)
def test_limits_far_above_their_defaults(limits, code):
    """A limit far above its default is named."""
    assert found(builder().with_limits(**limits)) == {("warning", code)}


def test_deadlines_that_are_off():
    """Every deadline that is on by default is missed when it is off; the handler's is the application's choice."""
    off = builder().with_timeouts(head_timeout=None, keep_alive_timeout=None, body_grace=None)
    assert [finding.code for finding in check_settings(off.build())] == ["limit-off"] * 3
    assert found(builder().with_timeouts(keep_alive_timeout=100_000.0)) == {("warning", "limit-high")}
    assert found(builder().with_timeouts(handler_timeout=5.0)) == set()


def test_few_descriptors(monkeypatch):
    """More connections than files that may be open."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    assert found(builder()) == {("advice", "few-descriptors")}
    assert found(builder().with_limits(max_connections=900)) == set()
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert found(builder()) == set()


def test_debug_log():
    """The log level DEBUG belongs to development."""
    assert found(builder().with_logger(DefaultLogger(log_level="DEBUG"))) == {("warning", "debug-log")}
    assert found(builder().with_logger(DefaultLogger(log_level="INFO"))) == set()


def test_templates_without_escaping(tmp_path):
    """Templates that escape nothing are an error."""
    assert found(builder().with_engine(DefaultEngine(tmp_path))) == set()
    engine = DefaultEngine(tmp_path)
    engine.env.autoescape = False
    assert found(builder().with_engine(engine)) == {("error", "no-autoescape")}


def test_startup_without_shutdown():
    """What is opened at the start has to be closed at the end."""
    assert found(builder().with_startup_hook(print)) == {("advice", "no-shutdown-hook")}
    assert found(builder().with_startup_hook(print).with_shutdown_hook(print)) == set()


def test_key_that_everybody_can_read(tmp_path):
    """A TLS key is for the server alone."""
    key = tmp_path / "key.pem"
    key.touch(0o644)
    key.chmod(0o644)
    made = builder().with_host("").with_tls(key)
    assert found(made) == {("error", "readable-key")}
    key.chmod(0o600)
    assert found(made) == set()


def test_unix_socket_for_everybody(tmp_path):
    """A unix socket that everybody may write to is one that everybody may connect to."""
    assert found(builder().with_unix_socket(tmp_path / "x", 0o666)) == {("warning", "open-unix-socket")}
    assert found(builder().with_unix_socket(tmp_path / "x")) == set()


def test_without_uvloop(monkeypatch):
    """Without uvloop it works, more slowly."""
    import sys

    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert found(builder()) == {("advice", "no-uvloop")}
