"""An application that shows what clients do, and the two ways to it: in memory, and over a socket."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from areion import AreionServer, AreionServerBuilder, DefaultRouter
from areion.testing import TestClient

Connect = Callable[..., httpx.Client]


def serve(stack: ExitStack, server: AreionServer) -> str:
    """Run a server in a thread until the stack is left; its URL."""
    thread = threading.Thread(target=server.run)
    thread.start()
    stack.callback(thread.join, 30)
    stack.callback(server.stop)
    assert server.wait_listening(30)
    assert server.url is not None
    return server.url


@pytest.fixture(params=["memory", "socket"])
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Start an application and return an httpx client for it; once in memory, once over a socket."""
    with ExitStack() as stack:

        def in_memory(app: AreionServerBuilder | DefaultRouter, **options) -> httpx.Client:
            return stack.enter_context(TestClient(app, raise_server_exceptions=False, **options))

        def over_socket(app: AreionServerBuilder | DefaultRouter, **options) -> httpx.Client:
            builder = app if isinstance(app, AreionServerBuilder) else AreionServerBuilder().with_router(app)
            url = serve(stack, builder.with_host("127.0.0.1").with_port(0).build())
            return stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30, **options))

        yield in_memory if request.param == "memory" else over_socket
