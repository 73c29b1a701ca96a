"""One of several processes that serve: from the fork to its end.

What the supervisor does with it is the matter of ``_workers``.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from areion.server import AreionServer

logger: Final = logging.getLogger("areion.workers")

STOPPED_BY_PROGRAM: Final = 0
"""Exit status of a worker whose program called ``server.stop()``: all are to stop."""
STOPPED_BY_SIGNAL: Final = 128 + signal.SIGTERM
"""Exit status of a worker that was told to stop from outside."""
FAILED: Final = 1
"""Exit status of a worker that could not start or go on; it has said why."""


def work(
    server: AreionServer, sockets: Sequence[socket.socket], ready: int, alive: int, *, first: bool
) -> NoReturn:
    """Serve, and end the process.

    Args:
        server: What to run, as the supervisor had it when it forked.
        sockets: What to listen on.
        ready: Descriptor to write a byte to when requests are accepted.
        alive: Descriptor whose other end closes with the supervisor.
        first: Whether this is the one whose cron jobs fire.
    """
    status = FAILED
    try:
        server.options = replace(server.options, workers=1, sockets=tuple(sockets), unix_socket=None)
        if not first:
            _leave_jobs(server)
        by_program = server.run_worker(ready, alive)
        status = STOPPED_BY_PROGRAM if by_program else STOPPED_BY_SIGNAL
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else FAILED
    except BaseException:
        logger.critical("a worker (process %d) failed", os.getpid(), exc_info=True)
    finally:
        _flush(server)
        # Not sys.exit: what the supervisor registered to be done at its exit is not for its children.
        os._exit(status)


def take_signals() -> None:
    """Undo what the supervisor does at signals; until the server runs, SIGTERM ends the process.

    Ctrl-C and the end of a terminal reach all its processes; it is the supervisor who says stop, once. Signals are
    not ignored, as programs that a handler starts would ignore them too.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


def _leave_jobs(server: AreionServer) -> None:
    """Pause the cron jobs, those too that startup hooks will schedule, unless processes agree by a store."""
    orchestrator: Any = server.orchestrator
    if getattr(orchestrator, "has_store", False):
        return

    def pause() -> None:
        for job in getattr(orchestrator, "jobs", ()):
            job.pause()

    pause()
    server.options = replace(server.options, startup_hooks=(*server.options.startup_hooks, pause))


def _flush(server: AreionServer) -> None:
    flush = getattr(server.logger, "flush", None)
    if flush is not None:
        flush()
    sys.stdout.flush()
    sys.stderr.flush()
