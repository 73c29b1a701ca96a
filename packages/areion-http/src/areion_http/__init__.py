"""HTTP/1.1 server in pure Python on asyncio: strict on the wire, bounded by default, fast."""

from areion_http.__about__ import __version__

__all__ = ["__version__"]
