"""Areion's connections without a listener: the protocols that its servers make, for a given loop."""

import asyncio
from collections.abc import Callable
from typing import Any

from areion_http import HttpRequest, HttpResponse
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
