"""The connection in memory, as a server's protocol sees it."""

import asyncio

import pytest
from areion.testing._memory import MemoryStream


class Recorder(asyncio.Protocol):
    """Writes down what happens to it."""

    def __init__(self, stays_open=False):
        self.events = []
        self.stays_open = stays_open

    def connection_made(self, transport):
        self.transport = transport
        self.events.append("made")

    def data_received(self, data):
        self.events.append(len(data))

    def eof_received(self):
        self.events.append("eof")
        return self.stays_open

    def connection_lost(self, exc):
        self.events.append(("lost", type(exc)))

    def pause_writing(self):
        self.events.append("pause")

    def resume_writing(self):
        self.events.append("resume")


def connect(protocol):
    return MemoryStream(asyncio.get_running_loop(), protocol, {"peername": ("1.2.3.4", 5)})


async def turn():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_bytes_arrive_in_pieces():
    """A large message arrives in several reads, as through a socket."""
    protocol = Recorder()
    await connect(protocol).send(bytes(150_000))
    assert protocol.events == ["made", 65536, 65536, 18928]
    assert protocol.transport.get_extra_info("peername") == ("1.2.3.4", 5)


async def test_paused_server_makes_the_client_wait():
    """Nothing arrives while the server does not read."""
    protocol = Recorder()
    stream = connect(protocol)
    protocol.transport.pause_reading()
    assert not protocol.transport.is_reading()
    sending = asyncio.create_task(stream.send(b"abc"))
    await turn()
    assert protocol.events == ["made"]
    protocol.transport.resume_reading()
    await sending
    assert protocol.events == ["made", 3]


async def test_slow_client_pauses_the_server():
    """A server that writes more than the client reads is asked to pause, and later to go on."""
    protocol = Recorder()
    stream = connect(protocol)
    protocol.transport.write(bytes(200_000))
    assert protocol.events == ["made", "pause"]
    assert protocol.transport.get_write_buffer_size() > 0
    while stream.unread:
        await stream.receive(50_000)
    assert protocol.events == ["made", "pause", "resume"]


async def test_server_closes():
    """What was written can still be read; then comes the end, and sending fails."""
    protocol = Recorder()
    stream = connect(protocol)
    protocol.transport.write(b"bye")
    protocol.transport.close()
    protocol.transport.write(b"never sent")
    await turn()
    assert protocol.events == ["made", ("lost", type(None))]
    assert [await stream.receive(10), await stream.receive(10)] == [b"bye", b""]
    with pytest.raises(BrokenPipeError):
        await stream.send(b"x")


@pytest.mark.parametrize("stays_open", [False, True])
async def test_client_closes(stays_open):
    """The server sees an end of file; one that goes on writing finds the connection lost."""
    protocol = Recorder(stays_open)
    stream = connect(protocol)
    stream.close()
    stream.close()
    await turn()
    if stays_open:
        assert protocol.events == ["made", "eof"]
        protocol.transport.write(b"still there?")
        await turn()
        assert protocol.events[2:] == [("lost", ConnectionResetError)]
    else:
        assert protocol.events == ["made", "eof", ("lost", type(None))]


async def test_half_closed_server_still_reads():
    """After write_eof the client sees the end, and what it sends still arrives."""
    protocol = Recorder()
    stream = connect(protocol)
    protocol.transport.write_eof()
    assert await stream.receive(1) == b""
    await stream.send(b"xy")
    assert protocol.events == ["made", 2]


async def test_closing_wakes_a_waiting_client():
    """A client that waits to send, or to receive, is woken when the server closes."""
    protocol = Recorder()
    stream = connect(protocol)
    protocol.transport.pause_reading()
    sending, receiving = asyncio.create_task(stream.send(b"x")), asyncio.create_task(stream.receive(1))
    await turn()
    protocol.transport.abort()
    assert await receiving == b""
    with pytest.raises(BrokenPipeError):
        await sending


async def test_protocol_that_fails_loses_its_connection():
    """An exception out of data_received is reported to the loop, and the connection dropped."""

    class Failing(Recorder):
        def data_received(self, data):
            raise ZeroDivisionError

    reported = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: reported.append(context["exception"])
    )
    protocol = Failing()
    await connect(protocol).send(b"x")
    await turn()
    assert [type(error) for error in reported] == [ZeroDivisionError]
    assert protocol.events == ["made", ("lost", type(None))]
