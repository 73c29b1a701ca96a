"""Routers of other makes: however they say that there is nothing, clients get the same answers."""

import pytest
from areion import BaseRouter, DefaultRouter, MethodNotAllowedError, NotFoundError
from areion._facts import finder_of


class Table(BaseRouter):
    """The least that a router can be; its kinds differ in how they say no."""

    def __init__(self):
        self.table = {}

    def add_route(self, path, handler, methods=("GET",), middlewares=None, **options):
        self.table.setdefault(path, {}).update(dict.fromkeys(methods, handler))

    def get_handler(self, method, path):
        raise AssertionError("see the kinds")


class HttpErrors(Table):
    """As areion's own errors for handlers."""

    def get_handler(self, method, path):
        if path not in self.table:
            raise NotFoundError("nothing here")
        if method not in self.table[path]:
            raise MethodNotAllowedError
        return self.table[path][method], {}, False


class TellsMethods(HttpErrors):
    """And says which methods a path has."""

    def get_allowed_methods(self, path):
        return list(self.table.get(path, ()))


class NoHandler(Table):
    """As 1.x documented it: None in place of a handler."""

    def get_handler(self, method, path):
        return self.table.get(path, {}).get(method), {}, None


class NoMatch(Table):
    """None in place of a match."""

    def get_handler(self, method, path):
        handler = self.table.get(path, {}).get(method)
        return None if handler is None else (handler, {}, False)


@pytest.mark.parametrize("kind", [HttpErrors, TellsMethods, NoHandler, NoMatch, DefaultRouter])
def test_what_a_router_does_not_find(serve, kind):
    """404, 405 with Allow, HEAD by GET, OPTIONS by the methods of the path."""
    router = kind()
    router.add_route("/a", lambda request: "answer", methods=["GET"])
    router.add_route("/a", lambda request: "put", methods=["PUT"])
    http = serve(router).http
    assert http.get("/a").text == "answer"
    assert (http.head("/a").status_code, http.head("/a").headers["content-length"]) == (200, "6")
    refused, asked = http.post("/a"), http.options("/a")
    assert (refused.status_code, asked.status_code) == (405, 204)
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD", "PUT", "OPTIONS"}
    assert refused.headers["allow"] == asked.headers["allow"]
    assert [http.request(method, "/none").status_code for method in ("GET", "HEAD", "POST")] == [404] * 3


def test_a_table_by_method_and_path(serve):
    """A router that knows of no methods says 404 where it could say 405; HEAD is still answered by GET."""

    class Flat(HttpErrors):
        def get_handler(self, method, path):
            if method not in self.table.get(path, {}):
                raise NotFoundError("nothing here")
            return self.table[path][method], {}, False

    router = Flat()
    router.add_route("/a", lambda request: "answer")
    http = serve(router).http
    assert (http.head("/a").status_code, http.post("/a").status_code) == (200, 404)
    assert http.get("/none").text == "nothing here"


def test_an_allow_field_of_the_routers_own(serve):
    """It is sent as it is."""

    class Own(HttpErrors):
        def get_handler(self, method, path):
            raise MethodNotAllowedError(headers={"allow": "BREW"})

    answer = serve(Own()).http.get("/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "BREW")


def test_a_fault_of_a_router_is_no_404(serve, records):
    """A KeyError is a mistake somewhere: 500, and logged."""

    class Faulty(Table):
        def get_handler(self, method, path):
            return self.table[path][method], {}, False

    assert serve(Faulty()).http.get("/none").status_code == 500
    assert any(each.exc_info and isinstance(each.exc_info[1], KeyError) for each in records)


def test_areion_routers_is_asked_directly():
    """Nothing stands between dispatch and the default router, nor a subclass that finds as it does."""

    class Mine(DefaultRouter):
        pass

    for router in (DefaultRouter(), Mine()):
        assert finder_of(router) == router.get_handler
