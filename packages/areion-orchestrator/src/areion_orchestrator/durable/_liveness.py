"""Which of the processes that share a store are alive: each holds a lock on a file of its own.

The kernel drops the lock when the process ends, however it ends. So a killed process is known to be dead at
once, and one that is merely stopped, swapped out or asleep with its machine is not taken for dead: with leases
that expire, it would wake up to find its task running a second time beside it. Works on one machine only.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Owner:
    """This process's place among the owners of a store's tasks.

    Args:
        path: The store's file; lock files are made beside it.

    Attributes:
        id: What this owner's tasks are marked with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.id, self._descriptor = self._register()

    def is_alive(self, owner: str) -> bool:
        """Tell whether the process behind an owner's id is alive; a dead one's lock file is removed."""
        if owner == self.id:
            return True
        try:
            descriptor = os.open(self._file(owner), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            _lock(descriptor)
        except OSError:
            return True
        else:
            self._remove(owner)
            return False
        finally:
            os.close(descriptor)

    def others(self) -> list[str]:
        """Return the ids of all other owners, dead or alive, that have left a lock file."""
        prefix = f"{self._path.name}-owner-"
        names = [entry.name for entry in self._path.parent.iterdir()]
        found = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        return [owner for owner in found if owner != self.id]

    def release(self) -> None:
        """Leave; nothing may be marked with this id any more."""
        self._remove(self.id)
        os.close(self._descriptor)
        self._remove(self.id)  # where an open file cannot be removed

    def forget(self) -> None:
        """Give up a copy of the lock in a forked child; the parent keeps it."""
        os.close(self._descriptor)

    def _register(self) -> tuple[str, int]:
        while True:
            owner = uuid4().hex
            descriptor = os.open(self._file(owner), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _lock(descriptor)
                if os.path.samestat(os.fstat(descriptor), Path(self._file(owner)).stat()):
                    return owner, descriptor
            except OSError:
                pass
            # Another process looked for dead owners between the two calls, and took this one for one.
            os.close(descriptor)

    def _file(self, owner: str) -> str:
        return f"{self._path}-owner-{owner}"

    def _remove(self, owner: str) -> None:
        with suppress(FileNotFoundError, PermissionError):
            Path(self._file(owner)).unlink()
