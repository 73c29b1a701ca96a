"""Shorthands for common responses; each returns an :class:`HttpResponse` that can still be changed."""

from __future__ import annotations

import os
import re
from typing import Any, Final
from urllib.parse import quote

from areion_http.files import FileBody
from areion_http.headers import HeadersInit
from areion_http.response import JSON, HttpResponse, dump_json
from areion_http.status import HTTP_STATUS_CODES


def create_json_response(data: Any, status_code: int = 200) -> HttpResponse:
    """Return ``data`` as JSON; a str becomes a JSON string.

    Raises:
        TypeError: If ``data`` holds something JSON cannot express.
    """
    if type(data) is not dict:
        data = dump_json(data)
    return HttpResponse(data, status_code, JSON)


def create_text_response(text: str, status_code: int = 200) -> HttpResponse:
    """Return ``text`` as ``text/plain; charset=utf-8``."""
    return HttpResponse(text, status_code, "text/plain")


def create_html_response(html: str, status_code: int = 200) -> HttpResponse:
    """Return ``html`` as ``text/html; charset=utf-8``; what users typed must have been escaped."""
    return HttpResponse(html, status_code, "text/html")


def create_xml_response(data: str | bytes, status_code: int = 200) -> HttpResponse:
    """Return ``data`` as ``application/xml``; the charset is that of the XML declaration, UTF-8 by default."""
    return HttpResponse(data, status_code, "application/xml")


def create_redirect_response(location: str, status_code: int = 302) -> HttpResponse:
    """Send the client to another place (RFC 9110 §15.4).

    Args:
        location: A URL or a path; characters that may not stand in a URL are percent-encoded.
        status_code: 300 to 399, except 304. 303 makes the next request a GET, 307 and 308 keep the method.

    Raises:
        ValueError: If the status code is no redirect, or ``location`` holds a control character.
    """
    if not isinstance(status_code, int) or not 300 <= status_code <= 399 or status_code == 304:
        raise ValueError(f"status_code: expected a redirect, 300 to 399 but not 304, got {status_code!r}")
    if not isinstance(location, str) or _CONTROLS.search(location):
        raise ValueError(f"location: expected a URL without control characters, got {location!r}")
    target = quote(location, safe="!#$%&'()*+,/:;=?@[]~")
    phrase = HTTP_STATUS_CODES.get(status_code, "Redirect")
    return HttpResponse(phrase, status_code, "text/plain", {"Location": target})


def create_error_response(
    status_code: int, message: str | None = None, headers: HeadersInit | None = None
) -> HttpResponse:
    """Return an error as plain text.

    Args:
        status_code: 400 to 599.
        message: The text. Default: the registered reason phrase.
        headers: Header fields to add.

    Raises:
        ValueError: If the status code is no error's.
    """
    if not isinstance(status_code, int) or not 400 <= status_code <= 599:
        raise ValueError(f"status_code: expected an error, 400 to 599, got {status_code!r}")
    text = HTTP_STATUS_CODES.get(status_code, "Error") if message is None else message
    return HttpResponse(text, status_code, "text/plain", headers)


def create_empty_response(status_code: int = 204, headers: HeadersInit | None = None) -> HttpResponse:
    """Return a response without a body and without a Content-Type."""
    return HttpResponse(None, status_code, None, headers)


def create_file_response(
    file_path: str | os.PathLike[str],
    status_code: int = 200,
    *,
    content_type: str | None = None,
    download_name: str | None = None,
) -> HttpResponse:
    """Send a file without reading it all into memory.

    ETag, Last-Modified, conditional and Range requests are taken care of (RFC 9110 §13, §14). The file is opened
    when the response is sent; if it is not there then, the answer is 404.

    Args:
        file_path: The file. Never pass what a client sent: use ``with_static_dir`` for a tree of files.
        status_code: Sent if the whole file is.
        content_type: Default: by the name.
        download_name: Have browsers save the file under this name instead of showing it.
    """
    return HttpResponse(
        FileBody(file_path, content_type=content_type, download_name=download_name), status_code
    )


_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
