"""The test clients: httpx clients whose requests go to an application in the same process."""

from __future__ import annotations

from typing import Any, Final

from areion.server import AreionServer
from areion.testing._httpx import httpx
from areion.testing.transport import AreionTransport

_HOST: Final = "testserver"
_TIMEOUT: Final = 30.0
"""Seconds without progress after which a test fails, in place of httpx's 5: test machines can be slow."""


class TestClient(httpx.Client):
    """An ``httpx.Client`` for one application, in memory; see :class:`AreionTransport` for what that means.

    Cookies, files, forms, JSON, redirects, streaming and authentication are httpx's. Use it in a ``with``
    statement: the application starts where that begins, and stops where it ends. Without one it starts at the
    first request, and stops at ``close()``.

    >>> from areion import DefaultRouter
    >>> router = DefaultRouter()
    >>> router.add_route("/hello/:name", lambda request, name: {"hello": name})
    >>> with TestClient(router) as client:
    ...     client.get("/hello/you").json()
    {'hello': 'you'}

    Args:
        app: An ``AreionServer``, an ``AreionServerBuilder``, or a router.
        base_url: What paths are relative to; its host is the Host field. Default: ``http://testserver``.
        https: Let the default base_url begin with ``https``.
        raise_server_exceptions: Raise here what a handler raises and nothing in the application turns into a
            response. False gives the response that a client would get, a 500.
        client: Address that the application sees; None as over a unix socket.
        fail_on_blocking: Raise ``BlockedLoopError`` when a handler has kept the loop from anything else for so
            many seconds, 0.1 for example. None for never.
        options: Whatever else ``httpx.Client`` takes: ``headers``, ``cookies``, ``follow_redirects``,
            ``timeout``… The environment (proxies, ``.netrc``) is not looked at unless ``trust_env=True``.

    Attributes:
        server: The application as a server.

    Raises:
        TypeError: If ``app`` is none of these.
        ValueError: If ``fail_on_blocking`` is no number of seconds from 0.001 to 3600.
    """

    __test__ = False  # pytest: not a class of tests

    def __init__(
        self,
        app: Any,
        *,
        base_url: str | httpx.URL | None = None,
        https: bool = False,
        raise_server_exceptions: bool = True,
        client: tuple[str, int] | None = ("127.0.0.1", 50000),
        fail_on_blocking: float | None = None,
        **options: Any,
    ) -> None:
        transport = AreionTransport(
            app,
            raise_server_exceptions=raise_server_exceptions,
            client=client,
            fail_on_blocking=fail_on_blocking,
        )
        self.server: AreionServer = transport.server
        super().__init__(transport=transport, base_url=_base_url(base_url, https), **_defaults(options))


class AsyncTestClient(httpx.AsyncClient):
    """An ``httpx.AsyncClient`` for one application, which runs on the loop of the test.

    Use it in an ``async with`` statement: the application starts where that begins, and stops where it ends.
    Without one it starts at the first request, and stops at ``await client.aclose()``.

    Args:
        app: As for :class:`TestClient`, and so are all others; ``options`` are those of ``httpx.AsyncClient``.

    Attributes:
        server: The application as a server.

    Raises:
        TypeError, ValueError: As there.
    """

    __test__ = False

    def __init__(
        self,
        app: Any,
        *,
        base_url: str | httpx.URL | None = None,
        https: bool = False,
        raise_server_exceptions: bool = True,
        client: tuple[str, int] | None = ("127.0.0.1", 50000),
        fail_on_blocking: float | None = None,
        **options: Any,
    ) -> None:
        transport = AreionTransport(
            app,
            raise_server_exceptions=raise_server_exceptions,
            client=client,
            fail_on_blocking=fail_on_blocking,
        )
        self.server: AreionServer = transport.server
        super().__init__(transport=transport, base_url=_base_url(base_url, https), **_defaults(options))


def _base_url(base_url: str | httpx.URL | None, https: bool) -> str | httpx.URL:
    if base_url is None:
        return f"{'https' if https else 'http'}://{_HOST}"
    return base_url


def _defaults(options: dict[str, Any]) -> dict[str, Any]:
    return {"timeout": _TIMEOUT, "trust_env": False} | options
