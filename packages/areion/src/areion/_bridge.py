"""Records of the parts, for a logger that is not built on the standard library's logging.

The parts write to ``logging.getLogger("areion.…")``. A ``BaseLogger`` that has no handler there would never see
those records; this hands them to it.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from areion_logger import Logger


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


def _method(level: int) -> str:
    if level >= logging.CRITICAL:
        return "critical"
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warning"
    return "info" if level >= logging.INFO else "debug"


def needs_bridge(target: object) -> bool:
    """Whether records of the ``areion`` tree would not reach ``target`` by themselves.

    They do reach areion-logger's, and one that wraps the tree's own logger or the root.
    """
    if isinstance(target, Logger):
        return False
    wrapped = getattr(target, "__dict__", {}).values()
    return not any(isinstance(each, logging.Logger) and each.name in {"root", "areion"} for each in wrapped)
