"""From ``module:attribute`` on the command line to a server."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from areion.builder import AreionServerBuilder
from areion.server import AreionServer


class TargetError(Exception):
    """What was named cannot be served; the text says why in one line."""


def find_target(name: str) -> Any:
    """Import what ``module:attribute`` names; the current folder is searched first.

    Args:
        name: For example ``"app:server"``; the attribute may be dotted.

    Raises:
        TargetError: If it has another form, the module is not there or fails to import, or it has no such
            attribute.
    """
    module_name, colon, attribute = name.partition(":")
    if not module_name or not colon or not attribute:
        raise TargetError(f"expected module:attribute, for example app:server, got {name!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise TargetError(f"there is no module {error.name!r} in {here} or on the path") from None
        raise TargetError(f"{module_name!r} could not be imported: {error}") from error
    except Exception as error:
        raise TargetError(
            f"{module_name!r} could not be imported: {type(error).__name__}: {error}"
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise TargetError(f"{module_name!r} has no attribute {attribute!r}")
        found = getattr(found, part)
    return found


def as_builder_or_server(found: Any, name: str) -> AreionServerBuilder | AreionServer:
    """Return the server or builder that a target is, or a builder around it if it is a router.

    Raises:
        TargetError: If it is none of these.
    """
    if isinstance(found, (AreionServer, AreionServerBuilder)):
        return found
    if callable(getattr(found, "get_handler", None)) and callable(getattr(found, "add_route", None)):
        return AreionServerBuilder().with_router(found)
    raise TargetError(
        f"{name} is a {type(found).__qualname__}; expected an AreionServer, an AreionServerBuilder or a router"
    )


def load_server(name: str, *, host: str | None = None, port: int | None = None) -> AreionServer:
    """Return the server that a target names, with host and port changed if given.

    Raises:
        TargetError: If there is none.
    """
    found = as_builder_or_server(find_target(name), name)
    try:
        server = found.build() if isinstance(found, AreionServerBuilder) else found
    except ValueError as error:
        raise TargetError(f"{name} cannot be built: {error}") from error
    if host is not None:
        server.host = host
    if port is not None:
        server.port = port
    return server
