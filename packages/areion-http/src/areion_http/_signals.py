"""Signals as a loop tells of them: which calls of a handler mean the same one."""

from __future__ import annotations

import asyncio
from typing import Final

# The second call comes a turn after the first, or two.
_TURNS: Final = 4


class SameSignal:
    """Tells a signal that has come again from one that the loop tells of twice.

    uvloop does so when another signal comes at the same time, as Ctrl-C and a supervisor's SIGTERM do: it
    hears of each by Python's handler and by a pipe, which then do not meet in one turn.
    """

    __slots__ = ("_heard",)

    def __init__(self) -> None:
        self._heard = False

    def again(self) -> bool:
        """Note a call of the handler; return whether it is for the same signal as the one before."""
        if self._heard:
            return True
        self._heard = True
        self._forget(_TURNS)
        return False

    def _forget(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._forget, turns - 1)
        else:
            self._heard = False
