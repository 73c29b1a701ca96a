"""From the events of a multipart parser to a ``FormData``: fields in memory, files in spools.

Blocking, and free of event loops: ``forms`` decides on which thread it runs. Whatever happens, no temporary
file is left behind: ``abort`` may be called at any time, from another thread too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from areion_http._charsets import text_codec
from areion_http._formdata import FormData, FormLimits, UploadedFile
from areion_http._multipart import Event, PartEnd
from areion_http._part_head import PartHead
from areion_http.errors import BadRequestError


class FormBuilder:
    """Collects the parts of one form.

    Args:
        limits: ``spool_threshold`` says up to where a file stays in memory.
    """

    __slots__ = ("_aborted", "_append", "_busy", "_in_file", "_limits", "_lock", "_parts", "_size")

    def __init__(self, limits: FormLimits) -> None:
        self._limits: Final = limits
        self._parts: list[tuple[PartHead, bytearray | UploadedFile]] = []
        # The part that is being read: how to add to it, its size so far, whether it is a file.
        self._append: Callable[[bytes], object] = bytearray().extend
        self._size = 0
        self._in_file = False
        self._lock: Final = threading.Lock()
        self._busy = False
        self._aborted = False

    def needs_disk(self, events: Sequence[Event]) -> bool:
        """Tell whether ``add`` of these events may write to a disk."""
        threshold = self._limits.spool_threshold
        in_file, size = self._in_file, self._size
        if in_file and size > threshold:
            return True
        for event in events:
            if isinstance(event, PartHead):
                in_file, size = event.filename is not None, 0
            elif isinstance(event, bytes):
                size += len(event)
                if in_file and size > threshold:
                    return True
        return False

    def add(self, events: Sequence[Event]) -> None:
        """Take up events, in their order. Does nothing after ``abort``."""
        if not self._enter():
            return
        try:
            for event in events:
                if isinstance(event, bytes):
                    self._write(event)
                elif isinstance(event, PartEnd):
                    self._end()
                else:
                    self._begin(event)
        finally:
            self._leave()

    def finish(self) -> FormData:
        """Return the form; its files now belong to the caller.

        Raises:
            BadRequestError: If a field is not text in its charset.
        """
        default = self._default_charset()
        pairs: list[tuple[str, str | UploadedFile]] = []
        for number, (head, content) in enumerate(self._parts, 1):
            if isinstance(content, UploadedFile):
                pairs.append((head.name, content))
            else:
                pairs.append((head.name, _decode(content, head, default, number)))
        return FormData(pairs)

    def abort(self) -> None:
        """Close and so delete all files, at once or as soon as an ``add`` on another thread is done."""
        with self._lock:
            self._aborted = True
            if self._busy:
                return
        self._close()

    def _enter(self) -> bool:
        with self._lock:
            self._busy = not self._aborted
            return self._busy

    def _leave(self) -> None:
        with self._lock:
            self._busy = False
            if not self._aborted:
                return
        self._close()

    def _close(self) -> None:
        for _, content in self._parts:
            if isinstance(content, UploadedFile):
                content.close()

    def _begin(self, head: PartHead) -> None:
        self._size = 0
        self._in_file = head.filename is not None
        if head.filename is None:
            content = bytearray()
            self._append = content.extend
            self._parts.append((head, content))
        else:
            from tempfile import (
                SpooledTemporaryFile,  # here: it is slow to import, and most forms have no file
            )

            # Owned by the form, which closes it. A threshold of 0 would mean "never" to the spool.
            spool = SpooledTemporaryFile[bytes](max_size=max(self._limits.spool_threshold, 1))
            self._append = spool.write
            content_type = head.content_type or "application/octet-stream"
            self._parts.append((head, UploadedFile(head.filename, content_type, 0, head.headers, spool)))

    def _write(self, data: bytes) -> None:
        self._size += len(data)
        self._append(data)

    def _end(self) -> None:
        upload = self._parts[-1][1]
        if isinstance(upload, UploadedFile):
            upload.size = self._size
            upload.file.seek(0)
        self._size = 0
        self._in_file = False

    def _default_charset(self) -> str:
        """Return what a field named ``_charset_`` says (RFC 7578 §4.6), or UTF-8."""
        for head, content in self._parts:
            if head.name == "_charset_" and not isinstance(content, UploadedFile):
                return bytes(content[:40]).decode("ascii", "replace") or "utf-8"
        return "utf-8"


def _decode(content: bytearray, head: PartHead, default: str, number: int) -> str:
    charset = head.charset or default
    try:
        return content.decode(text_codec(charset))
    except UnicodeDecodeError as error:
        raise BadRequestError(
            f"multipart form, part {number} ({head.name[:80]!r}): byte {error.start} is not valid {charset}; "
            "send it with a filename if it is a file"
        ) from error
    except BadRequestError as error:
        raise BadRequestError(
            f"multipart form, part {number} ({head.name[:80]!r}): {error.message}"
        ) from error
