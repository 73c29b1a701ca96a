"""``areion check TARGET``: a review of an application's security and speed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from areion._terminal import paint, say
from areion.cli.settings import add_settings, apply_settings, check_settings
from areion.cli.target import add_target, inspected_server

if TYPE_CHECKING:
    from areion.check import Finding

_COLOURS: Final = {"error": "red", "warning": "yellow", "advice": "cyan"}


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "check",
        help="review the security and speed of an application",
        description="Review an application before it goes out: development mode, secrets among static files, "
        "limits, cross-origin rules, routes that nothing reaches, handlers that block. "
        "The options of `run` can be given, to review what they make of it. "
        "Exit status 1 if there are errors.",
    )
    add_target(parser)
    add_settings(parser)
    parser.add_argument("--strict", action="store_true", help="exit status 1 for warnings too")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Review it."""
    from areion.check import review

    check_settings(options)
    server = inspected_server(options.target)
    apply_settings(server, options)
    findings = review(server)
    if options.json:
        say(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _show(findings)
    failing = {"error", "warning"} if options.strict else {"error"}
    return 1 if any(finding.severity in failing for finding in findings) else 0


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        say(f"{paint(finding.severity.upper(), _COLOURS[finding.severity], 'bold')} {finding.message}")
        say(f"  {paint(_near(finding.where), 'dim')}  [{finding.code}]")
        say(f"  {finding.advice}")
        say()
    if not findings:
        say(paint("Nothing was found.", "green"))
        return
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in _COLOURS}
    words = [
        f"{number} {severity}{'s' if number != 1 and severity != 'advice' else ''}"
        for severity, number in counts.items()
        if number
    ]
    say(", ".join(words))


def _near(where: str) -> str:
    """Return a place as seen from the current folder."""
    return where.removeprefix(f"{Path.cwd()}/")
