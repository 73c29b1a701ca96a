"""The optional hooks of BaseRouter have defaults that work."""

from __future__ import annotations

import pytest
from areion_router import BaseRouter, NotFoundError


class Minimal(BaseRouter):
    def add_route(self, path, handler, methods=("GET",), middlewares=None, **options):
        raise AssertionError("not called")

    def get_handler(self, method, path):
        if path == "/known" and method in ("PUT", "GET"):
            return print, {}, False
        raise NotFoundError(path)


def test_the_two_abstract_methods_are_required():
    """A class without them cannot be instantiated."""
    with pytest.raises(TypeError, match="add_route"):
        BaseRouter()


def test_the_two_abstract_methods_are_enough():
    """Everything else has a default."""
    router = Minimal()
    assert router.get_allowed_methods("/known") == ["GET", "PUT"]
    assert router.get_allowed_methods("/unknown") == []
    assert router.routes == ()
    assert router.global_middlewares == ()
    assert router.freeze() is None
