"""Logging that never blocks the event loop: console, JSON and rotating files."""

from areion_logger.__about__ import __version__
from areion_logger.base import BaseLogger
from areion_logger.context import Binding, bind_context, current_context, unbind_context
from areion_logger.formatters import ConsoleFormatter, EntryFormatter, JsonFormatter
from areion_logger.handler import LogHandler
from areion_logger.logger import Logger

__all__ = [
    "BaseLogger",
    "Binding",
    "ConsoleFormatter",
    "EntryFormatter",
    "JsonFormatter",
    "LogHandler",
    "Logger",
    "__version__",
    "bind_context",
    "current_context",
    "unbind_context",
]
