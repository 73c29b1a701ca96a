"""One adapter for each router that is compared: build from (method, pattern) pairs, then look up.

Strategy: each adapter calls what its framework calls for a request, with everything prepared that the
    framework itself
would have at hand, and no more. A look-up ends with the handler and the parameters, or with an exception or
`None`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Routes = Iterable[tuple[str, str]]
Lookup = Callable[[str, str], object]


def _braces(pattern: str) -> str:
    return re.sub(r":(\w+)", r"{\1}", pattern)


def _angles(pattern: str) -> str:
    return re.sub(r":(\w+)", r"<\1>", pattern)


def _by_pattern(routes: Routes) -> dict[str, list[str]]:
    methods: dict[str, list[str]] = {}
    for method, pattern in routes:
        methods.setdefault(pattern, []).append(method)
    return methods


def areion(routes: Routes) -> Lookup:
    from areion_router import Router

    router = Router()
    for method, pattern in routes:
        router.add_route(pattern, lambda request: None, method)
    router.freeze()
    return router.get_handler


def falcon(routes: Routes) -> Lookup:
    from falcon.routing import CompiledRouter

    router = CompiledRouter()
    for pattern, methods in _by_pattern(routes).items():
        responders = {f"on_{method.lower()}": (lambda self, req, resp, **params: None) for method in methods}
        router.add_route(_braces(pattern), type("Resource", (), responders)())
    find = router.find

    def lookup(method: str, path: str) -> object:
        found = find(path)
        if found is None:
            return None
        _, method_map, params, _ = found
        return method_map[method], params

    lookup("GET", "/")  # it compiles on first use
    return lookup


def starlette(routes: Routes) -> Lookup:
    from starlette.routing import Match, Route

    async def endpoint(request: object) -> None:
        return None

    table = [Route(_braces(pattern), endpoint, methods=[method]) for method, pattern in routes]

    def lookup(method: str, path: str) -> object:
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        for route in table:
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                return child_scope
        return None

    return lookup


def sanic(routes: Routes) -> Lookup:
    from sanic_routing import BaseRouter

    class Router(BaseRouter):
        def get(self, path: str, method: str) -> object:
            return self.resolve(path=path, method=method)

    router = Router()
    for pattern, methods in _by_pattern(routes).items():
        router.add(_angles(pattern), lambda request: None, methods=methods)
    router.finalize()
    get = router.get
    return lambda method, path: get(path, method)


def werkzeug(routes: Routes) -> Lookup:
    from werkzeug.routing import Map, Rule

    rules = [
        Rule(_angles(pattern), endpoint=index, methods=[method])
        for index, (method, pattern) in enumerate(routes)
    ]
    match = Map(rules).bind("localhost").match
    return lambda method, path: match(path, method)


def aiohttp(routes: Routes) -> Lookup:
    from aiohttp.web_urldispatcher import UrlDispatcher
    from yarl import URL

    async def handler(request: object) -> None:
        return None

    dispatcher = UrlDispatcher()
    for method, pattern in routes:
        dispatcher.add_route(method, _braces(pattern), handler)

    class Request:  # what resolve() reads of a request
        __slots__ = ("method", "rel_url")

        def __init__(self, method: str, path: str) -> None:
            self.method = method
            self.rel_url = URLS[path] if path in URLS else URLS.setdefault(path, URL(path, encoded=True))

    URLS: dict[str, URL] = {}
    resolve = dispatcher.resolve

    def lookup(method: str, path: str) -> object:
        try:
            resolve(Request(method, path)).send(None)
        except StopIteration as stop:
            return None if stop.value.http_exception else stop.value
        raise AssertionError("resolve() waited")

    return lookup


def blacksheep(routes: Routes) -> Lookup:
    from blacksheep.server.routing import Router

    async def handler(request: object) -> None:
        return None

    router = Router()
    for method, pattern in routes:
        router.add(method, pattern, handler)
    router.apply_routes()
    router.sort_routes()
    return router.get_match_by_method_and_path


CONTENDERS: dict[str, Callable[[Routes], Lookup]] = {
    "areion-router": areion,
    "falcon": falcon,
    "sanic-routing": sanic,
    "blacksheep": blacksheep,
    "aiohttp": aiohttp,
    "werkzeug": werkzeug,
    "starlette": starlette,
}
