"""A connection's transport: what is written, when reading and writing pause, and how it ends."""

import asyncio

import pytest
from areion_http import ClientDisconnectedError, HttpConfig
from areion_http._channel import _LINGER_BYTES, Channel
from areion_http._shared import Shared
from areion_http.testing import MemoryTransport


class Transport(MemoryTransport):
    """One that cannot half-close if told so, and counts what is written when nobody can get it."""

    half_closes = True
    lost_writes = 0

    def write(self, data):
        self.lost_writes += self.closing
        super().write(data)

    def can_write_eof(self):
        return self.half_closes


@pytest.fixture
async def channel():
    """A channel and its transport, of a client at a known address."""
    loop = asyncio.get_running_loop()
    one = Channel(Shared(lambda request: None, HttpConfig(), object, None, loop, tls=False))
    transport = Transport(one, {"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)})
    one.connection_made(transport)
    return one


async def test_who_is_at_its_ends(channel):
    """Addresses are pairs, and text for logs; IPv6 addresses in brackets; unix sockets have none."""
    assert (channel.client, channel.server, channel.peer) == (
        ("192.0.2.1", 5),
        ("192.0.2.2", 80),
        "192.0.2.1:5",
    )
    other = Channel(channel._shared)
    other.connection_made(
        MemoryTransport(other, {"peername": ("::1", 5, 0, 0), "sockname": ("::1", 80, 0, 0)})
    )
    assert (other.client, other.server, other.peer) == (("::1", 5), ("::1", 80), "[::1]:5")
    unix = Channel(channel._shared)
    unix.connection_made(MemoryTransport(unix, {"peername": "", "sockname": "/run/x"}))
    assert (unix.client, unix.server, unix.peer) == (None, None, "a unix socket")


async def test_the_listener_of_a_closed_connection_is_unknown(channel):
    """Asked too late, the answer is None and no error."""
    channel.connection_lost(None)
    assert channel.server is None
    assert channel.disconnected


@pytest.mark.parametrize("how", ["abort", "close"])
async def test_nothing_is_written_to_a_transport_that_is_closing(channel, how):
    """A client that has left is noticed by the first write; loops log each further one."""
    transport = channel._transport
    channel.write(b"a")
    channel.write_lines([b"b", b"c"])
    getattr(transport, how)()
    channel.write(b"d")
    channel.write_lines([b"e", b"f"])
    assert transport.written == b"abc"
    assert transport.lost_writes == 0


async def test_a_lost_connection_takes_anything(channel):
    """Whoever is late with a response need not ask first."""
    channel.connection_lost(None)
    channel.write(b"a")
    channel.write_lines([b"b"])
    channel.abort()
    channel._close(linger=True)
    channel._pause_reading()
    channel._resume_reading()
    assert channel.plain_socket() is None
    assert channel.write_paused


async def test_drain_waits_while_writing_is_paused(channel):
    """And not otherwise."""
    await channel.drain()
    channel.pause_writing()
    assert channel.write_paused
    waiting = asyncio.ensure_future(channel.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    channel.resume_writing()
    await waiting
    assert not channel.write_paused


async def test_drain_tells_that_the_client_has_left(channel):
    """Both who waits already, and who comes later."""
    channel.pause_writing()
    waiting = asyncio.ensure_future(channel.drain())
    await asyncio.sleep(0)
    channel.connection_lost(ConnectionResetError())
    for call in (waiting, channel.drain(), channel.flush()):
        with pytest.raises(ClientDisconnectedError):
            await call


async def test_a_drain_that_was_cancelled_is_not_woken(channel):
    """Resuming and losing the connection find nobody there, and go on."""
    for wake in (channel.resume_writing, lambda: channel.connection_lost(None)):
        channel.pause_writing()
        waiting = asyncio.ensure_future(channel.drain())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        wake()


async def test_flush_waits_for_the_last_byte(channel):
    """What goes past the transport must not overtake what is in it; the usual limits hold again afterwards."""
    transport = channel._transport
    transport.client_reads(False)
    channel.write(b"x" * 100)
    flushing = asyncio.ensure_future(channel.flush())
    await asyncio.sleep(0)
    transport.client_takes(99)
    await asyncio.sleep(0)
    assert not flushing.done()
    transport.client_takes(1)
    await flushing
    channel.write(b"x" * 100)
    assert not channel.write_paused


async def test_reading_is_paused_and_resumed_once(channel):
    """asyncio's transports before 3.13 count nothing, uvloop's complain: a second call is not made."""
    calls = []
    transport = channel._transport
    transport.pause_reading = lambda: calls.append("pause")
    transport.resume_reading = lambda: calls.append("resume")
    for call in (channel._resume_reading, *[channel._pause_reading] * 2, *[channel._resume_reading] * 2):
        call()
    assert calls == ["pause", "resume"]


async def test_the_end_without_lingering(channel):
    """The transport is closed when it has written all."""
    transport = channel._transport
    transport.client_reads(False)
    channel.write(b"last")
    channel._close(linger=False)
    assert transport.closing
    transport.client_reads(True)
    assert transport.written == b"last"


@pytest.mark.parametrize("half_closes", [True, False])
async def test_lingering_reads_on_up_to_a_bound(channel, half_closes):
    """The client is told the end where the transport can, and what it still sends is counted (RFC 9112 §9.6)."""
    transport = channel._transport
    transport.half_closes = half_closes
    channel._pause_reading()
    channel._close(linger=True)
    assert transport.half_closed == half_closes
    assert transport.taking
    channel._throw_away(_LINGER_BYTES)
    assert not transport.closing
    channel._throw_away(1)
    assert transport.aborted


async def test_nobody_lingers_for_a_client_that_has_closed_its_side(channel):
    """It sends no more."""
    channel._eof = True
    channel._close(linger=True)
    assert channel._transport.closing
    assert channel._lingering < 0
