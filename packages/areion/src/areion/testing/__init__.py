"""Test an application in memory: real parser, connection, dispatcher and serializer, no sockets. Needs httpx."""

from areion.testing.client import AsyncTestClient, TestClient
from areion.testing.transport import AreionTransport, BlockedLoopError

__all__ = ["AreionTransport", "AsyncTestClient", "BlockedLoopError", "TestClient"]
