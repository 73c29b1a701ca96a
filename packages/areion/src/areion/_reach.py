"""Who can connect to where a server listens. Loaded by the review of an application, and in development mode."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from areion.server import AreionServer


def is_public(server: AreionServer) -> bool:
    """Tell whether other machines can connect to where a server listens."""
    if server.options.unix_socket is not None or server.options.sockets is not None:
        return False
    if server.host == "localhost":
        return False
    try:
        return not ip_address(server.host).is_loopback
    except ValueError:
        return True  # a name that is resolved elsewhere, or "" for every interface


def development_warning(server: AreionServer) -> str | None:
    """Say what is wrong with a server's address in development mode; None if nothing is."""
    if not is_public(server):
        return None
    where = f"host {server.host!r}" if server.host else "every interface"
    return (
        f"development mode shows sources and variables to whoever causes an error, and on {where} "
        "other machines can connect; listen on 127.0.0.1, or leave development mode"
    )
