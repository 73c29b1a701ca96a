"""Small helpers on header fields that several filters need."""

from __future__ import annotations

from areion_http import HttpResponse


def add_vary(response: HttpResponse, *names: str) -> None:
    """Add names to Vary, without repeating what is there (RFC 9110 §12.5.5)."""
    present = [name.strip() for name in ",".join(response.headers.getall("vary")).split(",") if name.strip()]
    known = {name.lower() for name in present}
    if "*" in known:
        return
    missing = [name for name in names if name.lower() not in known]
    if missing:
        response.headers["Vary"] = ", ".join(present + missing)
