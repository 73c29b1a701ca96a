"""Routes and cross-origin rules."""

from areion import AreionServerBuilder, DefaultRouter, ResponseFilter
from areion.check.origins import check_origins
from areion.check.routing import check_routes


def show(request, **params):
    """Answer."""


def server(router, *filters):
    made = AreionServerBuilder().with_router(router)
    for each in filters:
        made.with_filter(each)
    return made


def codes(check, made):
    return [(str(finding.severity), finding.code) for finding in check(made.build())]


def test_route_that_nothing_reaches():
    """A pattern that no client asks for is an error, at its line."""
    router = DefaultRouter()
    router.add_route("/ok/:name", show)
    router.add_route("/a/../b", show)
    [finding] = check_routes(server(router).build())
    assert (finding.severity, finding.code) == ("error", "unreachable-route")
    assert finding.where.startswith(f"{__file__}:")


def test_route_below_the_static_files(tmp_path):
    """A route under /static/ is asked after the files, if at all."""
    router = DefaultRouter()
    router.add_route("/static/list", show)
    assert codes(check_routes, server(router)) == []
    assert codes(check_routes, server(router).with_static_dir(tmp_path)) == [
        ("warning", "shadowed-by-static")
    ]


def test_route_that_takes_too_much():
    """A gigabyte in memory is too much; as a stream it is not in memory."""
    router = DefaultRouter()
    router.add_route("/big", show, ["POST"], max_body=2**30)
    router.add_route("/stream", show, ["POST"], max_body=2**30, stream=True)
    assert codes(check_routes, server(router)) == [("warning", "unbounded-uploads")]


def test_cors_by_hand():
    """Every origin with credentials, set in a middleware, a filter or a handler, is an error at its line."""

    def reflect(handler):
        def wrapper(request):
            response = handler(request)
            response.set_header("Access-Control-Allow-Origin", request.get_header("Origin"))
            response.set_header("Access-Control-Allow-Credentials", "true")
            return response

        return wrapper

    class Everybody(ResponseFilter):
        def after(self, request, response):
            response.set_header("access-control-allow-origin", "*")
            response.set_header("access-control-allow-credentials", "true")
            return response

    def handler(request):
        return None, {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}

    def named(request):
        return {
            "Access-Control-Allow-Origin": "https://a.example",
            "Access-Control-Allow-Credentials": "true",
        }

    router = DefaultRouter()
    router.add_global_middleware(reflect)
    router.add_route("/", handler)
    router.add_route("/named", named)
    made = server(router, Everybody(), ResponseFilter())
    assert codes(check_origins, made) == [("error", "cors-wildcard-credentials")] * 3


def test_cors_filter():
    """The filter refuses the worst by itself; plain and null origins with credentials are left to say."""
    from areion.filters.cors import CorsFilter

    named = CorsFilter(["https://a.example", "http://localhost:5173"], credentials=True)
    assert codes(check_origins, server(DefaultRouter(), named, CorsFilter(["*"]))) == []
    weak = CorsFilter(["http://a.example", "null"], credentials=True)
    assert codes(check_origins, server(DefaultRouter(), weak)) == [
        ("error", "cors-null-origin"),
        ("warning", "cors-plain-origin"),
    ]
    open_wide = CorsFilter(["*"])
    open_wide.credentials = True
    assert codes(check_origins, server(DefaultRouter(), open_wide)) == [
        ("error", "cors-wildcard-credentials")
    ]


def test_handler_that_cannot_be_called():
    """A handler that lacks a path parameter, or asks for more, fails with every request."""
    router = DefaultRouter()
    router.get("/users/:id")(lambda request: "x")
    router.get("/more")(lambda request, other: "x")
    router.get("/fine/:id")(show)
    router.get("/given/:id", [lambda handler: lambda request, **params: handler(request)])(
        lambda request: "x"
    )
    assert codes(check_routes, server(router)) == [("error", "uncallable-handler")] * 2
    [first, second] = check_routes(server(router).build())
    assert "handler(request, id=...)" in first.message
    assert "'other'" in second.message
    assert first.where.startswith(f"{__file__}:")
