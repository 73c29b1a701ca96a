"""Response filters: each sees every response of a server, errors included.

Only their base is imported with the package; each of the others when a builder asks for it.
"""

from areion.filters.base import ResponseFilter

__all__ = ["ResponseFilter"]
