"""Waits for sources to change: with watchfiles where that is installed, by looking again and again elsewhere."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from areion.reload.sources import MOST_FILES, changed, is_skipped, is_source, look

Notify = Callable[[Sequence[str]], None]

# Seconds between two looks. Looking may take a twentieth of a processor; a large project is looked at less often.
_INTERVAL: Final = 0.25
_SHARE: Final = 0.05
_LONGEST: Final = 2.0
# Saving several files, or one in several steps, is one change: it is over when nothing happens for so long.
_SETTLED: Final = 0.05
_MOST_SETTLING: Final = 20


class Watcher:
    """Calls ``notify(paths)`` from a thread of its own whenever sources have changed.

    Args:
        folders: What to watch, sub-folders too.
        notify: Called with the changed paths.
    """

    def __init__(self, folders: Sequence[Path], notify: Notify) -> None:
        self._folders = _outermost(folders)
        self._notify = notify
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._watchfiles = _watchfiles()
        self.how = "polling" if self._watchfiles is None else "watchfiles"

    def start(self) -> None:
        """Begin; what changed before does not count."""
        ready = threading.Event()
        work = self._poll if self._watchfiles is None else partial(self._listen, self._watchfiles)
        self._thread = threading.Thread(target=work, args=(ready,), name="areion-reload", daemon=True)
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def is_partial(self) -> bool:
        """Tell whether there are too many files to look at all of them."""
        return self.how == "polling" and len(look(self._folders)) >= MOST_FILES

    def _poll(self, ready: threading.Event) -> None:
        state = look(self._folders)
        ready.set()
        pause = _INTERVAL
        while not self._stop.wait(pause):
            began = time.monotonic()
            now = look(self._folders)
            pause = min(_LONGEST, max(_INTERVAL, (time.monotonic() - began) / _SHARE))
            if now == state:
                continue
            for _ in range(_MOST_SETTLING):
                before, now = now, self._look_later()
                if now == before:
                    break
            self._notify(changed(state, now))
            state = now

    def _look_later(self) -> Any:
        self._stop.wait(_SETTLED)
        return look(self._folders)

    def _listen(self, watchfiles: Any, ready: threading.Event) -> None:
        changes = watchfiles.watch(
            *self._folders,
            watch_filter=_Filter(self._folders),
            step=int(_SETTLED * 1000),
            debounce=int(_SETTLED * _MOST_SETTLING * 1000),
            stop_event=self._stop,
            yield_on_timeout=True,
            rust_timeout=int(_INTERVAL * 1000),
            raise_interrupt=False,
        )
        ready.set()
        for found in changes:
            if found:
                self._notify(sorted({path for _, path in found}))


class _Filter:
    """The same choice of files as polling makes, for watchfiles."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def __call__(self, _change: object, path: str) -> bool:
        file = Path(path)
        if not is_source(file.name):
            return False
        for folder in self._folders:
            if file.is_relative_to(folder):
                between = file.relative_to(folder).parts[:-1]
                return not any(
                    is_skipped(name) or (folder.joinpath(*between[: index + 1]) / "pyvenv.cfg").exists()
                    for index, name in enumerate(between)
                )
        return False


def _watchfiles() -> ModuleType | None:
    """Return the module, which is no dependency of this package."""
    try:
        return importlib.import_module("watchfiles")
    except ImportError:
        return None


def _outermost(folders: Sequence[Path]) -> list[Path]:
    """Leave out folders that are inside others."""
    found = sorted({folder.resolve() for folder in folders})
    return [
        folder
        for folder in found
        if not any(other != folder and folder.is_relative_to(other) for other in found)
    ]
