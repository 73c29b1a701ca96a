"""Path router for any web framework: typed parameters, groups, middleware, no dependencies."""

from areion_router.__about__ import __version__

__all__ = ["__version__"]
