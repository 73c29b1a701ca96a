"""The process that serves under a reloading parent: asks it for sockets, tells it when it serves, ends with it."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from areion_http.server import loop_factory

from areion.reload.channel import Channel
from areion.server import AreionServer

# Beyond its shutdown_timeout a server takes this long for hooks, tasks and logs; then its loop is blocked.
_MARGIN: Final = 15.0

# What a process needs to hear that it is replaced, and to stop accepting.
_HANDOVER: Final = 0.03

# Exit statuses of a process that does not come to serve. With any other its parent waits for a change.
UNUSABLE: Final = 2
FAILED: Final = 3
NO_ADDRESS: Final = 4

PATIENCE: Final = 60.0
"""Seconds that a process may take to end, until its server says how many."""


def serve_child(descriptor: int, load: Callable[[], AreionServer]) -> int:
    """Load a server and serve with its parent's sockets until the parent says stop, or is gone.

    Args:
        descriptor: Of the socket to the parent.
        load: Makes the server.

    Returns:
        The exit status.
    """
    child = _Child(descriptor)
    child.start()
    child.wait_to_begin()
    server = load()
    return child.serve(server)


class _Child:
    """One end of the channel, and the server once there is one."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._channel = Channel(socket.socket(fileno=descriptor))
        self._answers: queue.SimpleQueue[tuple[dict[str, Any], list[int]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._server: AreionServer | None = None
        self._told_to_stop = False

    def start(self) -> None:
        """Listen to the parent from now on."""
        # Ctrl-C at a terminal reaches all its processes; it is the parent who says stop, once.
        signal.signal(signal.SIGINT, lambda *_: None)
        threading.Thread(target=self._listen, name="areion-reload", daemon=True).start()

    def wait_to_begin(self) -> None:
        """Wait until it is needed; all that does not belong to the program is loaded by now."""
        self._answers.get()

    def serve(self, server: AreionServer) -> int:
        """Serve until told to stop."""
        self._channel.send({"listen": _wanted(server), "patience": _patience(server) + 1.0})
        answer, descriptors = self._answers.get()
        if "error" in answer:
            return NO_ADDRESS
        for received in descriptors:
            os.set_inheritable(received, False)
        server.with_options(
            sockets=[socket.socket(fileno=received) for received in descriptors],
            unix_socket=None,
            workers=1,
            startup_hooks=(*server.options.startup_hooks, self._take_over),
        )
        with self._lock:
            self._server = server
            if self._told_to_stop:
                server.stop()
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
        threading.Thread(target=self._tell, args=(server,), daemon=True).start()
        # Not server.run(): its second signal cuts requests off, and here every signal comes to several processes.
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(server.start())
        return 0

    async def _take_over(self) -> None:
        """Let the process before stop accepting first, so that no old answer follows a new one.

        Who connects meanwhile waits in the socket, which the parent holds.
        """
        self._channel.send({"ready": True})
        await asyncio.sleep(_HANDOVER)

    def _tell(self, server: AreionServer) -> None:
        server.wait_listening()
        self._channel.send({"serving": server.url})

    def _listen(self) -> None:
        ended = False
        while not ended:
            messages, descriptors, ended = self._channel.receive()
            for message in messages:
                self._answers.put((message, descriptors))
        self._end()

    def _end(self) -> None:
        """Stop, and make sure of it: a blocked loop must not outlive its parent."""
        with self._lock:
            server = self._server
            self._told_to_stop = True
            if server is None:
                os._exit(0)  # nothing is served yet, and an import cannot be interrupted otherwise
            server.stop()
        time.sleep(_patience(server))
        sys.stderr.write("areion: the server did not stop in time; its process is ended\n")
        sys.stderr.flush()
        os._exit(1)


def _patience(server: AreionServer) -> float:
    """Return how many seconds a server may take to end."""
    return server.options.config.shutdown_timeout + _MARGIN


def _wanted(server: AreionServer) -> dict[str, Any]:
    """Say what a server wants to listen on."""
    options = server.options
    if options.sockets is not None:
        return {"own": True}
    if options.unix_socket is not None:
        mode = options.unix_socket_mode
        return {"unix_socket": options.unix_socket, "unix_socket_mode": mode, "backlog": options.backlog}
    return {"host": server.host, "port": server.port, "backlog": options.backlog}
