"""A directory served by path. What a path may say is decided on its text; what it means, on the open file.

``response_body`` looks at the text alone and costs no system call. Everything that blocks happens in
``FileBody.open``, in the connection's worker thread. Nothing here knows about routes or event loops.
"""

# ruff: noqa: PTH100, PTH110, PTH112, PTH118
# (names and descriptors go to the system as they are; a Path would normalise what is to be judged)

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from areion_http._beneath import LinkRefusedError, open_beneath
from areion_http._conditional import FieldSource
from areion_http.errors import NotFoundError
from areion_http.files import ABSENT, FileBody, FileDelivery
from areion_http.headers import check_value

_log: Final = logging.getLogger("areion.http")

# Linux's NAME_MAX and PATH_MAX; no common file system goes further.
_MAX_NAME: Final = 255
_MAX_PATH: Final = 4096

# Separators of other systems, and controls, which no file meant for the web has in its name.
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\\]")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
# Windows opens devices, streams and other spellings of a name by these, in any folder.
_WINDOWS_ONLY: Final = re.compile(
    r'.*[:*?"<>|]|.*[. ]\Z|(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?: *\..*)?\Z',
    re.IGNORECASE,
)


class _HasPath(Protocol):
    """A request, as far as it matters here."""

    @property
    def path(self) -> str: ...


class StaticFiles:
    """Serves the files below a directory, and nothing else.

    A path is refused as not found when it is absolute, has an empty segment, ``.`` or ``..``, a backslash, a
    control character or a drive letter, names a dot-file (unless ``hidden``), follows a symbolic link out of
    the directory or to a dot-file, or ends at anything but a regular file.

    An instance is a handler: ``router.get("/static/*rest")(StaticFiles("static"))``.

    Args:
        directory: The directory. A link in its own path is followed anew for each request, so that a release
            can be swapped below a running server.
        index: The file that stands for a folder, as ``"index.html"``. A folder asked for without its final
            slash is redirected to it, for relative links to work. Default: folders are not found.
        hidden: Whether names that start with a dot are served.
        cache_control: The value of Cache-Control for every file. Default: no such field.

    Raises:
        ValueError: If ``directory`` does not exist or is none, or another argument makes no sense.
    """

    __slots__ = ("cache_control", "directory", "hidden", "index")

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        index: str | None = None,
        hidden: bool = False,
        cache_control: str | None = None,
    ) -> None:
        path = os.path.abspath(os.fsdecode(directory))
        if not os.path.isdir(path):
            raise ValueError(
                f"static directory: {path!r} "
                f"{'is not a directory' if os.path.exists(path) else 'does not exist'}"
            )
        self.directory: Final = Path(path)
        self.hidden: Final = hidden
        if index is not None and self._problem([index]):
            raise ValueError(f"index: expected the name of a file, as 'index.html', got {index!r}")
        self.index: Final = index
        self.cache_control: Final = (
            None if cache_control is None else check_value("Cache-Control", cache_control)
        )

    def __repr__(self) -> str:
        return f"StaticFiles({str(self.directory)!r})"

    def __call__(self, request: _HasPath, rest: str = "") -> FileBody:
        """Answer a request: ``rest`` is the decoded path below the place where the files are mounted."""
        if rest and not rest.endswith("/") and request.path.endswith("/"):
            rest += "/"
        return self.response_body(rest)

    def response_body(self, path: str) -> FileBody:
        """Return the body for a path, unopened. Costs no system call.

        Args:
            path: The percent-decoded path below the directory, without a leading slash. It is not decoded
                again: ``%2e%2e`` is taken for a file of that name.

        Raises:
            NotFoundError: If the path may not be served for what it says.
        """
        return _StaticFile(self, self._split(path), slash=path.endswith("/") or not path)

    def resolve(self, path: str) -> Path:
        """Return the file that a path stands for; blocks.

        For tools and tests. Do not open what it returns in place of ``response_body``: the name may mean
        another file by then.

        Raises:
            NotFoundError: If nothing would be served for the path.
        """
        body = _StaticFile(self, self._split(path), slash=path.endswith("/") or not path)
        try:
            descriptor, name = body._open_descriptor()
        except _FolderWithoutSlash:
            raise NotFoundError from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotFoundError
        finally:
            os.close(descriptor)
        return Path(name)

    def _split(self, path: str) -> list[str]:
        """Take a path apart, or refuse it.

        Raises:
            NotFoundError: If it may not be served.
        """
        if len(path) > _MAX_PATH:
            raise NotFoundError
        segments = path.removesuffix("/").split("/") if path else []
        if self._problem(segments):
            raise NotFoundError
        return segments

    def _problem(self, segments: Sequence[str]) -> bool:
        return any(is_unsafe_name(segment) or (segment[0] == "." and not self.hidden) for segment in segments)

    def _accept(self, segments: Sequence[str]) -> bool:
        return not self._problem(segments)


def is_unsafe_name(segment: str, *, windows: bool = os.name == "nt") -> bool:
    """Tell whether a segment of a path may not be handed to the file system.

    Args:
        segment: One segment, percent-decoded.
        windows: Whether to apply Windows' own rules too: device names, streams, trailing dots and blanks.
    """
    try:
        length = len(os.fsencode(segment))
    except UnicodeEncodeError:
        return True
    return (
        segment in {"", ".", ".."}
        or "/" in segment
        or length > _MAX_NAME
        or _FORBIDDEN.search(segment) is not None
        or _DRIVE.match(segment) is not None
        or (windows and _WINDOWS_ONLY.match(segment) is not None)
    )


class _FolderWithoutSlash(Exception):  # noqa: N818  # not an error: it is answered with a redirect
    """A folder that has an index was asked for without its final slash."""


class _StaticFile(FileBody):
    """A file below a directory; the path is resolved when it is opened."""

    __slots__ = ("_files", "_segments", "_slash")

    def __init__(self, files: StaticFiles, segments: Sequence[str], *, slash: bool) -> None:
        super().__init__(os.path.join(files.directory, *segments), cache_control=files.cache_control)
        self._files = files
        self._segments = segments
        self._slash = slash

    def open(
        self,
        method: str,
        headers: FieldSource,
        *,
        status: int = 200,
        content_type: str | None = None,
        now: float | None = None,
    ) -> FileDelivery:
        try:
            return super().open(method, headers, status=status, content_type=content_type, now=now)
        except _FolderWithoutSlash:
            # Relative to the request's own target (RFC 9110 §10.2.2), wherever the files are mounted; "./"
            # keeps a name with a colon from being read as a scheme.
            location = f"./{quote(self._segments[-1].encode('utf-8', 'surrogateescape'))}/"
            return FileDelivery(301, [("Location", location)])

    def _open_descriptor(self) -> tuple[int, str]:
        try:
            return self._open_file()
        except OSError as error:
            # The client learns nothing; the operator, who can mend these two, is told.
            if isinstance(error, (LinkRefusedError, PermissionError)):
                _log.warning("static file %s is not served: %s", ascii(self.path), error)
                raise NotFoundError from error
            if error.errno in ABSENT:
                raise NotFoundError from error
            raise

    def _open_file(self) -> tuple[int, str]:
        """Open the file, or the index of the folder.

        Raises:
            NotFoundError: If the final slash of the path says otherwise than what is there.
            OSError: As ``os.open``.
        """
        descriptor = self._open_at(self._segments)
        is_folder = self._is_folder(descriptor)
        if not is_folder and not self._slash:
            return descriptor, self.path
        os.close(descriptor)
        index = self._files.index
        if not is_folder or index is None:
            raise NotFoundError
        if not self._slash:
            raise _FolderWithoutSlash
        return self._open_at([*self._segments, index]), os.path.join(self.path, index)

    def _open_at(self, segments: Sequence[str]) -> int:
        return open_beneath(str(self._files.directory), segments, self._files._accept)

    @staticmethod
    def _is_folder(descriptor: int) -> bool:
        try:
            return stat.S_ISDIR(os.fstat(descriptor).st_mode)
        except BaseException:
            os.close(descriptor)
            raise
