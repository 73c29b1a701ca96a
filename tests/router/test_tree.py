"""The compiled form: cost and bounds, measured in nodes and steps."""

from __future__ import annotations

import sys

import pytest
from areion_router import NotFoundError, Router


def lines_executed(function, *arguments):
    """How many lines of this package a call executes: a measure of work that no noise disturbs."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        count += event == "line" and "areion_router" in frame.f_code.co_filename
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    except NotFoundError:
        pass
    finally:
        sys.settrace(old)
    return count


def table(size):
    router = Router()
    for number in range(size):
        router.add_route(f"/static/page{number}", print)
        router.add_route(f"/things{number}/:id/parts/:part", print)
        router.add_route(f"/typed{number}/:id<int>/*rest", print)
    router.add_route("/:user/:repo", print)
    router.freeze()
    return router


@pytest.mark.parametrize(
    "path",
    [
        "/static/page1",
        "/things1/2/parts/3",
        "/typed1/2/3/4",
        "/someone/thing",
        "/no/such/path",
        "/typed1/x/y",
    ],
)
def test_cost_does_not_grow_with_the_number_of_routes(path):
    """A look-up takes the same steps among 9 routes as among 3,001."""
    small, large = table(3), table(1_000)
    assert lines_executed(small.get_handler, "GET", path) == lines_executed(large.get_handler, "GET", path)


def count_nodes(node, seen):
    if id(node) in seen:
        return
    seen[id(node)] = node
    ways = [*node.static.values(), node.otherwise, node.plain, *(way for _, _, way in node.typed)]
    for way in ways:
        if way is not None:
            count_nodes(way, seen)


def nodes_of(router):
    seen = {}
    for node in router._compile().forest.by_size.values():
        count_nodes(node, seen)
    return len(seen)


def test_static_beside_parameters_stays_small():
    """Hundreds of static texts beside hundreds of patterns that begin with a parameter: no explosion of nodes."""
    router = Router()
    for number in range(300):
        router.add_route(f"/fixed{number}/:x", print)
        router.add_route(f"/:x/own{number}", print)
    assert nodes_of(router) < 3_000
    assert router.explain("GET", "/fixed7/own8").route.path == "/fixed7/:x"
    assert router.get_handler("GET", "/fixed7/own8").path_params == {"x": "own8"}
    assert router.get_handler("GET", "/other/own8").path_params == {"x": "other"}


def test_deep_patterns():
    """A pattern may have more segments than Python has room for recursion in a look-up."""
    router = Router()
    deep = "/".join(f":p{number}<int>" for number in range(200))
    router.add_route(deep, print)
    path = "/" + "/".join(map(str, range(200)))
    assert len(router.get_handler("GET", path).path_params) == 200
    with pytest.raises(NotFoundError):
        router.get_handler("GET", path + "/x")
    with pytest.raises(NotFoundError):
        router.get_handler("GET", "/a" * 100_000)
