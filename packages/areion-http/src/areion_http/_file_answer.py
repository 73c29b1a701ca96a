"""A file and what a handler says of it, joined to one response; and its content, for those who want all of it.

What a file answers to a request is decided in ``files``; how much of it is sent when, by ``_sender``.
"""

from __future__ import annotations

from typing import BinaryIO

from areion_http.files import FileBody, FileDelivery
from areion_http.headers import Headers
from areion_http.response import HttpResponse


def open_file(body: FileBody, method: str, headers: Headers, response: HttpResponse) -> FileDelivery:
    """Open the file of a response. **Blocks**: all that may is in this one call.

    Raises:
        NotFoundError, OSError: As ``FileBody.open``.
    """
    own_type = response.content_type
    return body.open(
        method,
        headers,
        status=response.status_code,
        content_type=None if own_type == body.content_type else own_type,
    )


def as_response(response: HttpResponse, delivery: FileDelivery) -> HttpResponse:
    """Join what the file says, which wins, with the other fields that the handler has set."""
    answer = HttpResponse(None, delivery.status, headers=delivery.headers)
    if response._headers is not None:
        said = {name.lower() for name, _ in delivery.headers} | {"content-type"}
        for name, value in response._headers.items():
            if name.lower() not in said:
                answer.headers.add(name, value)
    return answer


def read_file(response: HttpResponse, body: FileBody) -> tuple[HttpResponse, bytes]:
    """Answer a GET without conditions: return the response and all of the file. **Blocks**.

    Raises:
        NotFoundError, OSError: As ``FileBody.open``; also if the file becomes shorter meanwhile.
    """
    with open_file(body, "GET", Headers(), response) as delivery:
        pieces = []
        for segment in delivery.segments:
            if isinstance(segment, bytes):
                pieces.append(segment)
            else:
                assert delivery.file is not None
                pieces.append(read_exactly(delivery.file, *segment))
    return as_response(response, delivery), b"".join(pieces)


def read_exactly(file: BinaryIO, offset: int, count: int) -> bytes:
    """Read so many bytes from there on.

    Raises:
        OSError: If there are fewer.
    """
    file.seek(offset)
    data = file.read(count)
    if len(data) != count:
        raise OSError("the file became shorter while it was being sent")
    return data
