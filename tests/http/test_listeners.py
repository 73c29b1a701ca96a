"""Facts about ``listeners``: what is bound, and what is said when it cannot be."""

import errno
import os
import socket
import stat

import pytest
from areion_http import ListenError, listeners
from areion_http.listeners import (
    adopt,
    bound_address,
    close_listener,
    inherited,
    listen,
    listen_spread,
    listen_tcp,
    listen_unix,
)


@pytest.fixture
def opened():
    """Listeners to be closed at the end."""
    found = []
    yield found
    for listener in found:
        close_listener(listener)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def tcp(*hosts, port=0):
    return listen_tcp(hosts, port, backlog=8, reuse_port=False)


def test_a_name_with_several_addresses_gets_one_port(opened):
    """Port 0 on localhost is the same free port for IPv4 and IPv6."""
    opened += tcp("localhost")
    assert len({listener.getsockname()[1] for listener in opened}) == 1
    assert len(opened) == (
        2 if has_ipv6() and len(set(socket.getaddrinfo("localhost", 0))) > 3 else len(opened)
    )


def test_several_hosts_get_one_port(opened):
    """Each address once, however often it is named."""
    opened += tcp("127.0.0.1", "127.0.0.2", "127.0.0.1")
    assert [bound_address(listener)[0] for listener in opened] == ["127.0.0.1", "127.0.0.2"]
    assert len({bound_address(listener)[1] for listener in opened}) == 1


def test_every_interface(opened):
    """An empty host is all of them."""
    opened += tcp("")
    hosts = {bound_address(listener)[0] for listener in opened}
    assert "0.0.0.0" in hosts
    assert hosts <= {"0.0.0.0", "::"}


def test_a_port_in_use_is_said_in_one_line(opened):
    """With the address; and nothing stays bound of what had been."""
    opened += tcp("127.0.0.1")
    port = opened[0].getsockname()[1]
    with pytest.raises(ListenError) as caught:
        tcp("127.0.0.2", "127.0.0.1", port=port)
    assert caught.value.errno == errno.EADDRINUSE
    assert (
        caught.value.strerror
        == f"cannot listen on 127.0.0.1:{port}: the address is in use by another process"
    )
    opened += tcp("127.0.0.2", port=port)


def test_a_port_that_was_just_used_can_be_used_again():
    """A restart does not wait for old connections (SO_REUSEADDR)."""
    (first,) = tcp("127.0.0.1")
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = first_accept(first)
        accepted.close()
        client.recv(1)
    first.close()
    (second,) = tcp("127.0.0.1", port=port)
    second.close()


def first_accept(listener):
    listener.setblocking(True)
    return listener.accept()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "permission denied"), (errno.EADDRINUSE, "in use"), (errno.EADDRNOTAVAIL, "assign")],
)
def test_errors_are_explained(number, words):
    """IPv6 addresses stand in brackets."""
    error = listeners._explained(OSError(number, os.strerror(number)), "::1", 80)
    assert str(error.strerror).startswith("cannot listen on [::1]:80: ")
    assert words in str(error.strerror)


def test_a_name_that_cannot_be_resolved():
    """It is named."""
    with pytest.raises(ListenError, match=r"cannot listen on 'no\.such\.name\.invalid'"):
        tcp("no.such.name.invalid")


def test_no_host_at_all():
    """There is nothing to listen on."""
    with pytest.raises(ListenError, match="no address"):
        tcp()


def test_an_address_of_another_machine():
    """It cannot be bound, and that is said."""
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:"):
        tcp("192.0.2.1")


def test_an_address_of_another_machine_among_others():
    """One that was asked for is not left out in silence because another one could be had."""
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:"):
        tcp("127.0.0.1", "192.0.2.1")


def test_a_name_may_have_addresses_that_this_machine_lacks(opened, monkeypatch):
    """It is enough that one of them can be had, also by another name of it."""
    known = {"127.0.0.1": ["127.0.0.1"], "name": ["192.0.2.1", "127.0.0.1"]}

    def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (each, port)) for each in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for hosts in (["name"], ["127.0.0.1", "name"]):
        opened += tcp(*hosts)
        assert opened[-1].getsockname()[0] == "127.0.0.1"


def test_sets_of_sockets_that_share_a_port_among_themselves(opened):
    """The system spreads connections over them; a port that somebody has is refused, and can be had again."""
    sets = listen_spread("127.0.0.1", 0, 3, backlog=8)
    opened += [listener for each in sets for listener in each]
    [port] = {bound_address(listener)[1] for listener in opened}
    with pytest.raises(ListenError, match="in use"):
        listen_spread("127.0.0.1", port, 2, backlog=8)
    for listener in opened:
        close_listener(listener)
    opened += [listener for each in listen_spread("127.0.0.1", port, 2, backlog=8) for listener in each]


def test_what_a_server_would_listen_on(opened, tmp_path):
    """Given sockets come before a unix socket, and that before host and port."""
    path = str(tmp_path / "s")
    opened += listen(port=0, unix_socket=path)
    assert [bound_address(listener) for listener in opened] == [path]
    assert listen(port=0, unix_socket=path, sockets=opened) == opened
    opened += listen(["127.0.0.1", "127.0.0.2"], 0)
    assert [bound_address(listener)[0] for listener in opened[1:]] == ["127.0.0.1", "127.0.0.2"]


def test_several_processes_may_share_a_port(opened):
    """If all of them ask for it."""
    opened += listen_tcp(["127.0.0.1"], 0, backlog=8, reuse_port=True)
    opened += listen_tcp(["127.0.0.1"], opened[0].getsockname()[1], backlog=8, reuse_port=True)
    with pytest.raises(ListenError):
        tcp("127.0.0.1", port=opened[0].getsockname()[1])


# -- unix sockets -------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "s")


def unix(path, mode=0o660):
    return listen_unix(path, mode=mode, backlog=8)


def test_a_unix_socket_has_the_permissions_asked_for_and_goes_with_its_listener(path):
    """The file is removed when the listener is closed, even if that has been closed by others."""
    for mode in (0o600, 0o666):
        listener = unix(path, mode)
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
        assert bound_address(listener) == path
        listener.close()
        close_listener(listener)
        assert not os.path.exists(path)
        close_listener(listener)


def test_a_stale_unix_socket_is_replaced(path):
    """One that a killed process has left."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    listener = unix(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    close_listener(listener)


def test_a_unix_socket_in_use_is_not_taken_over(path):
    """The error names the path; the other one goes on."""
    listener = unix(path)
    with pytest.raises(ListenError, match="another process listens on it") as caught:
        unix(path)
    assert path in caught.value.strerror
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    close_listener(listener)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path):
    """Whatever it is."""
    file = tmp_path / "precious"
    file.write_text("data")
    with pytest.raises(ListenError, match="a file that is no socket"):
        unix(str(file))
    assert file.read_text() == "data"


def test_a_file_that_was_replaced_is_not_removed(path):
    """A new process may have taken over the path while the old one ended."""
    old = unix(path)
    os.unlink(path)
    new = unix(path)
    close_listener(old)
    assert os.path.exists(path)
    close_listener(new)
    assert not os.path.exists(path)


def test_the_file_stays_where_the_listener_was_handed_over(path):
    """``remove=False`` is for those who did not make it."""
    listener = unix(path)
    close_listener(listener, remove=False)
    assert os.path.exists(path)
    os.unlink(path)


def test_a_relative_path_is_removed_from_another_folder(tmp_path, monkeypatch):
    """What was made is remembered by its whole path."""
    monkeypatch.chdir(tmp_path)
    listener = unix("here")
    monkeypatch.chdir("/")
    close_listener(listener)
    assert not (tmp_path / "here").exists()


def test_a_path_that_cannot_be():
    """The error says which."""
    for bad in ("/no/such/folder/s", "/tmp/" + "x" * 200):
        with pytest.raises(ListenError, match="cannot listen on unix:"):
            unix(bad)


def test_the_abstract_namespace():
    """A leading NUL makes no file."""
    name = f"\0areion-test-{os.getpid()}"
    listener = unix(name)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(name)
    close_listener(listener)


# -- handed over --------------------------------------------------------------------------------------------


def test_a_descriptor_that_listens_is_adopted(opened):
    """It keeps its address."""
    opened += tcp("127.0.0.1")
    adopted = adopt(os.dup(opened[0].fileno()))
    opened.append(adopted)
    assert bound_address(adopted) == bound_address(opened[0])


def test_a_descriptor_that_is_none_of_a_stream_socket(tmp_path):
    """The error names its number; the descriptor stays open, it is not ours."""
    with (
        open(tmp_path / "file", "w") as file,
        pytest.raises(ListenError, match=rf"descriptor {file.fileno()} is no socket"),
    ):
        adopt(file.fileno())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        with pytest.raises(ListenError, match=f"descriptor {datagrams.fileno()} is no stream socket"):
            adopt(datagrams.fileno())
        assert datagrams.getsockname()


def test_sockets_of_a_service_manager(opened, monkeypatch):
    """LISTEN_FDS for this process; taken once, and not handed on to programs that are started."""
    opened += tcp("127.0.0.1")
    descriptor = os.dup(opened[0].fileno())
    os.set_inheritable(descriptor, True)
    monkeypatch.setattr(listeners, "_FIRST_INHERITED", descriptor)
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDNAMES", "web")
    (found,) = inherited()
    opened.append(found)
    assert bound_address(found) == bound_address(opened[0])
    assert not found.get_inheritable()
    assert not {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} & set(os.environ)
    assert inherited() == []


@pytest.mark.parametrize(("pid", "count"), [("1", "1"), (None, "x"), (None, ""), (None, "-1"), ("", "1")])
def test_sockets_that_are_for_others_are_left_alone(monkeypatch, pid, count):
    """Another process's, or no number of them."""
    monkeypatch.setenv("LISTEN_FDS", count)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()) if pid is None else pid)
    assert inherited() == []
    assert os.environ["LISTEN_FDS"] == count
