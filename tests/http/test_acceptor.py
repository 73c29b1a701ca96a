"""Accepting without TLS on asyncio's own loop; with TLS see test_tls."""

import asyncio
import errno
import logging
import socket

from areion_http import HttpServer

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def ask(address):
    reader, writer = await asyncio.open_connection(*address)
    writer.write(GET)
    data = await reader.read()
    writer.close()
    await writer.wait_closed()
    return data


def serve(client, **options):
    """Run a server and a client of it on one loop of asyncio's."""

    async def main():
        server = HttpServer(lambda request: "x", **{"port": 0, **options})
        serving = asyncio.ensure_future(server.start())
        while not server.addresses:
            await asyncio.sleep(0.001)
        try:
            return await client(server)
        finally:
            server.stop()
            await serving

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(main())


def test_accepting_goes_on_when_descriptors_are_free_again(monkeypatch, caplog):
    """Without any left nothing can be accepted; that is one line, and it is tried again later."""
    monkeypatch.setattr("areion_http._acceptor._PAUSE", 0.02)
    caplog.set_level(logging.WARNING)
    left = [3]
    accept = socket.socket.accept

    def failing(self):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)
    assert serve(lambda server: ask(server.addresses[0])).endswith(b"x")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["cannot accept connections for a while: Too many open files"] * 3


def test_a_socket_that_is_only_bound_is_listened_on():
    """What is handed over need not listen yet, nor be non-blocking."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    assert serve(lambda server: ask(server.addresses[0]), sockets=[bound]).endswith(b"x")


def test_many_at_once():
    """More than are accepted in one turn, and more than the backlog holds."""

    async def client(server):
        return await asyncio.gather(*(ask(server.addresses[0]) for _ in range(200)))

    assert all(data.endswith(b"x") for data in serve(client, backlog=50))
