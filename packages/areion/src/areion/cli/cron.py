"""``areion cron TARGET``: the cron jobs of an application and when they run next."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from areion._terminal import paint, say
from areion.cli.errors import CommandError
from areion.cli.settings import count
from areion.cli.target import add_target, inspected_server


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "cron",
        help="list the cron jobs of an application with their next runs",
        description="List the cron jobs of an application with their time zones and next runs. "
        "Jobs that only startup hooks schedule are not there yet.",
    )
    add_target(parser)
    parser.add_argument(
        "-n", "--count", metavar="N", type=count, default=5, help="how many runs (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List them."""
    server = inspected_server(options.target)
    if server.orchestrator is None:
        raise CommandError(f"{options.target} has no orchestrator, so it has no cron jobs")
    jobs = [_describe(job, options.count) for job in getattr(server.orchestrator, "jobs", ())]
    if options.json:
        say(json.dumps(jobs, indent=2, default=str))
        return 0
    if not jobs:
        say("There are no cron jobs.")
    for job in jobs:
        say(
            f"{paint(job['name'], 'bold')}  {paint(str(job['cron']), 'cyan')}  {job['timezone'] or ''}".rstrip()
        )
        for due in job["next"]:
            say(f"  {due}")
        if not job["next"]:
            say(paint("  no more runs", "yellow"))
    return 0


def _describe(job: Any, runs: int) -> dict[str, Any]:
    """Say what a job of any orchestrator tells of itself."""
    schedule = getattr(job, "schedule", None)
    return {
        "id": getattr(job, "id", None),
        "name": getattr(job, "name", None) or repr(job),
        "cron": getattr(schedule, "cron", schedule),
        "timezone": _zone(getattr(schedule, "timezone", None)),
        "next": [due.strftime("%a %Y-%m-%d %H:%M:%S %z") for due in _next_runs(job, runs)],
    }


def _next_runs(job: Any, runs: int) -> Sequence[datetime]:
    preview = getattr(job, "preview", None)
    if callable(preview):
        found: Sequence[datetime] = preview(runs)
        return found
    due = getattr(job, "next_run", None)
    return [due] if isinstance(due, datetime) else []


def _zone(zone: Any) -> str | None:
    if zone is None:
        return None
    return str(getattr(zone, "key", None) or zone)
