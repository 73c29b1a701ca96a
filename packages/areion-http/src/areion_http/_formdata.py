"""What a parsed form is: fields and uploaded files, and the limits that a form must keep."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from areion_http._multidict import MultiDict
from areion_http.headers import Headers

if TYPE_CHECKING:
    from tempfile import SpooledTemporaryFile

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """Bounds on one form. The defaults hold on the open internet; all sizes are in bytes.

    The server's own limit on bodies applies before these.

    Raises:
        ValueError: If a limit is not an int, or is negative.
    """

    # PHP and Django take 1000 as well: more than any page made for people has, too few to hurt a dict.
    max_fields: int = 1000
    # Each file over the spool threshold costs a descriptor, of which a process often has 1024.
    max_files: int = 20
    # A long article in a text area; fields are kept in memory.
    max_field_size: int = 1 * MIB
    # All fields together: what one form may occupy in memory besides the spools.
    max_fields_total: int = 4 * MIB
    # A camera's raw image or a short video.
    max_file_size: int = 32 * MIB
    # The whole body with its framing.
    max_total: int = 64 * MIB
    # Three fields of a part take 200 bytes; a file's name may be a few hundred more.
    max_part_header_size: int = 8 * KIB
    # Content-Disposition, Content-Type, Content-Transfer-Encoding, and a client's own.
    max_part_headers: int = 16
    # Up to here a file stays in memory: icons and documents cost no disk, twenty files 5 MiB.
    spool_threshold: int = 256 * KIB

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{limit.name}: expected an int, 0 or more, got {value!r}")


DEFAULT_LIMITS = FormLimits()


class UploadedFile:
    """A file that came with a form, in memory or, when it is large, in an unnamed temporary file on disk.

    It is gone once it is closed, at the latest when the request ends; ``save`` what is to stay.

    Attributes:
        filename: What the client calls it: **any text**, with separators perhaps. Show it, but never make a
            path of it (RFC 7578 §4.2).
        content_type: What the client says it is, ``application/octet-stream`` if it says nothing. Not
            checked.
        size: Length in bytes.
        headers: The part's own header fields.
        file: The content, a binary file open at its start.
    """

    __slots__ = ("content_type", "file", "filename", "headers", "size")

    def __init__(
        self,
        filename: str,
        content_type: str,
        size: int,
        headers: Headers,
        file: SpooledTemporaryFile[bytes],
    ) -> None:
        self.filename = filename
        self.content_type = content_type
        self.size = size
        self.headers = headers
        self.file = file

    def read(self, size: int = -1) -> bytes:
        """Read on from where the file stands: ``size`` bytes, or all that is left."""
        return self.file.read(size)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> int:
        """Copy the whole content to ``path``. Blocks.

        Args:
            path: The file to write, its name included; the client's name is never used.
            overwrite: Whether an existing file may be replaced.

        Returns:
            The number of bytes written.

        Raises:
            FileExistsError: If the file exists and may not be replaced.
            IsADirectoryError: If ``path`` is a directory.
            ValueError: If the upload is closed.
        """
        if Path(path).is_dir():
            raise IsADirectoryError(
                f"{os.fspath(path)!r} is a directory; name the file to write, the client's name is not used"
            )
        from shutil import copyfileobj

        self.file.seek(0)
        with Path(path).open("wb" if overwrite else "xb") as target:
            copyfileobj(self.file, target, 256 * KIB)
            return target.tell()

    def close(self) -> None:
        """Close the file and free its memory or disk. May be called again."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"UploadedFile(filename={self.filename!r}, content_type={self.content_type!r}, size={self.size})"
        )


class FormData(MultiDict["str | UploadedFile"]):
    """The fields of a form: str, or ``UploadedFile`` for files; ``[]`` gives the last value, ``getall`` all.

    Close it, or use it as a context manager, when its files are no longer needed.
    """

    __slots__ = ()

    def __init__(self, pairs: Iterable[tuple[str, str | UploadedFile]] = ()) -> None:
        super().__init__(pairs)

    @property
    def files(self) -> list[UploadedFile]:
        """All uploaded files in order."""
        return [value for _, value in self._pairs if isinstance(value, UploadedFile)]

    def close(self) -> None:
        """Close all files. May be called again."""
        for upload in self.files:
            upload.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
