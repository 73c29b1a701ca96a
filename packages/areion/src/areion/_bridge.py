"""Records of the parts, for a logger that is not built on the standard library's logging.

The parts write to ``logging.getLogger("areion.…")``. A ``BaseLogger`` that has no handler there would never see
those records; this hands them to it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from areion_logger import Logger

_TREE: Final = "areion"
_lock: Final = threading.Lock()
_attached: Final[list[LogBridge]] = []
_level_before = logging.NOTSET


class LogBridge(logging.Handler):
    """Hands every record of the ``areion`` tree to a logger with ``debug`` to ``critical`` methods.

    Args:
        target: The logger; its methods get the finished text, with the traceback if there is one.
    """

    def __init__(self, target: Any) -> None:
        super().__init__()
        self._target = target
        self._text = logging.Formatter("%(message)s")
        self._busy = threading.local()

    def attach(self) -> None:
        """Begin. Unless somebody has set a level, all are handed on: which to drop, the target decides.

        Of several bridges to one target, one hands records on.
        """
        global _level_before
        tree = logging.getLogger(_TREE)
        with _lock:
            if not _attached:
                _level_before = tree.level
                if tree.level == logging.NOTSET:
                    tree.setLevel(logging.DEBUG)
            _attached.append(self)
            _join(tree, self._target)

    def detach(self) -> None:
        """End; the last bridge puts the level back."""
        tree = logging.getLogger(_TREE)
        with _lock:
            tree.removeHandler(self)
            _attached.remove(self)
            _join(tree, self._target)
            if not _attached and _level_before == logging.NOTSET and tree.level == logging.DEBUG:
                tree.setLevel(logging.NOTSET)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on one record; a logger that raises is reported as ``logging`` does."""
        if getattr(self._busy, "now", False):
            return  # the target itself writes to this tree
        self._busy.now = True
        try:
            getattr(self._target, _method(record.levelno))(self._text.format(record))
        except Exception:  # noqa: BLE001 - logging's own way: a log line must not end a request
            self.handleError(record)
        finally:
            self._busy.now = False


def _join(tree: logging.Logger, target: Any) -> None:
    """Let the first bridge to a target be the one that the tree knows."""
    first = next((bridge for bridge in _attached if bridge._target is target), None)
    if first is not None:
        tree.addHandler(first)


def _method(level: int) -> str:
    if level >= logging.CRITICAL:
        return "critical"
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warning"
    return "info" if level >= logging.INFO else "debug"


@contextmanager
def bridged(target: Any) -> Iterator[None]:
    """Lead the records of the ``areion`` tree to a logger that does not get them by itself."""
    if not needs_bridge(target):
        yield
        return
    bridge = LogBridge(target)
    bridge.attach()
    try:
        yield
    finally:
        bridge.detach()


def needs_bridge(target: object) -> bool:
    """Whether records of the ``areion`` tree would not reach ``target`` by themselves.

    They do reach areion-logger's, the tree's own logger and the root, and what wraps one of these.
    """
    if isinstance(target, Logger):
        return False
    if isinstance(target, logging.Logger):
        return not _reached(target)
    wrapped = getattr(target, "__dict__", {}).values()
    return not any(isinstance(each, logging.Logger) and _reached(each) for each in wrapped)


def _reached(logger: logging.Logger) -> bool:
    return logger.name in {"root", _TREE}
