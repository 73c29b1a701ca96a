"""The parent of a server that reloads: it holds the listening sockets and starts one process after another.

It imports nothing of the program. When a source changes, a new process loads the program beside the one that
serves; when that is ready, the old one is told to finish its requests and go. Both accept from the same sockets,
which the parent never closes, so that no client is refused. A new process that fails leaves the old one serving,
and the next change gets the next try. A spare process waits with everything loaded but the program: starting Python
and importing Areion is most of what a restart takes.

One thread, one selector; signals and the watcher's thread wake it through a socket.
"""

from __future__ import annotations

import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from areion_http import ListenError

from areion._terminal import paint, tell
from areion.reload.child import NO_ADDRESS, UNUSABLE
from areion.reload.listeners import HeldSockets
from areion.reload.process import ServingProcess
from areion.reload.sources import forget_bytecode
from areion.reload.watch import Watcher

# How long a replaced process may take for the requests it has; streams that never end must not collect them.
REPLACED_TIME: Final = 10.0
# Everything that happens wakes the selector; only the deadlines of processes that leave need a look now and then.
_TICK: Final = 0.5

# What ends the first process and cannot be mended by a change of its sources, and the exit status for it.
_HOPELESS: Final = {UNUSABLE: 2, NO_ADDRESS: 1}

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def reload_server(command: Sequence[str], folders: Sequence[Path], *, descriptor: int | None = None) -> int:
    """Serve, and start anew whenever a source changes, until SIGINT or SIGTERM.

    Args:
        command: Starts a process that serves; ``--reload-child N`` is added to it, and that process calls
            `serve_child` with N.
        folders: Where the sources are.
        descriptor: A socket that listens already.

    Returns:
        The exit status: 0 after a signal; else that of the process that served.
    """
    try:
        held = HeldSockets(descriptor)
    except ListenError as error:
        tell(error.strerror or str(error))
        return 1
    try:
        return Supervisor(command, folders, held).run()
    finally:
        held.close()


class Supervisor:
    """Starts, watches and replaces the process that serves.

    Args:
        command: As for `reload_server`.
        folders: As for `reload_server`.
        held: The listening sockets.
    """

    def __init__(self, command: Sequence[str], folders: Sequence[Path], held: HeldSockets) -> None:
        self._command = command
        self._held = held
        self._selector = selectors.DefaultSelector()
        self._watcher = Watcher(folders, self._on_change)
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._lock = threading.Lock()
        self._changes: dict[str, float] = {}
        self._signals = 0
        self._heard = 0
        self._spare: ServingProcess | None = None
        self._serving: ServingProcess | None = None
        self._starting: ServingProcess | None = None
        self._leaving: list[ServingProcess] = []
        self._replacing = False
        self._reason = ""

    def run(self) -> int:
        """Run until a signal, or until a server ends by itself with success."""
        for each in (self._wake_receiver, self._wake_sender):
            each.setblocking(False)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ)
        before = {number: signal.signal(number, self._on_signal) for number in (*_SIGNALS, signal.SIGCHLD)}
        wakeup = signal.set_wakeup_fd(self._wake_sender.fileno(), warn_on_full_buffer=False)
        self._watcher.start()
        if self._watcher.is_partial():
            tell("there are too many files here to watch all of them; start in a smaller folder")
        try:
            self._start()
            status = None
            while status is None:
                status = self._turn()
            return status
        finally:
            self._end_all()
            self._watcher.stop()
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.close()
            self._wake_receiver.close()
            self._wake_sender.close()

    # -- one turn -----------------------------------------------------------------------------------------

    def _turn(self) -> int | None:
        """Wait for something to happen and deal with it; return the exit status at the end."""
        for key, _ in self._selector.select(_TICK):
            if key.fileobj is self._wake_receiver:
                self._wake_receiver.recv(4096)
            else:
                self._listen_to(key.data)
        while self._heard < self._signals:
            self._heard += 1
            self._stop_all(kill=self._heard > 1)
        self._kill_overdue()
        status = self._reap()
        if self._signals:
            return 0 if not self._processes() else None
        changes = self._take_changes()
        if changes and status is None:
            self._restart(changes)
        return status

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Count; the wakeup descriptor ends the waiting."""
        del frame
        if number in _SIGNALS:
            self._signals += 1

    def _on_change(self, paths: Sequence[str]) -> None:
        """Take changes from the watcher's thread."""
        with self._lock:
            self._changes.update(dict.fromkeys(paths, time.monotonic()))
        try:
            self._wake_sender.send(b"\0")
        except BlockingIOError:
            return  # it is awake

    def _take_changes(self) -> list[str]:
        with self._lock:
            changes, self._changes = self._changes, {}
        return list(changes)

    # -- processes ----------------------------------------------------------------------------------------

    def _start(self) -> None:
        process, self._spare = self._spare, None
        if process is None or process.popen.poll() is not None:
            process = ServingProcess(self._command)
        self._starting = process
        self._selector.register(process.channel, selectors.EVENT_READ, process)
        process.begin()

    def _discard_spare(self) -> None:
        """End the spare process; it has nothing to finish."""
        if self._spare is not None:
            self._spare.stop()
            self._spare.popen.kill()
            self._leaving.append(self._spare)
            self._spare = None

    def _restart(self, changes: Sequence[str]) -> None:
        if self._starting is not None:
            # It has read files that are not what they were.
            self._dismiss(self._starting, 0)
            self._starting.popen.kill()
            self._starting.popen.wait()
            self._starting = None
        forget_bytecode(changes)
        if self._spare is not None and not _own_files().isdisjoint(changes):
            self._discard_spare()
        self._reason = _summary(changes)
        tell(f"{self._reason} changed")
        self._start()

    def _listen_to(self, process: ServingProcess) -> None:
        if process.stopped:
            return  # it was replaced in this very turn
        messages, _, ended = process.channel.receive()
        for message in messages:
            if "listen" in message:
                process.patience = message["patience"]
                self._hand_over(process, message["listen"])
            elif "ready" in message:
                self._make_way()
            elif "serving" in message:
                self._promote(process, message["serving"])
        if ended:
            self._forget(process)
            process.stop()

    def _hand_over(self, process: ServingProcess, wanted: dict[str, Any]) -> None:
        """Answer a process that asks for its sockets."""
        try:
            sockets = self._held.get(wanted)
        except ListenError as error:
            tell(paint(error.strerror or str(error), "red", stream=sys.stderr))
            process.channel.send({"error": True})
        else:
            process.channel.send({"sockets": len(sockets)}, sockets)

    def _make_way(self) -> None:
        """The new process is about to accept: the old one accepts no more, finishes what it has, and goes."""
        if self._serving is not None:
            self._dismiss(self._serving, REPLACED_TIME)
            self._serving = None
            self._replacing = True

    def _promote(self, process: ServingProcess, url: str) -> None:
        """The new process serves."""
        process.serving = True
        self._serving, self._starting = process, None
        if self._replacing:
            tell(
                paint(f"reloaded after {time.monotonic() - process.began:.2f} s", "green", stream=sys.stderr)
            )
        else:
            tell(f"serving {url}, watching for changes by {self._watcher.how}")
        self._replacing = False
        if self._spare is None:
            self._spare = ServingProcess(self._command)

    def _forget(self, process: ServingProcess) -> None:
        """Listen to it no more."""
        if not process.stopped:
            self._selector.unregister(process.channel)

    def _dismiss(self, process: ServingProcess, seconds: float | None) -> None:
        self._forget(process)
        process.stop(seconds)
        self._leaving.append(process)

    def _reap(self) -> int | None:
        """Deal with processes that have ended; return an exit status if there is no use in going on."""
        self._leaving = [process for process in self._leaving if process.popen.poll() is None]
        if self._signals:
            return None
        for process in (self._starting, self._serving):
            if process is None or process.popen.poll() is None:
                continue
            self._forget(process)
            process.stop()
            status = process.popen.returncode
            if process is self._starting:
                self._starting = None
                if self._serving is None and status in _HOPELESS:
                    return _HOPELESS[status]
                self._tell_failure()
            else:
                self._serving = None
                if status == 0 and self._starting is None:
                    return 0
                tell(
                    paint(
                        f"the server ended with status {status}; waiting for a change",
                        "red",
                        stream=sys.stderr,
                    )
                )
        return None

    def _tell_failure(self) -> None:
        if self._serving is None:
            tell(paint("the program does not start; waiting for a change", "red", stream=sys.stderr))
        else:
            tell(
                paint(
                    "the program does not start; what ran before goes on, until the next change",
                    "red",
                    stream=sys.stderr,
                )
            )

    # -- the end ------------------------------------------------------------------------------------------

    def _processes(self) -> list[ServingProcess]:
        there = [*self._leaving, self._starting, self._serving]
        return [process for process in there if process is not None and process.popen.poll() is None]

    def _stop_all(self, *, kill: bool) -> None:
        self._discard_spare()
        for process in self._processes():
            self._forget(process)
            process.stop(0 if kill else process.patience)

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for process in self._processes():
            if process.kill_at is not None and now >= process.kill_at:
                if process.serving:
                    tell("a process with unfinished requests is ended")
                process.popen.kill()

    def _end_all(self) -> None:
        """Leave nothing behind, whatever ended the loop."""
        self._discard_spare()
        for process in self._processes():
            process.stop()
            process.popen.kill()
            process.popen.wait()


def _own_files() -> set[str]:
    """Return the files that this process, and thereby a spare one, has loaded."""
    return {
        str(module.__file__) for module in tuple(sys.modules.values()) if getattr(module, "__file__", None)
    }


def _summary(paths: Sequence[str]) -> str:
    here = Path.cwd()
    names = [
        str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path for path in paths[:3]
    ]
    return ", ".join(names) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
