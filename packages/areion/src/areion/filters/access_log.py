"""One line for each response: who asked for what, what came of it, how long that took.

The line is handed to the logger ``areion.access``, which writes it from a thread of its own. Of a streamed response
and of a file it is written when the last byte has been handed on, so that size and duration are true.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any, Final, Literal

from areion_http import HttpRequest, HttpResponse
from areion_logger import unbind_context

from areion.filters._counting import count_body
from areion.filters.base import ResponseFilter

logger: Final = logging.getLogger("areion.access")

_MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_ESCAPES: Final = {code: f"\\x{code:02x}" for code in (*range(32), 34, 92, *range(127, 160))}


class AccessLogFilter(ResponseFilter):
    """Logs every response.

    Args:
        format: ``"common"`` and ``"combined"`` as web servers write them, followed by the duration in
            milliseconds and the request id; or ``"json"``.

    Raises:
        ValueError: If the format is none of these.
    """

    def __init__(self, format: Literal["common", "combined", "json"] = "combined") -> None:
        if format not in {"common", "combined", "json"}:
            raise ValueError(f"format: expected 'common', 'combined' or 'json', got {format!r}")
        self.format = format

    def before(self, request: HttpRequest) -> None:
        """Remember when the request came."""
        request.metadata["areion.started"] = time.perf_counter()

    def after(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Log the response when its size is known."""
        if logger.isEnabledFor(logging.INFO):
            count_body(request, response, lambda status_code, sent: self._log(request, status_code, sent))
        return response

    def _log(self, request: HttpRequest, status_code: int, sent: int) -> None:
        facts = _facts(request, status_code, sent)
        if self.format == "json":
            logger.info("%s %s %d", request.method, facts["target"], status_code, extra=facts)
            return
        line = (
            f'{facts["client"]} - - [{_clock()}] "{request.method} {_clean(facts["target"])} '
            f'HTTP/{request.http_version}" {status_code} {sent}'
        )
        if self.format == "combined":
            line += f' "{_clean(facts["referer"] or "-")}" "{_clean(facts["user_agent"] or "-")}"'
        with unbind_context("request_id"):  # the line has it already
            logger.info("%s %.3f %s", line, facts["duration_ms"], facts["id"] or "-")


def _facts(request: HttpRequest, status_code: int, sent: int) -> dict[str, Any]:
    started = request.metadata.get("areion.started")
    query = request.get_raw_query_params()
    return {
        "client": "-" if request.client is None else request.client.host,
        "method": request.method,
        "target": f"{request.raw_path}?{query}" if query else request.raw_path,
        "status": status_code,
        "bytes": sent,
        "duration_ms": 0.0 if started is None else round((time.perf_counter() - started) * 1000, 3),
        "id": request.metadata.get("request_id"),
        "referer": request.headers.get("referer"),
        "user_agent": request.headers.get("user-agent"),
    }


def _clock() -> str:
    now = datetime.now(UTC)
    return f"{now.day:02}/{_MONTHS[now.month - 1]}/{now.year}:{now:%H:%M:%S} +0000"


def _clean(text: str) -> str:
    """Escape what could end the quotes or the line."""
    return text.translate(_ESCAPES)
