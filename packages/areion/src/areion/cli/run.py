"""``areion run TARGET`` and ``areion dev TARGET``: serve an application."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from areion.cli.errors import CommandError, ProgramError
from areion.cli.failures import show_failure
from areion.cli.settings import add_settings, apply_settings, check_settings
from areion.cli.target import add_target, load_server, target_folder
from areion.server import AreionServer


def add_parser(commands: Any) -> None:
    """Add both subcommands."""
    parser = commands.add_parser(
        "run",
        help="serve an application",
        description="Serve an application until Ctrl-C or SIGTERM. What no option says stays as the program says.",
    )
    _add_options(parser)
    parser.add_argument("--dev", action="store_true", help="development mode: documentation and error pages")
    parser.add_argument("--reload", action="store_true", help="restart when a source file changes")
    parser.set_defaults(run=run)
    parser = commands.add_parser(
        "dev",
        help="serve in development mode, and restart on changes",
        description="Serve an application in development mode and restart it when a source file changes: "
        "run --dev --reload.",
    )
    _add_options(parser)
    parser.add_argument(
        "--reload",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="restart when a source file changes (default: yes)",
    )
    parser.set_defaults(run=run, dev=True)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_settings(parser)
    parser.add_argument(
        "--reload-dir",
        metavar="FOLDER",
        action="append",
        default=[],
        help="watch this folder too; the current folder always is; may be given again",
    )
    # How a reloading parent process starts the process that serves; see areion.reload.
    parser.add_argument("--reload-child", type=int, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    check_settings(options)
    if options.reload_dir and not options.reload:
        raise CommandError("--reload-dir needs --reload")
    if options.reload_child is not None:
        return _run_as_child(options)
    if options.reload:
        return _run_reloading(options)
    _prepared(options).run()
    return 0


def _run_as_child(options: argparse.Namespace) -> int:
    """Serve under a parent that reloads."""
    from areion.reload.child import FAILED, serve_child

    try:
        return serve_child(options.reload_child, lambda: _prepared(options))
    except ProgramError as error:
        show_failure(error)
        return FAILED


def _prepared(options: argparse.Namespace) -> AreionServer:
    server = load_server(options.target)
    if options.dev:
        server.with_options(development=True)
    apply_settings(server, options)
    return server


def _run_reloading(options: argparse.Namespace) -> int:
    if os.name != "posix":
        raise CommandError("reload needs a POSIX system: sockets are handed from process to process")
    if options.workers is not None and options.workers > 1:
        raise CommandError("--workers and reload: give one of them; a reloading server is one process")
    from areion.reload import reload_server

    folders = [Path.cwd(), *_reload_folders(options.reload_dir)]
    beside = target_folder(options.target)
    if beside is not None:
        folders.append(beside)
    command = [sys.executable, *_interpreter_options(), "-m", "areion", *options.arguments]
    return reload_server(command, folders, descriptor=options.fd)


def _reload_folders(names: list[str]) -> list[Path]:
    for name in names:
        if not Path(name).is_dir():
            raise CommandError(f"--reload-dir: there is no folder {name!r}")
    return [Path(name).resolve() for name in names]


def _interpreter_options() -> list[str]:
    """Return the options that this interpreter was started with, such as ``-X dev``.

    Started by the ``areion`` script, it did not have the current folder among those it imports itself from, and
    ``-m`` must not add it: a queue.py in it would hide the standard library's from Areion.
    """
    options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv)]
    return options[:-1] if options and options[-1] in ("-m", "-c") else [*options, "-P"]
