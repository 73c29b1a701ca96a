"""Open a file by a path that somebody else chose, and be sure that it lies in the directory meant.

Checking a name and then opening it leaves a moment in which the name may be made to mean something else. So,
where the system allows it, the path is walked one open directory after the other, following no symbolic link.
A link is resolved by name, must end inside, and its target is walked in the same way. Elsewhere (Windows) the
opened file is compared with the name after the fact.
"""

# ruff: noqa: PTH116, PTH118, PTH206
# (names and descriptors go to the system as they are; a Path would normalise what is to be judged)

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Final

from areion_http.files import OPEN_FLAGS

_NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
# O_PATH needs only the right to search a directory, as any other access by name does.
_DIRECTORY_FLAGS: Final[int] = (
    getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
)
_CAN_WALK: Final = os.open in os.supports_dir_fd and _NO_FOLLOW != 0
# What opening a link without following it gives: as a file (ELOOP, BSD: EMLINK), as a directory (ENOTDIR).
_MAY_BE_LINK: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})

Accept = Callable[[Sequence[str]], bool]


class LinkRefusedError(FileNotFoundError):
    """A symbolic link leads to where nothing is served from."""


def open_beneath(root: str, segments: Sequence[str], accept: Accept, *, walk: bool = _CAN_WALK) -> int:
    """Open ``root/segments…`` for reading if it is inside ``root``.

    Args:
        root: A directory; links in its own path are trusted.
        segments: Names below it: none empty, ``.``, ``..``, or with a separator in it.
        accept: Asked about the segments that a symbolic link leads to; its target is refused on ``False``.
        walk: Whether to walk by open directories; needs ``dir_fd`` and ``O_NOFOLLOW``.

    Returns:
        A descriptor, of a directory perhaps.

    Raises:
        LinkRefusedError: If a symbolic link leads outside, or to what is not accepted.
        FileNotFoundError: If it is not there.
        OSError: As ``os.open``.
    """
    if not walk:
        return _open_and_compare(root, segments, accept)
    try:
        return _walk(root, segments)
    except OSError as error:
        if error.errno not in _MAY_BE_LINK:
            raise
    real_root, target = _resolve(root, segments, accept)
    # A link that is met now was put there this instant: it is not followed, and the error stands.
    return _walk(real_root, target)


def _walk(root: str, segments: Sequence[str]) -> int:
    if not segments:
        return os.open(root, OPEN_FLAGS)
    directory = os.open(root, _DIRECTORY_FLAGS)
    for segment in segments[:-1]:
        try:
            deeper = os.open(segment, _DIRECTORY_FLAGS | _NO_FOLLOW, dir_fd=directory)
        finally:
            os.close(directory)
        directory = deeper
    try:
        return os.open(segments[-1], OPEN_FLAGS | _NO_FOLLOW, dir_fd=directory)
    finally:
        os.close(directory)


def _resolve(root: str, segments: Sequence[str], accept: Accept) -> tuple[str, list[str]]:
    """Return the real root, and the segments below it that the path really means."""
    real_root = os.path.realpath(root, strict=True)
    real = os.path.realpath(os.path.join(real_root, *segments), strict=True)
    prefix = real_root.rstrip(os.sep) + os.sep
    if real == real_root:
        return real_root, []
    target = real.removeprefix(prefix).split(os.sep)
    if not real.startswith(prefix) or not accept(target):
        raise LinkRefusedError(errno.ENOENT, "a symbolic link leads to where nothing is served from", real)
    return real_root, target


def _open_and_compare(root: str, segments: Sequence[str], accept: Accept) -> int:
    real_root, target = _resolve(root, segments, accept)
    real = os.path.join(real_root, *target)
    descriptor = os.open(real, OPEN_FLAGS)
    try:
        if os.path.realpath(real, strict=True) != real or not os.path.samestat(
            os.fstat(descriptor), os.stat(real)
        ):
            raise FileNotFoundError(errno.ENOENT, "the path was changed while it was opened", real)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
