"""Response filters: each sees every response of a server, errors included."""

from areion.filters.base import ResponseFilter

__all__ = ["ResponseFilter"]
