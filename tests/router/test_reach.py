"""unreachable_routes: what can never match, and why."""

from __future__ import annotations

import pytest
from areion_router import Converter, Router


def test_ordinary_tables_have_none():
    """Narrow beside wide patterns, methods beside each other, and catch-alls hide nothing."""
    router = Router()
    for pattern in (
        "/",
        "/a",
        "/:x",
        "/:x<int>",
        "/:x<float>",
        "/:x<uuid>",
        "/*rest",
        "/a/:x/b",
        "/a/:x/*rest",
        "/:x/:y/b",
    ):
        router.add_route(pattern, print)
    router.add_route("/a/:x/c", print, "POST")
    assert router.unreachable_routes() == ()


def test_a_converter_that_takes_everything():
    """A plain parameter behind a converter that takes any text is named, with what hides it."""
    router = Router()
    router.register_converter("any", Converter(regex=".+"))
    router.add_route("/x/:a<any>", print)
    router.add_route("/x/:b", print, ["GET", "POST"])
    router.add_route("/x/:b/y", print)
    (found,) = router.unreachable_routes()
    assert found.route.path == "/x/:b"
    assert found.method == "GET"
    assert [route.path for route in found.hidden_by] == ["/x/:a<any>"]
    assert f"GET /x/:b ({found.route.source}) can never match" in str(found)
    assert "answered first by GET /x/:a<any>" in str(found)


def test_twin_converters():
    """Two converters for the same texts: the second is never asked."""
    router = Router()
    router.register_converter("slug", Converter(regex="[a-z-]+"))
    router.register_converter("kebab", Converter(regex="[a-z-]+", rank=1))
    router.add_route("/:a<kebab>", print)
    router.add_route("/:a<slug>", print)
    assert [found.route.path for found in router.unreachable_routes()] == ["/:a<kebab>"]


def test_the_benefit_of_the_doubt():
    """A converter for which no example is known is not reported; with one it is."""
    router = Router()
    router.register_converter("any", Converter(regex=".+"))
    router.register_converter("odd", Converter(regex="@@[0-9]+@@", rank=1))
    router.register_converter("even", Converter(regex="##[0-9]+##", rank=1, examples=("##1##",)))
    for name in ("any", "odd", "even"):
        router.add_route(f"/:a<{name}>", print)
    assert [found.route.path for found in router.unreachable_routes()] == ["/:a<even>"]


@pytest.mark.parametrize("pattern", ["/a/../b", "/./a", "/a/%2e%2e"])
def test_dot_segments(pattern):
    """Clients resolve dot segments before they ask, so a pattern with one is never asked for."""
    router = Router()
    router.add_route(pattern, print)
    (found,) = router.unreachable_routes()
    assert "RFC 3986" in found.reason
    assert found.hidden_by == ()


def test_a_catch_all_beside_patterns_of_many_sizes():
    """A catch-all is reachable as long as a longer path can be asked for."""
    router = Router()
    for size in range(1, 8):
        router.add_route("/".join(f":p{number}" for number in range(size)), print)
    router.add_route("/*rest", print)
    assert router.unreachable_routes() == ()


def test_a_catch_all_that_others_cover_together():
    """One segment is taken by one route, more by another: nothing is left for the third."""
    router = Router()
    for pattern in ("/:a", "/:a/*rest", "/*rest"):
        router.add_route(pattern, print)
    (found,) = router.unreachable_routes()
    assert found.route.path == "/*rest"
    assert {route.path for route in found.hidden_by} == {"/:a", "/:a/*rest"}


def test_many_parameters_are_not_judged():
    """Where the witnesses are too many to try, nothing is claimed."""
    router = Router()
    router.register_converter("any", Converter(regex=".+"))
    router.add_route("/" + "/".join(f":p{number}<any>" for number in range(8)), print)
    router.add_route("/" + "/".join(f":p{number}" for number in range(8)), print)
    assert router.unreachable_routes() == ()
