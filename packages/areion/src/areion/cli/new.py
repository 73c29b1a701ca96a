"""``areion new NAME``: a starter project."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from areion._terminal import paint, say
from areion.cli.errors import CommandError


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "new",
        help="write a starter project",
        description="Write a starter project into a new folder: a package with routes, a page and an API, static "
        "files, tests that pass. Nothing that is there is overwritten.",
    )
    parser.add_argument("folder", metavar="NAME", type=Path, help="of the project, or the path of its folder")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write it."""
    from areion.starter import write_project

    folder: Path = options.folder
    try:
        written = write_project(folder)
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    for path in written:
        say(f"  {paint(str(folder / path), 'dim')}")
    package = next(path.parts[0] for path in written if path.name == "app.py")
    say()
    say("Next:")
    for command in (
        f"cd {folder}",
        "python -m pip install --editable '.[test]'",
        f"areion dev {package}.app",
        "python -m pytest",
    ):
        say(f"  {paint(command, 'cyan')}")
    return 0
