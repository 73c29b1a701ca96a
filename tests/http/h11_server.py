"""An HTTP server of another make: h11 speaks, and all else was written from the docstring of ``BaseHttpServer``.

It keeps to public names. Tests of areion-http hold it against the contract, tests of areion run applications on it.
"""

import asyncio
import inspect
import logging
import sys

import h11
from areion_http import (
    BaseHttpServer,
    Client,
    FileBody,
    HttpConfig,
    HttpError,
    HttpRequest,
    HttpResponse,
    ListenError,
    PayloadTooLargeError,
    UnsendableError,
)
from areion_http.request import ConnectionInfo
from areion_http.response import BodyStream, encode_body

log = logging.getLogger("h11_server")
OURS = {"content-length", "transfer-encoding", "connection"}


class Info(ConnectionInfo):
    """What a request asks of its connection."""

    def __init__(self, client):
        self.client = client


class H11Server(BaseHttpServer):
    """One request at a time on each connection; no pipelining, no TLS."""

    def __init__(
        self,
        handler,
        *,
        host="127.0.0.1",
        port=8080,
        config=None,
        request_class=HttpRequest,
        on_error=None,
        read_body=True,
        on_listening=None,
    ):
        self.handler = handler
        self.host, self.port = host or None, port
        self.config = config or HttpConfig()
        self.request_class = _pulled(request_class, self.config.max_body_size)
        self.on_error = on_error or _answer_error
        self.read_body = read_body
        self.on_listening = on_listening or (lambda: None)
        self.addresses = []
        self.stop_requested = False
        self.loop = None
        self.busy = {}  # the task of each connection, and whether it has a request

    def run(self):
        try:
            asyncio.run(self.start())
        except ListenError as error:
            sys.stderr.write(f"{error.strerror}\n")
            sys.exit(1)

    def stop(self):
        self.stop_requested = True
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.stopping.set)

    async def start(self):
        self.stopping = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        if self.stop_requested:
            self.stopping.set()
        try:
            server = await asyncio.start_server(self.converse, self.host, self.port)
        except OSError as error:
            raise ListenError(error.errno, f"cannot listen on {self.host}:{self.port}: {error}") from None
        try:
            self.addresses = [listener.getsockname()[:2] for listener in server.sockets]
            self.on_listening()
            await self.stopping.wait()
        finally:
            server.close()
            self.loop, self.addresses = None, []
            for task, is_busy in self.busy.items():
                if not is_busy:
                    task.cancel()
            if self.busy:
                _, late = await asyncio.wait(set(self.busy), timeout=self.config.shutdown_timeout)
                for task in late:
                    task.cancel()

    async def converse(self, reader, writer):
        task = asyncio.current_task()
        self.busy[task] = False
        exchange = Exchange(self, reader, writer)
        try:
            while not self.stopping.is_set() and await exchange.run():
                self.busy[task] = False
                exchange.connection.start_next_cycle()
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            del self.busy[task]
            writer.close()


class Exchange:
    """One request and its response, and the next."""

    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.connection = h11.Connection(h11.SERVER, server.config.max_head_size)
        self.request = None

    async def run(self):
        """Answer one request; tell whether another may follow."""
        self.request = None
        try:
            head = await self.event(self.server.config.keep_alive_timeout)
            if not isinstance(head, h11.Request):
                return False
            self.server.busy[asyncio.current_task()] = True
            self.request = self.make_request(head)
        except (h11.RemoteProtocolError, ValueError) as error:
            await self.send(HttpResponse(str(error), getattr(error, "error_status_hint", 400)))
            return False
        try:
            # A task of its own, for a context of its own.
            await self.send(await asyncio.create_task(self.answer()))
        finally:
            self.request.close()
        return self.connection.our_state is self.connection.their_state is h11.DONE

    async def event(self, timeout):
        while (event := self.connection.next_event()) is h11.NEED_DATA:
            if self.connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                self.writer.write(self.connection.send(go_on))
            async with asyncio.timeout(timeout):
                self.connection.receive_data(await self.reader.read(65536))
        return event

    def make_request(self, head):
        fields = [(name.decode(), value.decode("latin-1")) for name, value in head.headers]
        request = self.server.request_class(head.method.decode(), head.target.decode(), fields)
        request.connection = Info(Client(*self.writer.get_extra_info("peername")[:2]))
        request.declared_length = int(request.get_header("content-length", "0"))
        if request.get_header("transfer-encoding"):
            request.declared_length = -1
        if request.declared_length:
            request.source = self.body()
        return request

    async def body(self):
        while isinstance(event := await self.event(self.server.config.body_grace), h11.Data):
            yield bytes(event.data)

    async def answer(self):
        """Return a response, whatever comes of the request."""
        request = self.request
        try:
            if self.server.read_body:
                await request.read()
            return await _as_response(self.server.handler(request))
        except Exception as error:
            return await self.answer_error(error)

    async def answer_error(self, error):
        try:
            return await _as_response(self.server.on_error(self.request, error))
        except Exception:
            log.exception("answering an error failed")
            return HttpResponse("Internal Server Error", 500)

    async def send(self, response):
        body, delivery = response.body, None
        status, fields = response.status_code, response.headers.pairs()
        if isinstance(body, FileBody):
            try:
                delivery = await asyncio.to_thread(
                    body.open, self.request.method, self.request.headers, status=status
                )
            except Exception as error:
                await self.send(await self.answer_error(error))
                return
            named = {name.lower() for name, _ in delivery.headers}
            fields = [*delivery.headers, *(pair for pair in fields if pair[0].lower() not in named)]
            status, length, chunks = delivery.status, delivery.content_length, _pieces(delivery)
        elif isinstance(body, BodyStream):
            length, chunks = None, body.chunks
        else:
            try:
                payload = response.encode()
            except TypeError as error:
                await self.send(await self.answer_error(UnsendableError(response, error)))
                return
            length, chunks = len(payload), iter([payload])
        try:
            await self.write(status, fields, length, chunks)
        except Exception:
            self.writer.transport.abort()
            raise
        finally:
            if delivery is not None:
                delivery.close()
            if (
                isinstance(body, BodyStream)
                and body.close is not None
                and inspect.isawaitable(done := body.close())
            ):
                await done

    async def write(self, status, fields, length, chunks):
        fields = [pair for pair in fields if pair[0].lower() not in OURS]
        bodiless = status < 200 or status in {204, 304}
        if length is not None and not bodiless:
            fields.append(("Content-Length", str(length)))
        if self.server.stopping.is_set() or self.connection.their_state is h11.SEND_BODY:
            fields.append(("Connection", "close"))
        self.writer.write(self.connection.send(h11.Response(status_code=status, headers=fields)))
        if not bodiless and (self.request is None or self.request.method != "HEAD"):
            async for piece in _each(chunks):
                if data := encode_body(piece):
                    self.writer.write(self.connection.send(h11.Data(data=data)))
                    await self.writer.drain()
        self.writer.write(self.connection.send(h11.EndOfMessage()))
        await self.writer.drain()


def _pulled(request_class, default_limit):
    """A request whose body is read from ``source``, an iterator of pieces, when the handler asks for it."""

    class Pulled(request_class):
        source = None
        most = default_limit

        @property
        def body_arrived(self):
            return self.source is None

        def limit_body(self, limit):
            super().limit_body(limit)
            self.most = limit

        async def stream(self, limit=None):
            if self.source is None:
                async for piece in super().stream(limit):
                    yield piece
                return
            limit = self.most if limit is None else limit
            size = max(self.declared_length, 0)
            if size > limit:
                raise PayloadTooLargeError
            size = 0
            async for piece in self.source:
                size += len(piece)
                if size > limit:
                    raise PayloadTooLargeError
                yield piece

        async def read(self, limit=None):
            if self.source is not None:
                self.body = b"".join([piece async for piece in self.stream(limit)])
                self.source = None
            return await super().read(limit)

    return Pulled


async def _as_response(value):
    if inspect.isawaitable(value):
        value = await value
    if isinstance(value, HttpResponse):
        return value
    try:
        return HttpResponse(value)
    except (TypeError, ValueError) as error:
        raise UnsendableError(value, error) from error


def _answer_error(request, error):
    if isinstance(error, HttpError):
        return HttpResponse(error.message, error.status_code, "text/plain", error.headers)
    log.error("the handler failed", exc_info=error)
    return HttpResponse("Internal Server Error", 500)


def _pieces(delivery):
    for segment in delivery.segments:
        if isinstance(segment, bytes):
            yield segment
            continue
        offset, count = segment
        delivery.file.seek(offset)
        while count:
            piece = delivery.file.read(min(count, 65536))
            if not piece:
                raise OSError("the file became shorter")
            count -= len(piece)
            yield piece


async def _each(chunks):
    if hasattr(chunks, "__anext__"):
        async for piece in chunks:
            yield piece
    else:
        for piece in chunks:
            yield piece
