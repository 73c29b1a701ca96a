"""Files as responses: what to answer is decided here, blocking; how it is sent is the connection's business.

``FileBody`` names a file and costs nothing. ``FileBody.open``, to be called in a worker thread, opens the
file, judges the request's conditions and ranges against what it *opened* (never against a name, which may
come to mean another file), and returns a ``FileDelivery``: status, header fields, and the segments to send.
Small contents are read at once, so that the connection needs neither a second trip to a thread nor
``sendfile``. There is no event loop and no socket here.

References: RFC 9110 §8.8 (validators), §13 (conditions), §14 (ranges), §15.4.5 (304).
"""

# ruff: noqa: PTH119
# (names and descriptors go to the system as they are; a Path would normalise what is to be judged)

from __future__ import annotations

import errno
import io
import os
import stat
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeAlias

from areion_http._conditional import (
    FieldSource,
    check_etag,
    combined,
    evaluate_conditionals,
    if_range_holds,
)
from areion_http._disposition import content_disposition
from areion_http._httpdate import format_http_date, parse_http_date
from areion_http._media_types import DEFAULT_MEDIA_TYPE, guess_media_type
from areion_http._ranges import ByteRange, content_range, multipart_frame, parse_range, unsatisfied_range
from areion_http.errors import NotFoundError
from areion_http.headers import check_value

__all__ = [
    "DEFAULT_MEDIA_TYPE",
    "INLINE_LIMIT",
    "FileBody",
    "FileDelivery",
    "Segment",
    "content_disposition",
    "evaluate_conditionals",
    "file_etag",
    "format_http_date",
    "guess_media_type",
    "parse_http_date",
]

#: Bytes up to which a content is read while the file is open anyway, and sent together with its head: one
#: system call for both. Above it, the bytes should not pass through Python at all.
INLINE_LIMIT: Final = 64 * 1024

# A file may change twice within one tick of its file system's clock and keep its time: 10 ms for a kernel
# with 100 ticks a second, 2 s for stamps without a fraction (FAT). So long the entity tag stays weak.
_FINE_TICK_NS: Final = 10_000_000
_COARSE_TICK_NS: Final = 2_000_000_000

# Never wait for the other end of a named pipe, never become a terminal's session, never translate newlines.
OPEN_FLAGS: Final[int] = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY", "O_NOINHERIT")
)
# What the file system says when there is no such file, or none that could be sent.
ABSENT: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO, errno.EINVAL}
)

#: Bytes to send as they are, or (offset, count) of the file.
Segment: TypeAlias = bytes | tuple[int, int]


@dataclass(slots=True)
class FileDelivery:
    """What to send for a file; close it when that is done or given up.

    A file may be cut short by somebody else while it is being sent. The sender then reads fewer bytes than
    the segment says and must abort the connection, because ``Content-Length`` has been announced.

    Attributes:
        status: 200, 206, 304, 412 or 416, or the status asked for; 301 for a folder without its slash.
        headers: The fields that belong to this answer, ``Content-Length`` excepted. They win over fields of
            the same name that the application set.
        content_length: The value for ``Content-Length``: the sum of the segments, and for HEAD what GET would
            have sent. Of no meaning for 304, which carries none.
        segments: What to send, in order; empty for HEAD and 304.
        file: The open file that ``(offset, count)`` segments refer to, unbuffered; ``None`` if there are
            none.
    """

    status: int
    headers: list[tuple[str, str]]
    content_length: int = 0
    segments: list[Segment] = field(default_factory=list)
    file: io.FileIO | None = None

    def close(self) -> None:
        """Close the file, if one is open. May be called again."""
        if self.file is not None:
            self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FileBody:
    """A file to be sent as a response's body. Cheap to make: nothing is opened until ``open``.

    Args:
        path: The file. Never build it from a request's text; ``StaticFiles`` does that safely.
        content_type: The media type. Default: by the name, from a fixed table.
        download_name: A name to save it under; makes the disposition ``attachment`` unless given otherwise.
        disposition: ``"attachment"`` or ``"inline"``. Default: none, or as ``download_name`` says.
        cache_control: The value of Cache-Control. Default: no such field.
        etag: The entity tag, quotes included. Default: from modification time and size, see ``file_etag``.

    Raises:
        ValueError: If the path holds NUL, or a value may not stand in its field.
    """

    __slots__ = ("cache_control", "content_type", "disposition", "download_name", "etag", "path")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        content_type: str | None = None,
        download_name: str | None = None,
        disposition: str | None = None,
        cache_control: str | None = None,
        etag: str | None = None,
    ) -> None:
        self.path = os.fsdecode(path)
        if "\0" in self.path:
            raise ValueError(f"path: NUL cannot be part of one, got {path!r}")
        self.content_type = (
            guess_media_type(self.path) if content_type is None else check_value("Content-Type", content_type)
        )
        self.download_name = download_name
        self.disposition = disposition
        if disposition is None and download_name is not None:
            self.disposition = "attachment"
        if self.disposition is not None:
            content_disposition(download_name, self.disposition)
        self.cache_control = None if cache_control is None else check_value("Cache-Control", cache_control)
        self.etag = None if etag is None else check_etag(etag)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def open(
        self,
        method: str,
        headers: FieldSource,
        *,
        status: int = 200,
        content_type: str | None = None,
        now: float | None = None,
    ) -> FileDelivery:
        """Open the file and decide how to answer. **Blocks**: call it in a worker thread.

        Conditions are judged for GET and HEAD that would be answered 200 (RFC 9110 §13.2.1). Ranges are for
        GET
        alone: a server must ignore Range in any other method, HEAD included (§14.2).

        Args:
            method: The request's method.
            headers: The request's header fields.
            status: The status to answer with; conditions and ranges apply to 200 only.
            content_type: A media type that wins over the body's own, in parts of several ranges too.
            now: Unix time of the present. Default: the clock.

        Returns:
            What to send. The caller closes it.

        Raises:
            NotFoundError: If there is no such file, or it is a directory, pipe, socket or device.
            OSError: If it cannot be read for any other reason (permissions, descriptors used up).
        """
        descriptor, name = self._open_descriptor()
        try:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                raise NotFoundError
            file = io.FileIO(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
        try:
            # What was opened may have another name: a folder's index.
            own_type = self.content_type if name == self.path else guess_media_type(name)
            content = self._content_fields(name, content_type or own_type)
            if status == 200 and method in {"GET", "HEAD"}:
                delivery = self._select(content, info, method, headers, time.time() if now is None else now)
            else:
                delivery = _whole(status, content + self._cache_fields(), info.st_size, method)
            _attach(delivery, file)
        except BaseException:
            file.close()
            raise
        return delivery

    def _open_descriptor(self) -> tuple[int, str]:
        """Open the file; return the descriptor and the name that tells its type."""
        try:
            return os.open(self.path, OPEN_FLAGS), self.path
        except OSError as error:
            if error.errno in ABSENT:
                raise NotFoundError from error
            raise

    def _content_fields(self, name: str, content_type: str) -> list[tuple[str, str]]:
        """Return the fields that describe the content; the type comes first."""
        fields = [("Content-Type", content_type)]
        if self.disposition is not None:
            filename = self.download_name or os.path.basename(name)
            fields.append(("Content-Disposition", content_disposition(filename, self.disposition)))
        return fields

    def _cache_fields(self) -> list[tuple[str, str]]:
        return [] if self.cache_control is None else [("Cache-Control", self.cache_control)]

    def _select(
        self,
        content: list[tuple[str, str]],
        info: os.stat_result,
        method: str,
        headers: FieldSource,
        now: float,
    ) -> FileDelivery:
        """Judge conditions, then ranges (RFC 9110 §13.2.2). Segments refer to the file; nothing is read."""
        size = info.st_size
        etag = self.etag or file_etag(info.st_mtime_ns, size, now_ns=int(now * 1e9))
        modified = min(info.st_mtime_ns // 1_000_000_000, int(now))  # §8.8.2.1: never later than Date
        caching = [*self._cache_fields(), ("ETag", etag), ("Last-Modified", format_http_date(modified))]
        outcome = evaluate_conditionals(method, headers, etag, modified)
        if outcome == 304:
            return FileDelivery(304, caching)
        if outcome == 412:
            return _explain(412, [], "Precondition failed: the file is another version now", method)

        fields = [*content, *caching, ("Accept-Ranges", "bytes")]
        range_field = combined(headers, "range") if method == "GET" else None
        if range_field is not None and if_range_holds(headers, etag, modified, now):
            ranges = parse_range(range_field, size)
            if ranges is not None:
                return _partial(ranges, size, fields)
        return _whole(200, fields, size, method)


def file_etag(mtime_ns: int, size: int, *, now_ns: int) -> str:
    """Make the entity tag of a file from its modification time and size.

    The inode is left out, so that several machines with copies of one tree agree. The tag is strong, unless
    the file was changed so recently (or its time lies in the future) that it could change again and keep its
    time: then it is weak, which serves caching but joins no ranges (RFC 9110 §8.8.1). Those who replace
    files without changing time and size give a tag of their own.

    >>> file_etag(1_500_000_000_123_456_789, 4096, now_ns=1_600_000_000_000_000_000)
    '"14d1120d8271cd15-1000"'

    Args:
        mtime_ns: Time of the last modification in nanoseconds since the epoch.
        size: Length in bytes.
        now_ns: The present, as ``mtime_ns``.
    """
    tick = _FINE_TICK_NS if mtime_ns % 1_000_000_000 else _COARSE_TICK_NS
    weak = "W/" if now_ns - mtime_ns < tick else ""
    return f'{weak}"{mtime_ns:x}-{size:x}"'


def _whole(status: int, fields: list[tuple[str, str]], size: int, method: str) -> FileDelivery:
    return FileDelivery(status, fields, size, [(0, size)] if size and method != "HEAD" else [])


def _partial(ranges: list[ByteRange], size: int, fields: list[tuple[str, str]]) -> FileDelivery:
    """Answer a Range field that applies: 206 with one part or several, or 416."""
    if not ranges:
        fields = [("Content-Range", unsatisfied_range(size)), ("Accept-Ranges", "bytes")]
        return _explain(416, fields, f"Range not satisfiable: the file has {size} bytes", "GET")
    if len(ranges) == 1:
        part = ranges[0]
        length = part.stop - part.start
        return FileDelivery(
            206, [*fields, ("Content-Range", content_range(part, size))], length, [(part.start, length)]
        )
    # 128 random bits: nobody can have put the boundary into the file.
    boundary = os.urandom(16).hex()
    heads, tail = multipart_frame(ranges, size, fields[0][1], boundary)
    segments: list[Segment] = []
    for head, part in zip(heads, ranges, strict=True):
        segments += [head, (part.start, part.stop - part.start)]
    segments.append(tail)
    length = sum(len(item) if isinstance(item, bytes) else item[1] for item in segments)
    fields = [("Content-Type", f"multipart/byteranges; boundary={boundary}"), *fields[1:]]
    return FileDelivery(206, fields, length, segments)


def _explain(status: int, fields: list[tuple[str, str]], text: str, method: str) -> FileDelivery:
    """Answer with a line of text, which HEAD announces and does not send."""
    body = text.encode("ascii")
    fields = [("Content-Type", "text/plain; charset=utf-8"), *fields]
    return FileDelivery(status, fields, len(body), [] if method == "HEAD" else [body])


def _attach(delivery: FileDelivery, file: io.FileIO) -> None:
    """Give the delivery its file, or read what is small and close it."""
    wanted = sum(segment[1] for segment in delivery.segments if not isinstance(segment, bytes))
    if wanted > INLINE_LIMIT:
        delivery.file = file
        return
    if wanted:
        parts = [
            segment if isinstance(segment, bytes) else _read(file, *segment) for segment in delivery.segments
        ]
        delivery.segments = [b"".join(parts)]
    file.close()


def _read(file: io.FileIO, offset: int, count: int) -> bytes:
    """Read exactly ``count`` bytes.

    Raises:
        OSError: If the file has become shorter than it was when it was opened.
    """
    file.seek(offset)
    data = file.read(count)
    while len(data) < count:
        more = file.read(count - len(data))
        if not more:
            raise OSError(
                errno.EIO, f"the file was cut to less than {offset + count} bytes while it was read"
            )
        data += more
    return data
