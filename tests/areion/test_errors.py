"""Exceptions as responses, through the whole server."""

import asyncio
import logging

import pytest
from areion import (
    BadRequestError,
    DefaultRouter,
    ForbiddenError,
    HttpError,
    HttpResponse,
    InternalServerError,
    MethodNotAllowedError,
    NotFoundError,
    PayloadTooLargeError,
    ServiceUnavailableError,
    UnauthorizedError,
)
from areion._errors import ErrorConverter

NAMED = [
    (BadRequestError, 400),
    (UnauthorizedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (MethodNotAllowedError, 405),
    (PayloadTooLargeError, 413),
    (InternalServerError, 500),
    (ServiceUnavailableError, 503),
]


def raising(error):
    def handler(request):
        raise error

    return handler


def raising_async(error):
    async def handler(request):
        await asyncio.sleep(0)
        raise error

    return handler


@pytest.mark.parametrize("make", [raising, raising_async])
@pytest.mark.parametrize(("kind", "status"), NAMED)
def test_named_errors_become_their_response(serve, records, make, kind, status):
    """Raised in a handler they answer with status and message; nothing is logged as unhandled."""
    router = DefaultRouter()
    router.add_route("/", make(kind("the reason", headers={"X-Extra": "1"})))
    answer = serve(router).http.get("/")
    assert (answer.status_code, answer.text, answer.headers["x-extra"]) == (status, "the reason", "1")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert not [r for r in records if r.levelno >= logging.ERROR]


def test_own_subclass_needs_only_status_and_message(serve):
    """Class or instance, raised in a handler or in middleware."""

    class OutOfTea(HttpError):
        status_code = 418
        message = "no tea"

    class WithInit(HttpError):
        status_code = 409

        def __init__(self, name):
            self.message = f"{name} is taken"

    def refuse(handler):
        return raising(OutOfTea())

    router = DefaultRouter()
    router.add_route("/class", raising(OutOfTea))
    router.add_route("/init", raising(WithInit("ada")))
    router.add_route("/middleware", lambda request: "x", middlewares=[refuse])
    router.add_route("/code", raising(HttpError(status_code=402)))
    http = serve(router).http
    for path, expected in {
        "/class": (418, "no tea"),
        "/init": (409, "ada is taken"),
        "/middleware": (418, "no tea"),
        "/code": (402, "Payment Required"),
    }.items():
        answer = http.get(path)
        assert (answer.status_code, answer.text) == expected


def test_a_subclass_that_cannot_be_sent_is_a_logged_500(serve, records):
    """A status that no error has, or a header that would split the response, is the programmer's fault."""

    class Odd(HttpError):
        status_code = 9999

    router = DefaultRouter()
    router.add_route("/", raising(Odd))
    assert serve(router).http.get("/").status_code == 500
    assert any(r.exc_info for r in records)


@pytest.mark.parametrize("make", [raising, raising_async])
@pytest.mark.parametrize("filtered", [False, True])
def test_unhandled_errors_are_logged_once_with_traceback(serve, records, make, filtered):
    """The client gets 500 without details, the log method, path, handler and traceback, and the request id."""
    router = DefaultRouter()

    @router.get("/orders/:id")
    def named_handler(request, id):
        return make(RuntimeError("password=hunter2"))(request)

    served = serve(router, (lambda b: b.with_request_id()) if filtered else (lambda b: None))
    answer = served.http.get("/orders/7", headers={"X-Request-ID": "abc"})
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
    errors = [r for r in records if r.levelno >= logging.ERROR]
    assert len(errors) == 1
    text = errors[0].getMessage()
    assert "GET /orders/7" in text
    assert "named_handler" in text
    assert errors[0].exc_info[0] is RuntimeError
    if filtered:
        assert answer.headers["x-request-id"] == "abc"


def test_the_request_id_is_in_the_line_of_an_unhandled_error(serve, capfd):
    """The line and the response of a failing request carry the same id."""
    router = DefaultRouter()
    router.add_route("/", raising_async(RuntimeError("boom")))
    served = serve(router, lambda b: b.with_request_id())
    served.http.get("/", headers={"X-Request-ID": "id-4711"})
    served.close()
    err = capfd.readouterr().err
    line = next(line for line in err.splitlines() if "unhandled RuntimeError" in line)
    assert "id-4711" in line
    assert "Traceback" in err


class TestErrorHandlers:
    """Answers of the application's own."""

    @pytest.mark.parametrize("is_async", [False, True])
    @pytest.mark.parametrize("filtered", [False, True])
    def test_the_nearest_base_wins(self, serve, is_async, filtered):
        """Sync or async, for exceptions of handlers and for HttpErrors."""

        def answer(name):
            def handler(request, error):
                return HttpResponse({"by": name, "error": str(error)}, 422)

            async def handler_async(request, error):
                await asyncio.sleep(0)
                return handler(request, error)

            return handler_async if is_async else handler

        def configure(builder):
            builder.with_error_handler(LookupError, answer("lookup"))
            builder.with_error_handler(KeyError, answer("key"))
            builder.with_error_handler(NotFoundError, answer("404"))
            if filtered:
                builder.with_security_headers()

        router = DefaultRouter()
        router.add_route("/key", raising(KeyError("k")))
        router.add_route("/index", raising_async(IndexError("i")))
        router.add_route("/value", raising(ValueError("v")))
        http = serve(router, configure).http
        assert http.get("/key").json()["by"] == "key"
        assert http.get("/index").json()["by"] == "lookup"
        assert http.get("/value").status_code == 500
        unmatched = http.get("/none")
        assert (unmatched.status_code, unmatched.json()["by"]) == (422, "404")
        assert ("x-frame-options" in unmatched.headers) is filtered

    def test_a_groups_handlers_come_before_the_servers(self, serve):
        """The innermost registration for the nearest base; other groups are not touched."""
        router = DefaultRouter()
        router.add_error_handler(ValueError, lambda request, error: "router")
        group = router.group("/api")
        group.add_error_handler(Exception, lambda request, error: HttpResponse("group", 400))
        group.add_route("/key", raising(KeyError()))
        group.add_route("/value", raising_async(ValueError()))
        router.add_route("/value", raising(ValueError()))
        router.add_route("/key", raising(KeyError()))
        http = serve(router, lambda b: b.with_error_handler(KeyError, lambda r, e: "server")).http
        assert http.get("/api/key").text == "group"
        assert http.get("/api/value").text == "router"
        assert http.get("/value").text == "router"
        assert http.get("/key").text == "server"

    @pytest.mark.parametrize("is_async", [False, True])
    @pytest.mark.parametrize("filtered", [False, True])
    def test_a_handler_that_fails_itself(self, serve, records, is_async, filtered):
        """The client gets a 500, once; the log has the second error with its traceback."""

        def fail(request, error):
            raise RuntimeError("second")

        async def fail_async(request, error):
            raise RuntimeError("second")

        def configure(builder):
            builder.with_error_handler(Exception, fail_async if is_async else fail)
            if filtered:
                builder.with_request_id()

        router = DefaultRouter()
        router.add_route("/", raising(KeyError()))
        answer = serve(router, configure).http.get("/")
        assert (answer.status_code, answer.text) == (500, "Internal Server Error")
        assert ("x-request-id" in answer.headers) is filtered
        errors = [r for r in records if r.levelno >= logging.ERROR]
        assert len(errors) == 1
        assert str(errors[0].exc_info[1]) == "second"

    @pytest.mark.parametrize("is_async", [False, True])
    def test_a_handler_may_raise_http_errors_and_raise_again(self, serve, is_async):
        """An HttpError raised by an error handler answers; the same error again gets the standard answer."""

        async def as_404(request, error):
            raise NotFoundError("as 404") from error

        def as_404_sync(request, error):
            raise NotFoundError("as 404") from error

        def again(request, error):
            raise error

        def configure(builder):
            builder.with_error_handler(KeyError, as_404 if is_async else as_404_sync)
            builder.with_error_handler(ForbiddenError, again)

        router = DefaultRouter()
        router.add_route("/key", raising(KeyError()))
        router.add_route("/forbidden", raising(ForbiddenError("again")))
        http = serve(router, configure).http
        assert (http.get("/key").status_code, http.get("/key").text) == (404, "as 404")
        assert (http.get("/forbidden").status_code, http.get("/forbidden").text) == (403, "again")

    @pytest.mark.parametrize("filtered", [False, True])
    def test_a_handler_that_returns_what_cannot_be_sent(self, serve, filtered):
        """Ends in a plain 500, not in a circle."""

        async def odd(request, error):
            return {1, 2}

        def configure(builder):
            builder.with_error_handler(Exception, odd)
            if filtered:
                builder.with_request_id()

        router = DefaultRouter()
        router.add_route("/", raising(KeyError()))
        router.add_route("/nested", lambda request: {"a": object()})
        http = serve(router, configure).http
        assert http.get("/").status_code == 500
        assert http.get("/nested").status_code == 500
        assert http.get("/none").status_code == 500


def test_other_requests_are_not_harmed(serve):
    """A crash belongs to its own request; the connection goes on."""
    router = DefaultRouter()
    router.add_route("/fail", raising(RuntimeError()))
    router.add_route("/ok", lambda request: "ok")
    answer = serve(router).raw(
        b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\nGET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1 500 ") == 1
    assert answer.endswith(b"\r\n\r\nok")


def test_the_explanation_of_development_mode_may_fail():
    """Then the answer is the plain 500 of production."""

    def explain(request, error):
        raise RuntimeError("in the page")

    converter = ErrorConverter({}, explain)

    class Request:
        method, raw_path = "GET", "/"

    response = converter(Request(), KeyError("x"))
    assert (response.status_code, response.body) == (500, "Internal Server Error")
