"""The ``areion`` command."""

from areion.cli.main import main

__all__ = ["main"]
