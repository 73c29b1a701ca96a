"""Content codings: which there are on this machine, and which a client prefers (RFC 9110 §12.5.3)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

# Levels for content made anew for each response: most of the gain for a fraction of the time.
_GZIP_LEVEL: Final = 5
_BROTLI_QUALITY: Final = 4
_ZSTD_LEVEL: Final = 3


class Compressor(Protocol):
    """Compresses one body."""

    def compress(self, data: bytes) -> bytes:
        """Take more of the body."""

    def flush(self) -> bytes:
        """Return all that has been taken in, so that the client can read it."""

    def finish(self) -> bytes:
        """Return the end."""


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)

    def compress(self, data: bytes) -> bytes:
        return self._compressor.compress(data)

    def flush(self) -> bytes:
        return self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._compressor.flush(zlib.Z_FINISH)


class _Brotli:
    def __init__(self, module: Any) -> None:
        self._compressor = module.Compressor(quality=_BROTLI_QUALITY)

    def compress(self, data: bytes) -> bytes:
        done: bytes = self._compressor.process(data)
        return done

    def flush(self) -> bytes:
        done: bytes = self._compressor.flush()
        return done

    def finish(self) -> bytes:
        done: bytes = self._compressor.finish()
        return done


class _Zstd:
    """Over the standard library's module (Python 3.14), or one of the same face."""

    def __init__(self, module: Any) -> None:
        self._compressor = module.ZstdCompressor(level=_ZSTD_LEVEL)
        self._flush_block = self._compressor.FLUSH_BLOCK
        self._flush_frame = self._compressor.FLUSH_FRAME

    def compress(self, data: bytes) -> bytes:
        done: bytes = self._compressor.compress(data)
        return done

    def flush(self) -> bytes:
        done: bytes = self._compressor.flush(self._flush_block)
        return done

    def finish(self) -> bytes:
        done: bytes = self._compressor.flush(self._flush_frame)
        return done


def available() -> dict[str, Callable[[], Compressor]]:
    """Return what makes compressors, by coding, the best first."""
    found: dict[str, Callable[[], Compressor]] = {}
    zstd = _first("compression.zstd", "backports.zstd")
    if zstd is not None:
        found["zstd"] = lambda: _Zstd(zstd)
    brotli = _first("brotli", "brotlicffi")
    if brotli is not None:
        found["br"] = lambda: _Brotli(brotli)
    found["gzip"] = _Gzip
    return found


def _first(*names: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def choose(accept: Sequence[str], codings: Sequence[str]) -> str | None:
    """Return the coding to use, None for none.

    Args:
        accept: The values of Accept-Encoding.
        codings: What can be done, the preferred first; it decides between equal weights.

    >>> choose(["gzip;q=0.5, br"], ["br", "gzip"])
    'br'
    >>> choose(["identity, gzip;q=0"], ["gzip"])
    """
    weights: dict[str, float] = {}
    for part in ",".join(accept).split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    everything = weights.get("*", 0.0)
    best = max(codings, key=lambda name: weights.get(name, everything), default=None)
    return best if best is not None and weights.get(best, everything) > 0 else None


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
