"""The contract suite, over the default router and over a stranger's."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import pytest
from areion_router import (
    BaseRouter,
    MethodNotAllowedError,
    NotFoundError,
    Router,
    compose,
    is_async_callable,
)
from areion_router.testing import RouterContract, drive


class ListRouter(BaseRouter):
    """The least that a stranger would write: a list of routes, in order of their number of parameters."""

    def __init__(self):
        self.table = []

    def add_route(self, path, handler, methods=("GET",), middlewares=None, **options):
        endpoint = compose(handler, middlewares or ())
        self.table.append((path.strip("/").split("/"), tuple(methods), endpoint))
        self.table.sort(key=lambda entry: sum(part.startswith(":") for part in entry[0]))

    def get_handler(self, method, path):
        parts = [unquote(part) for part in path.strip("/").split("/")]
        allowed = []
        for pattern, methods, endpoint in self.table:
            params = self.match(pattern, parts)
            if params is None:
                continue
            if method in methods or (method == "HEAD" and "GET" in methods):
                return endpoint, params, is_async_callable(endpoint)
            allowed += methods
        raise MethodNotAllowedError(method, path, tuple(allowed)) if allowed else NotFoundError(path)

    @staticmethod
    def match(pattern, parts):
        if len(pattern) != len(parts):
            return None
        pairs = list(zip(pattern, parts, strict=True))
        if any(part != text for part, text in pairs if not part.startswith(":")):
            return None
        return {part[1:]: text for part, text in pairs if part.startswith(":")}


class TestDefaultRouter(RouterContract):
    """The default keeps the contract."""

    def make_router(self):
        return Router()


class TestDefaultGroup(RouterContract):
    """A group is a router, too."""

    def make_router(self):
        return Router().group("")


class TestStrangersRouter(RouterContract):
    """A class that implements just the two abstract methods keeps it, too."""

    def make_router(self):
        return ListRouter()


def test_the_suite_finds_faults():
    """A router that breaks a promise fails the test of that promise."""

    class Forgetful(ListRouter):
        def get_handler(self, method, path):
            handler, _, is_async = super().get_handler(method, path)
            return handler, {}, is_async

    class Suite(RouterContract):
        def make_router(self):
            return Forgetful()

    Suite().test_a_static_path()
    with pytest.raises(AssertionError):
        Suite().test_parameters()

    class Generous(ListRouter):
        def get_handler(self, method, path):
            return (lambda request: None), {}, False

    Suite.make_router = lambda self: Generous()
    with pytest.raises(AssertionError, match="expected NotFoundError, got"):
        Suite().test_an_unknown_path()


def test_drive_refuses_to_wait():
    """A coroutine that really waits needs an event loop."""

    async def waits():
        await asyncio.sleep(0)

    with pytest.raises(AssertionError, match="waits for something"):
        drive(waits())
