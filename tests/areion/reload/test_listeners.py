"""The sockets that outlive the processes that serve."""

import pytest
from areion.reload.listeners import HeldSockets
from areion_http import ListenError

TCP = {"host": "127.0.0.1", "port": 0, "backlog": 10}


@pytest.fixture
def held():
    held = HeldSockets()
    yield held
    held.close()


def test_same_request_same_sockets(held):
    """The next process gets the very sockets of the one before, so a free port stays the same."""
    [first] = held.get(TCP)
    assert held.get(dict(TCP)) == [first]


def test_another_address(held, tmp_path):
    """A program that has changed its address gets new sockets, and the old ones are closed."""
    [first] = held.get(TCP)
    path = tmp_path / "x.sock"
    [second] = held.get({"unix_socket": str(path), "unix_socket_mode": 0o600, "backlog": 10})
    assert first.fileno() == -1
    assert second.getsockname() == str(path)
    held.close()
    assert not path.exists()


def test_address_that_cannot_be_had(held, taken_port):
    """What was held before stays."""
    [first] = held.get(TCP)
    with pytest.raises(ListenError):
        held.get({**TCP, "port": taken_port})
    assert held.get(TCP) == [first]


def test_own_sockets_of_the_program(held):
    """Sockets that a program makes anew each time cannot be kept; that is said."""
    with pytest.raises(ListenError, match="with_sockets"):
        held.get({"own": True})


def test_descriptor_takes_precedence():
    """A descriptor from the command line is what every process gets; closing it is not our affair."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = HeldSockets(listener.fileno())
        [given] = held.get(TCP)
        assert given.getsockname() == listener.getsockname()
        held.close()
        given.detach()


def test_descriptor_that_is_no_socket(tmp_path):
    """A descriptor of something else is refused."""
    with (tmp_path / "file").open("w") as file, pytest.raises(ListenError, match="is no socket"):
        HeldSockets(file.fileno())
