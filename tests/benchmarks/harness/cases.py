"""What `hotpath.py` times: whole protocols, and the parts that a request passes."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from areion_http import HttpRequest, HttpResponse
from areion_http.config import HttpConfig

from harness.areion import answer, areion_factory, areion_http_factories, connections_of
from harness.inmemory import Connections, ProtocolFactory
from harness.messages import PARAM, PIPELINED, POST, SMALL, SYNC, browser_messages

BROWSER = browser_messages()
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: areion\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n"
    b'Content-Type: application/json\r\nContent-Length: 27\r\n\r\n{"message":"Hello, World!"}'
)


@dataclass(frozen=True)
class Case:
    """One thing to time.

    Attributes:
        name: As printed.
        run: Takes a number of requests, returns the nanoseconds per request.
    """

    name: str
    run: Callable[[int], float]


class WrongAnswerError(Exception):
    """A protocol did not answer what it was fed, so its time means nothing."""


class Constant(asyncio.Protocol):
    """The floor: answers constant bytes to whatever arrives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]  # a stream's transport always writes

    def data_received(self, data: bytes) -> None:
        self.write(ANSWER)


def all_cases(loop: asyncio.AbstractEventLoop) -> Iterator[Case]:
    """Give every case whose modules are installed."""
    yield protocol_case(loop, "constant answer", Constant, [SMALL])
    areion = areion_factory(loop)
    yield protocol_case(loop, "areion, async handler, small", areion, [SMALL])
    yield protocol_case(loop, "areion, sync handler, small", areion, [SYNC])
    yield protocol_case(loop, "areion, async handler, browser", areion, BROWSER)
    yield protocol_case(loop, "areion, async handler, path parameter", areion, [PARAM])
    yield protocol_case(loop, "areion, async handler, 16 pipelined", areion, [PIPELINED], depth=16)
    yield protocol_case(loop, "areion, async handler, POST 1 kB", areion, [POST])
    for name, factory in areion_http_factories(loop).items():
        yield protocol_case(loop, f"{name}, small", factory, [SMALL])
        yield protocol_case(loop, f"{name}, browser", factory, BROWSER)
        yield protocol_case(loop, f"{name}, 16 pipelined", factory, [PIPELINED], depth=16)
    yield protocol_case(loop, "areion_http, async handler, POST 1 kB", connections_of(loop, answer), [POST])
    yield from parser_cases()
    yield from request_cases()
    yield from serializer_cases()


def protocol_case(
    loop: asyncio.AbstractEventLoop,
    name: str,
    factory: ProtocolFactory,
    messages: Sequence[bytes],
    depth: int = 1,
) -> Case:
    """Return a case that feeds whole messages, each of ``depth`` requests, to connections in memory."""
    check_answers(loop, name, factory, messages[0], depth)
    connections = Connections(loop, factory, messages)

    def run(requests: int) -> float:
        turns = max(1, requests // (len(connections.transports) * depth))
        before = connections.written()
        spent = connections.run(turns)
        fed = turns * len(connections.transports) * depth
        if connections.written() - before < fed * 20:
            raise WrongAnswerError(f"{name}: {connections.written() - before} bytes for {fed} requests")
        return spent / fed

    return Case(name, run)


def check_answers(
    loop: asyncio.AbstractEventLoop, name: str, factory: ProtocolFactory, message: bytes, depth: int
) -> None:
    """Feed one message to one connection and look at the answer.

    Raises:
        WrongAnswerError: When it is not ``depth`` times 200.
    """
    one = Connections(loop, factory, [message], count=1)
    one.run(1)
    answer = bytes(one.transports[0].last)
    if answer.count(b"HTTP/1.1 200 OK\r\n") != depth:
        raise WrongAnswerError(f"{name}: {answer[:200]!r} for {message[:80]!r}")


def loop_case(name: str, function: Callable[[Any], object], arguments: Sequence[Any]) -> Case:
    """Return a case that calls a function with each argument in turn."""

    def run(requests: int) -> float:
        times = max(1, requests // len(arguments))
        began = time.process_time_ns()
        for _ in range(times):
            for argument in arguments:
                function(argument)
        return (time.process_time_ns() - began) / (times * len(arguments))

    return Case(name, run)


def parser_cases() -> Iterator[Case]:
    """Give the heads of two kinds to each parser that is installed."""
    kinds = {"small": [SMALL] * 100, "browser": BROWSER}
    for kind, messages in kinds.items():
        yield loop_case(f"parser, {kind}", areion_parser(), messages)
        if find_spec("httptools"):
            yield loop_case(f"httptools with callbacks, {kind}", httptools_parser(), messages)
        if find_spec("h11"):
            yield loop_case(f"h11, {kind}", h11_parser(), messages)


def areion_parser() -> Callable[[bytes], HttpRequest]:
    from areion_http._parser import HeadParser

    return HeadParser(HttpConfig(), HttpRequest).parse


def request_cases() -> Iterator[Case]:
    """Parse a browser's head and look at one thing of it: what a handler pays for asking first."""
    parse = areion_parser()
    looks: dict[str, Callable[[HttpRequest], object]] = {
        "path": lambda request: request.path,
        "get_header": lambda request: request.get_header("user-agent"),
        "cookies": lambda request: request.cookies,
        "query_params": lambda request: request.query_params,
    }
    for name, look in looks.items():
        yield loop_case(f"parser, browser, then {name}", lambda data, look=look: look(parse(data)), BROWSER)


def serializer_cases() -> Iterator[Case]:
    """Render the answer of the wire benchmark."""
    from areion_http._serializer import Serializer

    serializer = Serializer()
    payload = b'{"message":"Hello, World!"}'
    yield loop_case(
        "serializer, no fields",
        lambda body: serializer.simple(200, "application/json", body),
        [payload] * 100,
    )
    response = HttpResponse(payload, headers={"X-Request-Id": "0123456789abcdef"})
    yield loop_case(
        "serializer, one field", lambda body: serializer.response(response, body), [payload] * 100
    )
    yield loop_case("HttpResponse(dict)", HttpResponse, [{"message": "Hello, World!"}] * 100)


def httptools_parser() -> Callable[[bytes], object]:
    import httptools

    class Callbacks:
        def __init__(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []

        def on_url(self, url: bytes) -> None:
            self.url = url

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name.lower(), value))

    def parse(data: bytes) -> object:
        callbacks = Callbacks()
        parser = httptools.HttpRequestParser(callbacks)
        parser.feed_data(data)
        return parser.get_method(), parser.should_keep_alive()

    return parse


def h11_parser() -> Callable[[bytes], object]:
    import h11

    def parse(data: bytes) -> object:
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(data)
        return connection.next_event()

    return parse
