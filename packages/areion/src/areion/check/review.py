"""All checks in order; each is a function from a server to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from areion.check.files import check_static_files
from areion.check.findings import Finding, Severity
from areion.check.handlers import check_handlers
from areion.check.origins import check_origins
from areion.check.routing import check_routes
from areion.check.settings import check_settings
from areion.server import AreionServer

CHECKS: Final[tuple[Callable[[AreionServer], Iterator[Finding]], ...]] = (
    check_settings,
    check_static_files,
    check_origins,
    check_routes,
    check_handlers,
)


def review(server: AreionServer) -> list[Finding]:
    """Look at a server that is built and not served: at its settings, files, routes and handlers' sources.

    No handler is called. What the sources do not show, such as functions that are chosen while the program runs,
    is not guessed at.

    Returns:
        The findings, the worst first, without repetitions.
    """
    order: dict[Any, int] = {severity: rank for rank, severity in enumerate(Severity)}
    found = dict.fromkeys(finding for check in CHECKS for finding in check(server))
    return sorted(found, key=lambda finding: order[finding.severity])
