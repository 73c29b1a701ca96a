"""The sockets that a reloading parent holds, so that they stay open from one process that serves to the next."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from areion_http import ListenError
from areion_http.listeners import adopt, close_listener, inherited, listen


class HeldSockets:
    """Binds what a program asks for; asked for the same again, it gives the same sockets.

    Args:
        descriptor: A socket that listens already, to be used whatever the program asks for.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._wanted: Mapping[str, Any] | None = None
        self._sockets: list[socket.socket] = []
        self._given = inherited() if descriptor is None else [adopt(descriptor)]

    def get(self, wanted: Mapping[str, Any]) -> Sequence[socket.socket]:
        """Return listening sockets.

        Args:
            wanted: Arguments of `areion_http.listeners.listen`, as a child says them.

        Raises:
            ListenError: If the address cannot be listened on; what was held before stays so.
        """
        if self._given:
            return self._given
        if wanted == self._wanted:
            return self._sockets
        if "own" in wanted:
            raise ListenError(
                None,
                "the program brings its own sockets (with_sockets), which cannot be kept through a reload",
            )
        bound = listen(**wanted)
        self.close()
        self._wanted, self._sockets = dict(wanted), bound
        return bound

    def close(self) -> None:
        """Close what was bound here, and remove the files of unix sockets."""
        for each in self._sockets:
            close_listener(each)
        self._wanted, self._sockets = None, []
