"""The fixture ``areion_client``. Nothing of Areion is imported before a test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from areion.testing import TestClient


@pytest.fixture
def areion_client() -> Iterator[Callable[..., TestClient]]:
    """A function that starts a ``TestClient``: ``areion_client(app, **options)``; stopped after the test.

    The application is an ``AreionServer``, an ``AreionServerBuilder`` or a router; the options are those of
    ``areion.testing.TestClient``.
    """
    from areion.testing import TestClient

    with ExitStack() as clients:

        def start(app: Any, **options: Any) -> TestClient:
            return clients.enter_context(TestClient(app, **options))

        yield start
