"""The page at /__areion__/."""

import time

import pytest
from areion import AreionServerBuilder, DefaultRouter, UnauthorizedError
from areion.testing import TestClient


@pytest.fixture
def router() -> DefaultRouter:
    router = DefaultRouter()
    router.add_route("/books/:id<int>", lambda request, **params: params)
    router.add_route("/broken", lambda request: 1 / 0)
    router.add_route("/slow", lambda request: time.sleep(0.2))
    return router


def profiled(router) -> AreionServerBuilder:
    app = AreionServerBuilder().with_router(router).with_development_mode().with_profiling()
    return app.with_info("Books <&> more", "4.5")


def test_data(router):
    """The data tell routes, totals, the slowest requests and what has blocked the loop."""
    with TestClient(profiled(router)) as client:
        for number in range(5):
            client.get(f"/books/{number}?token=secret")
        client.get("/slow")
        client.get("/books/9")
        found = client.get("/__areion__/data.json").json()
    assert (found["title"], found["version"], found["development"]) == ("Books <&> more", "4.5", True)
    assert [(one["method"], one["route"], one["count"]) for one in found["routes"]] == [
        ("GET", "/books/:id<int>", 6),
        ("GET", "/slow", 1),
    ]
    assert found["all"]["count"] == sum(one["count"] for one in found["seconds"]) == 7
    assert found["slowest"][0]["path"] == "/slow"
    assert set(found["slowest"][0]["phases"]) == set(found["phases"])
    assert found["blocked"]["threshold"] == 100
    assert "secret" not in str(found)


def test_page_itself_is_not_counted(router):
    """Looking at the page changes no number, and its responses carry no timing."""
    with TestClient(profiled(router)) as client:
        for path in ("/__areion__/", "/__areion__/data.json", "/__areion__/profile.js"):
            assert "server-timing" not in client.get(path).headers
        assert client.get("/__areion__/data.json").json()["all"]["count"] == 0


def test_page_and_files(router):
    """Page and files come out of the package, under a strict policy, uncached; the folder's slash is added."""
    with TestClient(profiled(router)) as client:
        page = client.get("/__areion__/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert client.get("/__areion__/profile.css").headers["content-type"].startswith("text/css")
        assert client.get("/__areion__/profile.js").headers["content-type"].startswith("text/javascript")
        assert client.get("/__areion__/profile.py").status_code == 404
        moved = client.get("/__areion__")
        assert (moved.status_code, moved.headers["location"]) == (307, "__areion__/")
        assert client.get("/__areion__", follow_redirects=True).url.path == "/__areion__/"


def test_global_middleware_guards_it(router):
    """Global middleware wraps the page: an application can keep it from the public."""

    def only_admins(handler):
        def check(request, **params):
            if request.get_header("X-Admin") is None:
                raise UnauthorizedError
            return handler(request, **params)

        return check

    router.add_global_middleware(only_admins)
    with TestClient(profiled(router)) as client:
        for path in ("/__areion__/", "/__areion__/data.json", "/__areion__/profile.js"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"X-Admin": "1"}).status_code == 200


def test_without_watchdog(router):
    """With no watchdog there is nothing to tell of blockages."""
    with TestClient(profiled(router).with_watchdog(on=False)) as client:
        assert client.get("/__areion__/data.json").json()["blocked"] is None
