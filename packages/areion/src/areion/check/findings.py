"""What a review says: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; the worst first."""

    ERROR = "error"
    """Not to be put on the network like this."""
    WARNING = "warning"
    """Somebody will suffer from it sooner or later."""
    ADVICE = "advice"
    """Worth a thought."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend.

    Attributes:
        severity: How bad it is.
        code: A stable name for the kind of finding, such as ``"static-secret"``.
        message: What is wrong, and for whom that is bad.
        where: ``file:line``, a file, or the part of the server.
        advice: What to do.
    """

    severity: Severity
    code: str
    message: str
    where: str
    advice: str
