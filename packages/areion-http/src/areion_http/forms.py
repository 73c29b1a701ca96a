"""Forms, the public face: query strings, urlencoded bodies, multipart bodies with uploaded files.

The formats live in ``_urlencoded`` and ``_multipart``, what they yield in ``_formdata``. Here is only who
runs what
where: the asynchronous reader hands writes that go to a disk to a worker thread, and whoever fails, or is
cancelled, leaves no temporary file.

References: RFC 7578, RFC 2046 §5.1, WHATWG URL §5, WHATWG HTML §4.10.21.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Final

from areion_http._form_builder import FormBuilder
from areion_http._formdata import DEFAULT_LIMITS, FormData, FormLimits, UploadedFile
from areion_http._multidict import MultiDict
from areion_http._multipart import MultipartParser, multipart_boundary
from areion_http._parameters import parse_content_type
from areion_http._urlencoded import MAX_QUERY_FIELDS, parse_query, parse_urlencoded

__all__ = [
    "DEFAULT_LIMITS",
    "MAX_QUERY_FIELDS",
    "FormData",
    "FormLimits",
    "MultiDict",
    "MultipartParser",
    "UploadedFile",
    "parse_content_type",
    "parse_multipart",
    "parse_multipart_bytes",
    "parse_query",
    "parse_urlencoded",
]

# A body that is in memory is parsed in pieces, so that one part is not copied as a whole.
_PIECE: Final = 256 * 1024


async def parse_multipart(
    stream: AsyncIterable[bytes], content_type: str, limits: FormLimits = DEFAULT_LIMITS
) -> FormData:
    """Parse a multipart form as it arrives; files over the spool threshold go to disk, off the event loop.

    Args:
        stream: The body in pieces of any size.
        content_type: The request's Content-Type, with its boundary.
        limits: What the form may hold.

    Returns:
        The form. The caller closes it, and with it the files.

    Raises:
        BadRequestError: If the Content-Type or the body is malformed; the message says where.
        PayloadTooLargeError: If the body, a field or a file is too large.
    """
    import asyncio  # here, so that the parser can be had without it

    parser = MultipartParser(multipart_boundary(content_type), limits)
    builder = FormBuilder(limits)
    try:
        async for data in stream:
            events = parser.feed(data)
            if builder.needs_disk(events):
                await asyncio.to_thread(builder.add, events)
            else:
                builder.add(events)
        parser.finish()
        return builder.finish()
    except (
        BaseException
    ):  # a cancelled reader too: the thread may still be writing, and abort allows for that
        builder.abort()
        raise


def parse_multipart_bytes(data: bytes, content_type: str, limits: FormLimits = DEFAULT_LIMITS) -> FormData:
    """Parse a multipart form that is in memory. Blocks when a file goes to disk.

    Args, return value and errors are those of ``parse_multipart``.
    """
    parser = MultipartParser(multipart_boundary(content_type), limits)
    builder = FormBuilder(limits)
    try:
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            builder.add(parser.feed(bytes(view[start : start + _PIECE])))
        parser.finish()
        return builder.finish()
    except BaseException:
        builder.abort()
        raise
