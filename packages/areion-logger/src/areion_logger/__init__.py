"""Logging that never blocks the event loop: console, JSON and rotating files."""

from areion_logger.__about__ import __version__

__all__ = ["__version__"]
