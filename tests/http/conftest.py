"""Fixtures of the tests that speak to a server in memory."""

import asyncio
import logging

import pytest
from areion_http.testing import MemoryServer


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.DEBUG, "areion.http")
    return caplog


@pytest.fixture
async def serve():
    """Make servers, and see that nothing of them is left."""
    servers = []

    def make(handler, **options):
        servers.append(MemoryServer(handler, **options))
        return servers[-1]

    yield make
    for server in servers:
        await asyncio.wait_for(server.stop(), 10)
        assert server.connection_count == 0
    me = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not me and "test" not in repr(task.get_coro())]
    assert not left
