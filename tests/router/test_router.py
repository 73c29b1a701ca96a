"""Registration, look-up and views of the default router."""

from __future__ import annotations

import operator
import pickle
from dataclasses import dataclass

import pytest
from areion_router import (
    BaseRouter,
    MethodNotAllowedError,
    NotFoundError,
    PatternError,
    RouteConflictError,
    RouteMatch,
    Router,
    RouterFrozenError,
)


def one(request):
    return "one"


def two(request):
    return "two"


async def waiting(request):
    return "waiting"


def tag(name):
    """A middleware that puts its name around what is inside it."""

    def middleware(handler):
        def wrapper(request, *args, **kwargs):
            return f"{name}({handler(request, *args, **kwargs)})"

        return wrapper

    return middleware


def call(router, method, path):
    handler, params, _ = router.get_handler(method, path)
    return handler("request", **params)


class TestMatching:
    def test_a_match_is_a_3_tuple_with_names(self):
        """get_handler returns (handler, path_params, is_async), which also has those names."""
        router = Router()
        router.add_route("/a/:b", one)
        match = router.get_handler("GET", "/a/x")
        assert isinstance(match, tuple)
        assert isinstance(match, RouteMatch)
        handler, path_params, is_async = match
        assert (match.handler, match.path_params, match.is_async) == (handler, path_params, is_async)
        assert (handler, path_params, is_async) == (one, {"b": "x"}, False)

    def test_without_middleware_the_handler_is_the_function_itself(self):
        """As in the predecessor, a route without middleware hands out the user's function."""
        router = Router()
        router.add_route("/a", one)
        router.add_route("/b", one)
        assert router.get_handler("GET", "/a").handler is one
        assert router.get_handler("GET", "/b").handler is one

    def test_path_params_are_fresh(self):
        """A caller may change the dict of one match; the next match does not see it."""
        router = Router()
        router.add_route("/a/:b", one)
        first = router.get_handler("GET", "/a/x").path_params
        first["changed"] = True
        assert "changed" not in router.get_handler("GET", "/a/x").path_params

    def test_no_path_params_cannot_be_changed(self):
        """A route without parameters gives an empty dict that refuses every change, so none can leak."""
        router = Router()
        router.add_route("/a", one)
        params = router.get_handler("GET", "/a").path_params
        assert isinstance(params, dict)
        assert params == {} == dict(**params) == params.copy() == pickle.loads(pickle.dumps(params))
        for change in (
            lambda: params.update(a=1),
            lambda: params.setdefault("a", 1),
            lambda: operator.setitem(params, "a", 1),
            lambda: operator.ior(params, {"a": 1}),
        ):
            with pytest.raises(TypeError, match="no parameters"):
                change()
        assert router.get_handler("GET", "/a").path_params == {}

    def test_is_async(self):
        """is_async tells a coroutine function from a plain one."""
        router = Router()
        router.add_route("/sync", one)
        router.add_route("/async", waiting)
        assert router.get_handler("GET", "/sync").is_async is False
        assert router.get_handler("GET", "/async").is_async is True

    def test_static_goes_before_typed_before_plain_before_catch_all(self):
        """Precedence at one position, whatever the order of registration."""
        router = Router()
        for pattern in ("/x/*rest", "/x/:name", "/x/:id<int>", "/x/me"):
            router.add_route(pattern, lambda request, _pattern=pattern, **params: (_pattern, params))
        assert call(router, "GET", "/x/me") == ("/x/me", {})
        assert call(router, "GET", "/x/7") == ("/x/:id<int>", {"id": 7})
        assert call(router, "GET", "/x/you") == ("/x/:name", {"name": "you"})
        assert call(router, "GET", "/x/you/too") == ("/x/*rest", {"rest": "you/too"})

    def test_backtracking(self):
        """/users/me/x never hides /users/:id/y."""
        router = Router()
        router.add_route("/users/me/x", one)
        router.add_route("/users/:uid/y", lambda request, uid: uid)
        assert call(router, "GET", "/users/me/x") == "one"
        assert call(router, "GET", "/users/me/y") == "me"

    def test_backtracking_restores_converted_values(self):
        """A value converted on a way that leads nowhere is text again on the next way."""
        router = Router()
        router.add_route("/:a<int>/:b<float>/x", one)
        router.add_route("/:a<int>/:b/y", lambda request, a, b: (a, b))
        router.add_route("/:a/:b/z", lambda request, a, b: (a, b))
        router.add_route("/*rest", lambda request, rest: rest)
        assert call(router, "GET", "/1/2.5/y") == (1, "2.5")
        assert call(router, "GET", "/1/2.5/z") == ("1", "2.5")
        assert call(router, "GET", "/1/2.5/other") == "1/2.5/other"

    def test_backtracking_looks_for_the_method_too(self):
        """GET /users/me does not hide POST /users/:id."""
        router = Router()
        router.add_route("/users/me", one)
        router.add_route("/users/:uid", lambda request, uid: uid, methods=["POST"])
        assert call(router, "POST", "/users/me") == "me"
        assert router.get_allowed_methods("/users/me") == ["GET", "HEAD", "POST", "OPTIONS"]

    def test_param_names_may_differ_at_one_position(self):
        """Each handler gets the name that its own route gave; the predecessor gave the first name to all."""
        router = Router()
        router.add_route("/users/:uid/posts", lambda request, uid: ("uid", uid))
        router.add_route("/users/:user_id/likes", lambda request, user_id: ("user_id", user_id))
        router.add_route("/users/:name", lambda request, name: ("name", name), methods=["PUT"])
        assert call(router, "GET", "/users/1/posts") == ("uid", "1")
        assert call(router, "GET", "/users/1/likes") == ("user_id", "1")
        assert call(router, "PUT", "/users/1") == ("name", "1")

    def test_percent_decoding_after_splitting(self):
        """%2F stays inside its segment; each segment and parameter is decoded once."""
        router = Router()
        router.add_route("/files/:name", lambda request, name: name)
        router.add_route("/café/menu", one)
        assert call(router, "GET", "/files/a%2Fb%20c%2525") == "a/b c%25"
        assert call(router, "GET", "/caf%C3%A9/menu") == "one"
        assert call(router, "GET", "/caf%c3%a9/%6Denu") == "one"

    def test_octets_that_are_not_utf8_are_replaced(self):
        """Malformed UTF-8 becomes U+FFFD; a stray percent sign stays as it is."""
        router = Router()
        router.add_route("/:name", lambda request, name: name)
        assert call(router, "GET", "/%ff") == "\ufffd"
        assert call(router, "GET", "/100%") == "100%"

    @pytest.mark.parametrize(
        "path", ["/users", "/users/", "//users", "users", "/users//", "/users?a=/b", "/users/?"]
    )
    @pytest.mark.parametrize("pattern", ["/users", "/users/", "users", "//users//"])
    def test_empty_segments_do_not_count(self, pattern, path):
        """One rule for every route: /users, /users/ and //users are one path; a query does not count."""
        router = Router()
        router.add_route(pattern, one)
        assert call(router, "GET", path) == "one"

    @pytest.mark.parametrize(
        "path", ["/users/5/posts", "/users/5/posts/", "//users//5///posts", "/users/5/posts?x"]
    )
    def test_empty_segments_do_not_count_around_parameters(self, path):
        """The same rule holds for routes with parameters, and a parameter is never empty."""
        router = Router()
        router.add_route("/users/:uid/posts", lambda request, uid: uid)
        assert call(router, "GET", path) == "5"
        with pytest.raises(NotFoundError):
            router.get_handler("GET", "/users//posts")

    @pytest.mark.parametrize("path", ["/", "", "//", "/?q", "?q"])
    def test_the_root(self, path):
        """The root is the path without segments."""
        router = Router()
        router.add_route("/", one)
        assert call(router, "GET", path) == "one"

    def test_catch_all_takes_one_segment_or_more(self):
        """*rest is the decoded remaining segments joined by slashes, and there must be one."""
        router = Router()
        router.add_route("/files/*rest", lambda request, rest: rest)
        assert call(router, "GET", "/files/a") == "a"
        assert call(router, "GET", "/files//a//b%20c/") == "a/b c"
        for path in ("/files", "/files/"):
            with pytest.raises(NotFoundError):
                router.get_handler("GET", path)

    def test_head_is_answered_by_get(self):
        """HEAD finds the GET route, unless the pattern defines HEAD itself."""
        router = Router()
        router.add_route("/a", one)
        router.add_route("/b", one)
        router.add_route("/b", two, methods=["HEAD"])
        router.add_route("/c/:x", one)
        router.add_route("/c/:y", two, methods="HEAD")
        assert router.get_handler("HEAD", "/a").handler is one
        assert router.get_handler("HEAD", "/b").handler is two
        assert router.get_handler("HEAD", "/c/1") == (two, {"y": "1"}, False)
        assert router.get_handler("GET", "/c/1") == (one, {"x": "1"}, False)

    def test_head_by_precedence_of_the_path(self):
        """A HEAD route of a wider pattern does not take HEAD from a GET route of a narrower one."""
        router = Router()
        router.add_route("/a/:x", two, methods=["HEAD"])
        router.add_route("/a/b", one)
        assert router.get_handler("HEAD", "/a/b").handler is one

    def test_options_that_is_defined_is_answered(self):
        """OPTIONS handlers are called; the predecessor never did."""
        router = Router()
        router.add_route("/a", one, methods=["OPTIONS", "GET"])
        assert router.get_handler("OPTIONS", "/a").handler is one

    def test_other_methods_of_a_known_path(self):
        """A known path without the method is an error that carries what is allowed, in a stable order."""
        router = Router()
        router.add_route("/a", one, methods=["PURGE", "POST", "GET"])
        for method in ("OPTIONS", "DELETE", "get"):
            with pytest.raises(MethodNotAllowedError) as caught:
                router.get_handler(method, "/a")
            assert caught.value.method == method
            assert caught.value.path == "/a"
            assert caught.value.allowed == ("GET", "HEAD", "POST", "OPTIONS", "PURGE")

    def test_unknown_paths(self):
        """An unknown path is a LookupError that carries the path, and has no methods."""
        router = Router()
        router.add_route("/a/b", one)
        for path in ("/x", "/a", "/a/b/c", "/"):
            with pytest.raises(NotFoundError) as caught:
                router.get_handler("GET", path)
            assert caught.value.path == path
            assert router.get_allowed_methods(path) == []

    def test_allowed_methods(self):
        """HEAD is listed where GET is, OPTIONS for every known path."""
        router = Router()
        router.add_route("/get", one)
        router.add_route("/post", one, methods=["POST"])
        assert router.get_allowed_methods("/get") == ["GET", "HEAD", "OPTIONS"]
        assert router.get_allowed_methods("/post/") == ["POST", "OPTIONS"]

    def test_an_empty_router_knows_nothing(self):
        """Without routes every path is unknown."""
        with pytest.raises(NotFoundError):
            Router().get_handler("GET", "/")


class TestRegistration:
    def test_decorators_return_the_function(self):
        """route and its shorthands leave the function as it is."""
        router = Router()
        assert router.route("/a", ["GET", "POST"])(one) is one
        for method in ("get", "post", "put", "patch", "delete", "head", "options"):
            assert getattr(router, method)("/b", name=method)(one) is one
            assert router.get_handler(method.upper(), "/b").handler is one
        assert router.get_handler("POST", "/a").handler is one

    @pytest.mark.parametrize("methods", ["get", "GET", ["get"], ("GET", "GET"), {"GET"}])
    def test_methods_in_any_form(self, methods):
        """One str or several, in any case; repetitions count once."""
        router = Router()
        router.add_route("/a", one, methods=methods)
        assert router.routes[0].methods == ("GET",)

    @pytest.mark.parametrize("methods", [[], ["G T"], "", "GET,POST", ["GET\r\n"], ["MÉTHODE"]])
    def test_methods_that_are_none(self, methods):
        """Methods are tokens of RFC 9110, and there is at least one."""
        with pytest.raises(ValueError, match=r"'methods': expected .* got"):
            Router().add_route("/a", one, methods=methods)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((5, one), r"'path': expected str, got int \(5\)"),
            (("/a", "handler"), r"'handler': expected a callable, got str"),
            (("/a", one, 5), r"'methods': expected .*, got int \(5\)"),
            (("/a", one, [5]), r"'methods': expected .*, got int \(5\)"),
            (("/a", one, b"GET"), r"'methods': expected .*, got bytes"),
            (("/a", one, "GET", one), r"'middlewares': expected a list .*, got function"),
            (("/a", one, "GET", "mw"), r"'middlewares': expected a list .*, got str"),
            (("/a", one, "GET", [5]), r"'middlewares': expected middleware .*, got int \(5\)"),
        ],
    )
    def test_arguments_of_the_wrong_type(self, arguments, message):
        """The error names the argument, what was expected and what came."""
        with pytest.raises(TypeError, match=message):
            Router().add_route(*arguments)

    def test_names_of_the_wrong_type(self):
        """A name is a str that is not empty, or None."""
        with pytest.raises(TypeError, match=r"'name': expected str, got int \(5\)"):
            Router().add_route("/a", one, name=5)
        with pytest.raises(ValueError, match="'name': expected a name"):
            Router().add_route("/a", one, name="")

    def test_other_arguments_of_the_wrong_type(self):
        """Every registration method checks its arguments at once."""
        router = Router()
        with pytest.raises(TypeError, match=r"Router\(\) argument 'prefix': expected str, got NoneType"):
            Router(None)
        with pytest.raises(TypeError, match=r"route\(\) argument 'path': expected str, got function"):
            router.route(one)
        with pytest.raises(TypeError, match=r"group\(\) argument 'base_path': expected str, got int"):
            router.group(1)
        with pytest.raises(
            TypeError, match=r"include_router\(\) argument 'router': expected a Router, got str"
        ):
            router.include_router("users")
        with pytest.raises(TypeError, match=r"add_global_middleware\(\) argument 'middleware': expected"):
            router.add_global_middleware(None)
        with pytest.raises(TypeError, match=r"add_error_handler\(\) argument 'exception_type': expected"):
            router.add_error_handler(ValueError(), one)
        with pytest.raises(TypeError, match=r"add_error_handler\(\) argument 'handler': expected"):
            router.add_error_handler(ValueError, None)

    def test_a_second_error_handler_for_a_class_names_both(self):
        """A router has one for each class; a group may have another of its own."""
        router = Router()
        router.add_error_handler(ValueError, one)
        router.group("/g").add_error_handler(ValueError, two)
        with pytest.raises(RouteConflictError, match="both are for ValueError") as caught:
            router.add_error_handler(ValueError, two)
        assert "one (registered at " in caught.value.earlier
        assert "two (registered at " in caught.value.later
        assert str(caught.value).count(f"{__file__}:") == 2
        assert router.error_handlers == {ValueError: one}

    def test_a_duplicate_names_both_routes(self):
        """A conflict names both routes, their functions, and where they were registered."""
        router = Router()
        router.add_route("/users/:id", one)
        line = one.__code__.co_filename
        with pytest.raises(RouteConflictError) as caught:
            router.add_route("/users/:name/", two, methods=["POST", "GET"])
        message = str(caught.value)
        assert isinstance(caught.value, ValueError)
        assert "GET /users/:id" in message
        assert "POST,GET /users/:name" in message
        assert message.count(f"registered at {line}:") == 2
        assert "one" in caught.value.earlier
        assert "two" in caught.value.later

    def test_a_refused_route_leaves_nothing_behind(self):
        """When a registration is refused, none of its methods is there."""
        router = Router()
        router.add_route("/a", one)
        with pytest.raises(RouteConflictError):
            router.add_route("/a", two, methods=["POST", "GET"])
        assert router.get_allowed_methods("/a") == ["GET", "HEAD", "OPTIONS"]
        assert len(router.routes) == 1

    def test_the_same_shape_with_another_method_is_no_conflict(self):
        """One path may have a route for each method."""
        router = Router()
        router.add_route("/a/:x", one)
        router.add_route("/a/:y", two, methods=["POST"])
        assert router.get_handler("POST", "/a/1") == (two, {"y": "1"}, False)

    def test_frozen(self):
        """After freeze any registration raises, with what was tried; freezing again does nothing."""
        router = Router()
        router.add_route("/a", one)
        group, included = router.group("/g"), Router("/i")
        router.include_router(included)
        assert not router.frozen
        router.freeze()
        router.freeze()
        assert router.frozen
        assert group.frozen
        assert included.frozen
        for part in (router, group, included):
            with pytest.raises(RouterFrozenError, match=r"cannot register /b: the router is frozen"):
                part.add_route("/b", one)
            with pytest.raises(RouterFrozenError):
                part.add_global_middleware(tag("late"))
            with pytest.raises(RouterFrozenError):
                part.include_router(Router())
            with pytest.raises(RouterFrozenError):
                part.group("/more")
            with pytest.raises(RouterFrozenError):
                part.add_error_handler(ValueError, one)
            with pytest.raises(RouterFrozenError):
                part.register_converter("slug", object())
        assert issubclass(RouterFrozenError, RuntimeError)
        assert call(router, "GET", "/a") == "one"

    def test_a_router_works_without_being_frozen(self):
        """Routes may be added between look-ups."""
        router = Router()
        router.add_route("/a", one)
        assert call(router, "GET", "/a") == "one"
        router.add_route("/b", two)
        assert call(router, "GET", "/b") == "two"

    def test_is_a_base_router(self):
        """The default implements the contract."""
        assert issubclass(Router, BaseRouter)


class TestPrefixesGroupsIncludes:
    def test_a_router_matches_its_own_prefix(self):
        """The predecessor's did not."""
        router = Router(prefix="/users")
        router.add_route("/", one)
        router.add_route("/:id", two)
        assert router.prefix == "/users"
        assert router.get_handler("GET", "/users").handler is one
        assert router.get_handler("GET", "/users/").handler is one
        assert router.get_handler("GET", "/users/7").handler is two
        with pytest.raises(NotFoundError):
            router.get_handler("GET", "/7")

    @pytest.mark.parametrize("base", ["/api", "api", "/api/", "//api"])
    def test_a_group_is_attached_at_once(self, base):
        """The predecessor's group routes answered 404 until included, and at a doubled path after."""
        router = Router()
        group = router.group(base)
        group.add_route("/users", one)
        assert router.get_handler("GET", "/api/users").handler is one
        assert group.prefix == "/api"

    def test_including_a_group_changes_nothing(self):
        """Programs for the predecessor include their groups; that does no harm."""
        router = Router("/v1")
        group = router.group("/api", middlewares=[tag("group")])
        group.add_route("/a", one)
        router.include_router(group)
        group.add_route("/b", one)
        assert len(router.routes) == 2
        assert call(router, "GET", "/v1/api/a") == call(router, "GET", "/v1/api/b") == "group(one)"

    def test_groups_nest(self):
        """Prefixes and middleware of nested groups add up, outermost first."""
        router = Router("/root")
        router.add_global_middleware(tag("global"))
        outer = router.group("/outer", middlewares=[tag("outer")])
        inner = outer.group("/:uid<int>", middlewares=[tag("inner")])
        inner.add_route("/leaf", lambda request, uid: uid, middlewares=[tag("route")])
        assert inner.prefix == "/root/outer/:uid<int>"
        assert call(router, "GET", "/root/outer/7/leaf") == "global(outer(inner(route(7))))"
        assert call(inner, "GET", "/root/outer/7/leaf") == "global(outer(inner(route(7))))"

    def test_include_keeps_everything(self):
        """The predecessor dropped a group's middleware on include, and its authentication with it."""
        users = Router(prefix="/users")
        users.add_global_middleware(tag("users"))
        admin = users.group("/admin", middlewares=[tag("auth")])
        admin.add_route("/panel", one)
        main = Router()
        main.add_global_middleware(tag("main"))
        main.include_router(users, prefix="/v2")
        main.add_route("/own", one)
        assert call(main, "GET", "/v2/users/admin/panel") == "main(users(auth(one)))"
        assert call(main, "GET", "/own") == "main(one)"
        assert call(users, "GET", "/users/admin/panel") == "users(auth(one))"

    def test_a_group_keeps_what_it_inherits_wherever_it_is_included(self):
        """Including only a group of another router does not lose that router's prefix and middleware."""
        api = Router("/api")
        api.add_global_middleware(tag("auth"))
        group = api.group("/v1", middlewares=[tag("group")])
        group.add_route("/x", one)
        main = Router()
        main.include_router(group)
        group.add_route("/y", one)
        assert call(main, "GET", "/api/v1/x") == call(main, "GET", "/api/v1/y") == "auth(group(one))"
        main.include_router(api)
        api.add_route("/z", one)
        assert call(main, "GET", "/api/z") == "auth(one)"
        assert len(main.routes) == 3

    def test_includes_are_live(self):
        """Routes and middleware that a router gets after it was included appear too."""
        main, middle, inner = Router("/1"), Router("/2"), Router("/3")
        main.include_router(middle)
        middle.include_router(inner)
        assert main.get_allowed_methods("/1/2/3/x") == []
        inner.add_route("/x", one)
        middle.add_global_middleware(tag("middle"))
        assert call(main, "GET", "/1/2/3/x") == "middle(one)"
        assert call(middle, "GET", "/2/3/x") == "middle(one)"
        assert call(inner, "GET", "/3/x") == "one"

    def test_global_middleware_applies_whatever_the_order(self):
        """Routes registered before it, groups and includes are wrapped; the predecessor's were not."""
        router = Router()
        router.add_route("/early", one)
        group = router.group("/g")
        group.add_route("/early", one)
        sub = Router("/s")
        sub.add_route("/early", one)
        router.include_router(sub)
        router.add_global_middleware(tag("global"))
        router.add_route("/late", one)
        for path in ("/early", "/g/early", "/s/early", "/late"):
            assert call(router, "GET", path) == "global(one)"

    def test_global_middleware_after_a_first_lookup(self):
        """A router that was already used is composed anew."""
        router = Router()
        router.add_route("/a", one)
        assert call(router, "GET", "/a") == "one"
        router.add_global_middleware(tag("late"))
        assert call(router, "GET", "/a") == "late(one)"

    def test_a_router_included_twice(self):
        """One router can be included at several places, not twice at one."""
        sub, main = Router(), Router()
        sub.add_route("/x", one)
        main.include_router(sub, "/a")
        main.include_router(sub, "/b")
        sub.add_route("/y", two)
        assert [route.path for route in main.routes] == ["/a/x", "/b/x", "/a/y", "/b/y"]
        with pytest.raises(ValueError, match="already included at /b"):
            main.include_router(sub, "b/")

    def test_conflicts_across_includes(self):
        """A conflict is found when routers are joined, or when one grows afterwards; nothing is half done."""
        main, sub = Router(), Router("/s")
        main.add_route("/s/:a", one)
        sub.add_route("/x", one)
        sub.add_route("/:b", two)
        with pytest.raises(RouteConflictError, match=r"GET /s/:b .* conflicts with GET /s/:a"):
            main.include_router(sub)
        assert len(main.routes) == 1
        other = Router("/s")
        main.include_router(other)
        with pytest.raises(RouteConflictError):
            other.add_route("/:c", two)
        assert other.routes == ()

    def test_two_ways_to_one_place_conflict(self):
        """A router that comes to one path by two routers with other middleware is a conflict."""
        main, left, right, leaf = Router(), Router(), Router(), Router()
        main.include_router(left)
        main.include_router(right)
        left.include_router(leaf)
        right.include_router(leaf)
        with pytest.raises(RouteConflictError):
            leaf.add_route("/x", one)
        assert main.routes == left.routes == leaf.routes == ()

    def test_cycles_are_refused(self):
        """A router cannot include itself, directly or not."""
        outer, inner = Router(), Router()
        outer.include_router(inner)
        for a, b in ((outer, outer), (inner, outer), (outer.group("/g"), outer)):
            with pytest.raises(ValueError, match="cannot include itself"):
                a.include_router(b)

    def test_params_in_prefixes(self):
        """A prefix is a pattern like any other; a name may occur once in the whole."""
        router = Router("/orgs/:org")
        router.group("/repos").add_route("/:repo", lambda request, org, repo: (org, repo))
        assert call(router, "GET", "/orgs/a/repos/b") == ("a", "b")
        with pytest.raises(PatternError, match="'org' occurs twice"):
            router.add_route("/:org", one)
        with pytest.raises(PatternError, match="must be the last segment"):
            router.group("/*rest").add_route("/x", one)


class TestViews:
    def test_routes(self):
        """A route tells everything that documentation and dispatch need."""
        error_handler = one
        main = Router("/v1", tags=["outer"], limit=1)
        main.add_error_handler(LookupError, error_handler)
        middlewares = [tag("global"), tag("group"), tag("route")]
        main.add_global_middleware(middlewares[0])
        group = main.group("/items", middlewares=[middlewares[1]], limit=2)
        group.add_error_handler(ValueError, two)

        @group.route("/:id<int>/*rest", ["GET", "put"], [middlewares[2]], name="item", summary="An item")
        def show(request, id, rest):
            return id

        (route,) = main.routes
        assert route.path == "/v1/items/:id<int>/*rest"
        assert route.methods == ("GET", "PUT")
        assert route.handler is show
        assert route.endpoint is main.get_handler("GET", "/v1/items/1/x").handler
        assert route.name == "item"
        assert route.middlewares == tuple(middlewares)
        assert {name: converter.name for name, converter in route.params.items()} == {
            "id": "int",
            "rest": "path",
        }
        assert route.options == {"tags": ["outer"], "limit": 2, "summary": "An item"}
        assert route.error_handlers == {LookupError: error_handler, ValueError: two}
        assert main.error_handlers == {LookupError: error_handler}
        assert route.is_async is False
        file, _, line = route.source.rpartition(":")
        assert file == __file__
        assert show.__code__.co_firstlineno <= int(line) <= show.__code__.co_firstlineno + 2

    def test_routes_are_read_only(self):
        """The view cannot be used to change the router."""
        router = Router(limit=1)
        router.add_route("/:a", one)
        (route,) = router.routes
        assert isinstance(router.routes, tuple)
        with pytest.raises(AttributeError):
            route.path = "/b"
        for mapping in (route.options, route.params, route.error_handlers, router.error_handlers):
            with pytest.raises(TypeError):
                mapping["x"] = 1

    def test_inner_error_handlers_win(self):
        """A group's handler for a type goes before its parent's."""
        router = Router()
        router.add_error_handler(ValueError, one)
        group = router.group("/g")
        group.add_route("/a", one)
        assert router.routes[0].error_handlers == {ValueError: one}
        group.add_error_handler(ValueError, two)
        assert router.routes[0].error_handlers == {ValueError: two}

    def test_endpoints_are_unique_where_options_differ(self):
        """Routes that share a bare function have endpoints of their own if their options differ."""
        router = Router()
        router.add_route("/a", waiting, limit=1)
        router.add_route("/b", waiting, limit=2)
        group = router.group("/g", limit=2)
        group.add_error_handler(ValueError, one)
        group.add_route("/c", waiting)
        assert router.routes[0].endpoint is waiting
        assert len({route.endpoint for route in router.routes}) == 3
        for route in router.routes:
            assert router.get_handler("GET", route.path) == (route.endpoint, {}, True)

    def test_endpoints_are_hashable(self):
        """Dispatchers keep tables by endpoint, so a handler that cannot be hashed gets one that can."""

        @dataclass
        class Unhashable:
            def __call__(self, request):
                return "called"

        router = Router()
        router.add_route("/a", Unhashable())
        match = router.get_handler("GET", "/a")
        assert {match.handler: "known"}[router.routes[0].endpoint] == "known"
        assert match.handler("request") == "called"

    def test_global_middlewares(self):
        """The outer ring can be read, to put it around the answer to an unknown path."""
        first, second, third = tag("1"), tag("2"), tag("3")
        router = Router(middlewares=[first])
        router.add_global_middleware(second)
        group = router.group("/g", middlewares=[third])
        assert router.global_middlewares == (first, second)
        assert group.global_middlewares == (first, second, third)

    def test_middleware_is_called_once_per_route(self):
        """Composition happens once, however often a router is looked at, grows, and is frozen."""
        made = []

        def middleware(handler):
            made.append(handler)
            return handler

        router = Router()
        router.add_global_middleware(middleware)
        router.add_route("/a", one, methods=["GET", "POST"])
        router.get_handler("GET", "/a")
        router.add_route("/b", two)
        router.get_handler("GET", "/b")
        assert router.routes == router.routes
        router.freeze()
        router.get_handler("POST", "/a")
        assert made == [one, two]

    def test_errors_in_composition_name_the_route(self):
        """A middleware that fails while routes are composed is reported with the route."""
        router = Router()

        def broken(handler):
            return None

        router.add_route("/a", one, middlewares=[broken])
        with pytest.raises(TypeError, match="broken returned None") as caught:
            router.freeze()
        assert "GET /a" in caught.value.__notes__[0]
        assert not router.frozen
