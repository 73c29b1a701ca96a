"""A process that serves, as its parent sees it: started, told to begin, told to stop."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Sequence

from areion.reload.channel import Channel
from areion.reload.child import PATIENCE


class ServingProcess:
    """A process that serves, or will, or did."""

    def __init__(self, command: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [*command, "--reload-child", str(theirs.fileno())]
            self.popen = subprocess.Popen(arguments, pass_fds=[theirs.fileno()])  # noqa: S603 - our own command
        self.channel = Channel(ours)
        self.began = 0.0
        self.serving = False
        self.patience = PATIENCE
        self.stopped = False
        self.kill_at: float | None = None

    def begin(self) -> None:
        """Let it load the program."""
        self.began = time.monotonic()
        self.channel.send({"begin": True})

    def stop(self, seconds: float | None = None) -> None:
        """Tell it to finish its requests and end, and kill it after so many seconds."""
        if not self.stopped:
            self.stopped = True
            self.channel.close()
        if seconds is not None:
            self.kill_at = time.monotonic() + seconds
