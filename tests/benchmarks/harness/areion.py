"""Areion's connections without a listener: the protocols that its servers make, for a given loop."""

import asyncio
from collections.abc import Callable
from typing import Any

from areion import AreionServer, DefaultRouter
from areion_http import HttpRequest, HttpResponse, HttpServer
from areion_http._connection import HttpConnection
from areion_http._shared import Shared
from areion_http.config import HttpConfig

from harness.inmemory import ProtocolFactory

# Connections in memory are not closed: what that costs is measured over the wire.
CONFIG = HttpConfig(max_requests_per_connection=10**9)


def connections_of(loop: asyncio.AbstractEventLoop, handler: Callable[[Any], Any]) -> ProtocolFactory:
    """Return what makes connections of areion-http with this handler."""
    shared = Shared(handler, CONFIG, HttpRequest, None, loop, tls=False)
    return lambda: HttpConnection(shared)


async def answer(request: HttpRequest) -> HttpResponse:
    """Answer as the wire benchmark's application does."""
    if request.declared_length:
        return HttpResponse({"items": len((await request.json())["items"])})
    return HttpResponse({"message": "Hello, World!"})


def answer_sync(request: HttpRequest) -> HttpResponse:
    """Answer without a coroutine."""
    return HttpResponse({"message": "Hello, World!"})


def areion_http_factories(loop: asyncio.AbstractEventLoop) -> dict[str, ProtocolFactory]:
    """Return areion-http's protocols by name."""
    return {
        "areion_http, async handler": connections_of(loop, answer),
        "areion_http, sync handler": connections_of(loop, answer_sync),
    }


def router() -> DefaultRouter:
    """Return the routes of the wire benchmark's application that take no time of their own."""
    routes = DefaultRouter()

    @routes.get("/json")
    async def json_(request: HttpRequest) -> dict[str, str]:
        return {"message": "Hello, World!"}

    @routes.get("/sync")
    def sync(request: HttpRequest) -> dict[str, str]:
        return {"message": "Hello, World!"}

    @routes.get("/users/:id")
    async def user(request: HttpRequest, id: str) -> dict[str, str]:
        return {"id": id}

    @routes.post("/items")
    async def items(request: HttpRequest) -> dict[str, int]:
        return {"items": len((await request.json())["items"])}

    return routes


def areion_factory(loop: asyncio.AbstractEventLoop) -> ProtocolFactory:
    """Return what makes the connections of a whole Areion server.

    The server is started with an HTTP part that listens nowhere and keeps what it was given.
    """
    made: list[HttpServer] = []

    class NotListening(HttpServer):
        async def start(self) -> None:
            made.append(self)

    loop.run_until_complete(AreionServer(router=router(), http_server=NotListening).start())
    http = made[0]
    shared = Shared(http.handler, CONFIG, http.request_class, http.on_error, loop, tls=False)
    return lambda: HttpConnection(shared)
