"""What several filters need: of header fields, and of their own arguments."""

from __future__ import annotations

from typing import Any

from areion_http import HttpResponse


def expect_bool(name: str, value: Any) -> bool:
    """Return a bool.

    Raises:
        ValueError: If it is something else: ``"false"`` would be true.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name}: expected a bool, got {value!r}")
    return value


def add_vary(response: HttpResponse, *names: str) -> None:
    """Add names to Vary, without repeating what is there (RFC 9110 §12.5.5)."""
    present = [name.strip() for name in ",".join(response.headers.getall("vary")).split(",") if name.strip()]
    known = {name.lower() for name in present}
    if "*" in known:
        return
    missing = [name for name in names if name.lower() not in known]
    if missing:
        response.headers["Vary"] = ", ".join(present + missing)
