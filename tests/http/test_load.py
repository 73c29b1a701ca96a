"""Many clients and slow ones, over real sockets: memory stays bounded, and nobody waits for anybody else."""

import asyncio
import contextlib
import resource
import socket
import time
import tracemalloc

import pytest
from areion_http import HttpConfig, HttpResponse

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
IDLE = 1000
MIB = 1 << 20


@pytest.fixture
def descriptors():
    """Room for both ends of all connections, within what the system allows at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * IDLE + 200
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def until_steady(measure):
    """Return a number when it has stayed the same for a while."""
    seen, since = measure(), time.monotonic()
    while time.monotonic() - since < 0.2:
        time.sleep(0.02)
        if (now := measure()) != seen:
            seen, since = now, time.monotonic()
    return seen


def answer(sock):
    """Read one small answer."""
    data = b""
    while not data.endswith(b"\r\n\r\nx"):
        piece = sock.recv(65_536)
        assert piece
        data += piece
    return data


@pytest.mark.parametrize("asked", [False, True], ids=["never asked", "asked before"])
def test_a_thousand_idle_connections(live, descriptors, asked):
    """They cost little memory, others are served meanwhile, and a stop closes them all at once."""
    one = live(lambda request: "x")
    busy = one.connect()
    busy.sendall(GET)
    assert answer(busy)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    idle = [one.connect() for _ in range(IDLE)]
    if asked:
        for sock in idle:
            sock.sendall(GET)
        for sock in idle:
            assert answer(sock)
    assert until_steady(lambda: one.server.connection_count) == IDLE + 1
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # With the client's socket object in it.
    assert (after - before) / IDLE < 8_000
    for _ in range(100):
        busy.sendall(GET)
        assert answer(busy)
    began = time.monotonic()
    one.server.stop()
    one.thread.join(10)
    assert time.monotonic() - began < 5
    assert all(sock.recv(1) == b"" for sock in idle)


def slow_reader(one):
    """A client that asks, and reads nothing; the system holds little for it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(one.server.addresses[0])
    one.sockets.append(sock)
    sock.sendall(GET)
    return sock


def test_a_stream_stops_for_a_reader_that_takes_nothing(live):
    """Of gigabytes only what fits into the buffers is made; then the iterator waits, until it is closed."""
    made, closed = [0], []

    def pieces():
        try:
            while made[0] < 4096:
                made[0] += 1
                yield b"x" * MIB
        finally:
            closed.append(True)

    one = live(lambda request: HttpResponse(pieces()) if request.path == "/" else "x")
    sock = slow_reader(one)
    assert until_steady(lambda: made[0]) < 32
    other = one.connect()
    other.sendall(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer(other)
    sock.close()
    while not closed:
        time.sleep(0.01)


def test_a_large_payload_is_handed_over_in_slices(live):
    """The transport holds a little of it, and the rest lies where the handler has it."""
    payload = b"x" * (16 * MIB)
    one = live(lambda request: payload)
    sock = slow_reader(one)

    def held():
        return sum(
            0 if c._transport is None else c._transport.get_write_buffer_size()
            for c in tuple(one.server._shared.connections)
        )

    assert until_steady(held) < MIB
    left = len(payload)
    head, _, body = sock.recv(4096).partition(b"\r\n\r\n")
    assert f"Content-Length: {left}".encode() in head
    left -= len(body)
    while left:
        piece = sock.recv(MIB)
        assert piece
        left -= len(piece)


def test_a_reader_that_takes_nothing_is_dropped(live, log):
    """After write_timeout, with a line that says so; its response is not waited for at the stop."""
    one = live(lambda request: b"x" * (8 * MIB), config=HttpConfig(write_timeout=0.1))
    sock = slow_reader(one)
    until_steady(lambda: one.server.connection_count)
    while one.server.connection_count:
        time.sleep(0.01)
    read = 0
    with contextlib.suppress(ConnectionError):
        while piece := sock.recv(MIB):
            read += len(piece)
    assert read < 8 * MIB
    assert any("takes nothing of its response" in record.getMessage() for record in log.records)


def test_uploads_wait_for_a_handler_that_does_not_read(live):
    """Of a body of 16 MiB, max_read_ahead is taken, and what the system holds; the client waits with the rest."""
    release = []

    async def handler(request):
        while not release:
            await asyncio.sleep(0.01)
        return str(len(await request.read()))

    one = live(handler, read_body=False)
    sock = one.connect()
    sock.sendall(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (16 * MIB)
    )
    sock.setblocking(False)
    left = 16 * MIB
    stuck = time.monotonic()
    while left and time.monotonic() - stuck < 0.3:
        try:
            left -= sock.send(b"x" * min(left, 65_536))
            stuck = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    assert left > 4 * MIB
    (connection,) = one.server._shared.connections
    assert connection._incoming._held < MIB
    release.append(True)
    sock.settimeout(10)
    sock.sendall(b"x" * left)
    data = b""
    while piece := sock.recv(65_536):
        data += piece
    assert data.endswith(str(16 * MIB).encode())
