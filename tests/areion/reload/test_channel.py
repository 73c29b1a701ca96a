"""Messages and sockets between two processes."""

import socket

import pytest
from areion.reload.channel import Channel


@pytest.fixture
def ends():
    ours, theirs = map(Channel, socket.socketpair())
    yield ours, theirs
    ours.close()
    theirs.close()


def test_messages_keep_their_order(ends):
    """Several messages may arrive at once."""
    ours, theirs = ends
    ours.send({"a": 1})
    ours.send({"b": [2]})
    assert theirs.receive() == ([{"a": 1}, {"b": [2]}], [], False)


def test_message_in_pieces():
    """A message that arrives in pieces is one when its line ends."""
    raw, end = socket.socketpair()
    channel = Channel(end)
    with raw:
        raw.sendall(b'{"a"')
        assert channel.receive() == ([], [], False)
        raw.sendall(b":1}\n")
        assert channel.receive() == ([{"a": 1}], [], False)
    assert channel.receive() == ([], [], True)
    channel.close()


def test_sockets_are_handed_over(ends):
    """A socket arrives as a descriptor of the same socket."""
    ours, theirs = ends
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours.send({"sockets": 1}, [listener])
        _, [descriptor], _ = theirs.receive()
        with socket.socket(fileno=descriptor) as received:
            assert received.getsockname() == listener.getsockname()


def test_the_end(ends):
    """A closed end is told, and what is sent to it is dropped."""
    ours, theirs = ends
    theirs.close()
    ours.send({"a": 1})
    assert ours.receive() == ([], [], True)


def test_message_without_end():
    """What is no message is not collected for ever."""
    raw, end = socket.socketpair()
    channel = Channel(end)
    with raw:
        for _ in range(4):
            raw.sendall(b"x" * 4096)
            channel.receive()
        raw.sendall(b"x")
        with pytest.raises(ValueError, match="too long"):
            channel.receive()
    channel.close()
