"""The floor: a bare `asyncio.Protocol` that answers constant bytes of the size that Areion answers.

Usage: raw_loop.py uvloop|asyncio SCENARIO. No parsing, no routing:
only what any server on that loop must pay.
"""

import asyncio
import sys
from collections.abc import Callable

from shared import CHUNK, CHUNK_COUNT, FILE, HOST, PORT

HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: areion\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
)
END_OF_HEAD = b"\r\n\r\n"
UPLOAD_SIZE = 1_048_576


def _with_body(body: bytes, fields: bytes = b"") -> bytes:
    return HEAD + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


JSON = _with_body(b'{"message":"Hello, World!"}')


class Constant(asyncio.Protocol):
    """One answer for each arrival: every scenario in which a request fits one read."""

    answer = JSON

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]  # a socket's transport always writes

    def data_received(self, data: bytes) -> None:
        self.write(self.answer)


class Param(Constant):
    answer = _with_body(b'{"id":"123"}')


class Post(Constant):
    answer = _with_body(b'{"items":15}')


class Download(Constant):
    answer = _with_body(FILE.read_bytes())


class Stream(Constant):
    answer = (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"4000\r\n%s\r\n" % CHUNK * CHUNK_COUNT + b"0\r\n\r\n"
    )


class Pipelined(Constant):
    """As many answers as heads arrived, in one write; a head that is split waits for its rest."""

    held = b""

    def data_received(self, data: bytes) -> None:
        if self.held:
            data = self.held + data
            self.held = b""
        if not data.endswith(END_OF_HEAD):
            whole = data.rfind(END_OF_HEAD) + len(END_OF_HEAD)
            data, self.held = (data[:whole], data[whole:]) if whole >= len(END_OF_HEAD) else (b"", data)
        count = data.count(END_OF_HEAD)
        if count:
            self.write(JSON * count)


class Upload(Constant):
    """Counts the bytes of a body of known size, and answers when all have arrived."""

    answer = _with_body(b'{"size":1048576}')
    missing = 0

    def data_received(self, data: bytes) -> None:
        if not self.missing:
            self.missing = data.index(END_OF_HEAD) + len(END_OF_HEAD) + UPLOAD_SIZE
        self.missing -= len(data)
        if not self.missing:
            self.write(self.answer)


class Close(Constant):
    answer = _with_body(b'{"message":"Hello, World!"}', b"Connection: close\r\n")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.close = transport.close

    def data_received(self, data: bytes) -> None:
        self.write(self.answer)
        self.close()


PROTOCOLS: dict[str, Callable[[], asyncio.Protocol]] = {
    "param": Param,
    "post": Post,
    "download": Download,
    "stream": Stream,
    "pipeline": Pipelined,
    "upload": Upload,
    "close": Close,
}


async def main(protocol: Callable[[], asyncio.Protocol]) -> None:
    server = await asyncio.get_running_loop().create_server(protocol, HOST, PORT, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    loop_name, scenario = sys.argv[1:3]
    if loop_name == "uvloop":
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    run(main(PROTOCOLS.get(scenario, Constant)))
