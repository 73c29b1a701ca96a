"""Jinja2 templates with safe defaults for web services."""

from areion_engine.__about__ import __version__

__all__ = ["__version__"]
