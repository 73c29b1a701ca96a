"""What happens to live orchestrators when their process ends or forks."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Any, Protocol


class Resident(Protocol):
    """What must be told of the process's turns."""

    def shutdown(self) -> Any:
        """End all work; the program ends."""

    def after_fork(self) -> None:
        """Begin anew: this is a forked child."""


_residents: weakref.WeakSet[Resident] = weakref.WeakSet()


def register(resident: Resident) -> None:
    """Tell `resident` from now on, as long as it lives."""
    _residents.add(resident)


@atexit.register
def _shut_down_all() -> None:
    """Let tasks finish when a program ends without a shutdown; daemon threads would be cut off."""
    for resident in list(_residents):
        resident.shutdown()


def _begin_anew() -> None:
    for resident in list(_residents):
        resident.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
