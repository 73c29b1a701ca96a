"""Compiled templates in a folder: one file for each way of compiling, out of strangers' reach.

Jinja names its files by template alone. But code for the sandbox, for awaiting and for escaping differs, and
to take one for another would, for one, let a template out of the sandbox; so what shapes the code is part of
the name here.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

import jinja2
from jinja2.bccache import FileSystemBytecodeCache


def bytecode_cache_in(
    folder: str | os.PathLike[str] | None, environment: jinja2.Environment
) -> jinja2.BytecodeCache | None:
    """Return the cache for an environment's code in a folder, which is made, for this user alone, if need be.

    Raises:
        TypeError: `folder` is not a path.
        ValueError: It is not a folder, or everybody may write to it.
        OSError: It cannot be made.
    """
    if folder is None:
        return None
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"bytecode_cache: expected a path, got {folder!r} of type {type(folder).__name__}")
    path = Path(folder).absolute()
    if path.exists() and not path.is_dir():
        raise ValueError(f"bytecode_cache: {str(path)!r} is not a folder")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32" and path.stat().st_mode & stat.S_IWOTH:
        raise ValueError(
            f"bytecode_cache: everybody may write to {str(path)!r}, and what is in it is run; "
            "use a folder of your own"
        )
    return _Cache(str(path), f"areion-{_digest(environment)}-%s.cache", environment)


class _Cache(FileSystemBytecodeCache):
    """Files named by template, by whether its values are escaped, and by all that shapes every template's code."""

    def __init__(self, directory: str, pattern: str, environment: jinja2.Environment) -> None:
        super().__init__(directory, pattern)
        self._escapes = environment.autoescape

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return the part of the file's name that is the template's."""
        escaped = self._escapes(name) if callable(self._escapes) else self._escapes
        return f"{super().get_cache_key(name, filename)}-{'escaped' if escaped else 'plain'}"


def _digest(environment: jinja2.Environment) -> str:
    """Return a name for everything that shapes the code compiled from a template's text."""
    shape = (
        jinja2.__version__,
        environment.sandboxed,
        sorted(getattr(environment, "intercepted_binops", ())),
        environment.is_async,
        environment.undefined.__name__,
        environment.trim_blocks,
        environment.lstrip_blocks,
        environment.keep_trailing_newline,
        sorted(environment.extensions),
    )
    return hashlib.sha256(repr(shape).encode()).hexdigest()[:16]
