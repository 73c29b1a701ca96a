"""url_for: names, parameters, queries."""

from __future__ import annotations

import pytest
from areion_router import RouteConflictError, Router, UrlBuildError


def show(request, uid):
    return uid


def test_names():
    """An explicit name, or the function's as long as one path has it; lambdas have none."""
    router = Router("/v1")
    router.add_route("/users/:uid", show)
    router.add_route("/users", lambda request: None, name="users")
    router.add_route("/nameless", lambda request: None)
    assert router.url_for("show", uid=7) == "/v1/users/7"
    assert router.url_for("users") == "/v1/users"
    assert [route.name for route in router.routes] == ["show", "users", None]
    with pytest.raises(
        UrlBuildError, match=r"url_for\('nothing'\): no route has this name; known names: show, users"
    ):
        router.url_for("nothing")


def test_an_ambiguous_name():
    """A function at two paths has no name of its own; one path with two methods does."""
    router = Router()
    router.add_route("/a/:uid", show)
    router.add_route("/a/:uid", show, methods="PUT")
    assert router.url_for("show", uid=1) == "/a/1"
    router.add_route("/b/:uid", show)
    with pytest.raises(UrlBuildError, match=r"several routes .* GET /a/:uid .* GET /b/:uid") as caught:
        router.url_for("show", uid=1)
    assert __file__ in str(caught.value)


def test_an_explicit_name_goes_first():
    """An explicit name is not made ambiguous by another route's function."""
    router = Router()
    router.add_route("/a/:uid", show)
    router.add_route("/b", print, name="show")
    assert router.url_for("show") == "/b"


def test_explicit_names_are_unique():
    """Two routes with one name are refused at registration, and across includes; one route may be at two places."""
    router, sub = Router(), Router()
    router.add_route("/a", print, name="home")
    with pytest.raises(RouteConflictError, match="both have the name 'home'"):
        router.add_route("/b", print, name="home")
    sub.add_route("/c", print, name="home")
    with pytest.raises(RouteConflictError, match="both have the name 'home'"):
        router.include_router(sub)
    other = Router()
    other.include_router(sub, "/x")
    assert other.url_for("home") == "/x/c"
    other.include_router(sub, "/y")
    with pytest.raises(UrlBuildError, match="several routes"):
        other.url_for("home")


def test_values_are_encoded():
    """Whatever a value contains stays inside its segment; a catch-all's slashes separate."""
    router = Router()
    router.add_route("/caf\u00e9/:a/*rest", print, name="it")
    assert router.url_for("it", a="a/b ?#é", rest="x/y z") == "/caf%C3%A9/a%2Fb%20%3F%23%C3%A9/x/y%20z"
    assert router.url_for("it", a="..", rest="./a") == "/caf%C3%A9/%2E%2E/%2E/a"
    assert router.url_for("it", a=5, rest=6) == "/caf%C3%A9/5/6"


def test_the_root():
    """The root is a slash."""
    router = Router()
    router.add_route("/", print, name="root")
    assert router.url_for("root", q="a b") == "/?q=a+b"


def test_other_parameters_become_the_query():
    """In the order given; a list gives several fields, None leaves its field out."""
    router = Router()
    router.add_route("/:uid", show)
    assert (
        router.url_for("show", uid=1, q="a&b", tags=["x", "y"], none=None, n=2)
        == "/1?q=a%26b&tags=x&tags=y&n=2"
    )
    router.add_route("/n/:name", print, name="named")
    assert router.url_for("named", name="x") == "/n/x"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "missing the parameter 'a' of /x/:a/\\*rest"),
        ({"a": None, "rest": "x"}, "'a' of .* is None"),
        ({"a": "", "rest": "x"}, "no value for a str segment"),
        ({"a": "x", "rest": ""}, "no value for a path segment"),
        ({"a": "x", "rest": "a//b"}, "no value for a path segment"),
        ({"a": "x", "rest": "/a"}, "no value for a path segment"),
        ({"a": "\ud800", "rest": "x"}, "surrogates"),
    ],
)
def test_parameters_that_do_not_fit(params, message):
    """url_for refuses what would not lead back to the route."""
    router = Router()
    router.add_route("/x/:a/*rest", print, name="it")
    with pytest.raises(UrlBuildError, match=message):
        router.url_for("it", **params)


def test_names_of_later_routes():
    """Names follow the registrations."""
    router = Router()
    group = router.group("/g")
    with pytest.raises(UrlBuildError, match="known names: none"):
        router.url_for("late")
    group.add_route("/a", print, name="late")
    assert router.url_for("late") == group.url_for("late") == "/g/a"
