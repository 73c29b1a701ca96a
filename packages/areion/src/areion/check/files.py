"""The static folder: what nobody should be able to download."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from areion.check.findings import Finding, Severity
from areion.server import AreionServer

_MOST_ENTRIES: Final = 50_000
_MOST_FINDINGS: Final = 20
_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")

_SECRET_DOT_FILES: Final = re.compile(
    r"\.(env.*|git|hg|svn|ssh|aws|kube|docker|htpasswd|netrc|npmrc|pypirc|pgpass|my\.cnf|.*history)",
    re.IGNORECASE,
)
_SECRETS: Final = {
    "a private key": re.compile(
        r".*\.(key|p12|pfx|jks|keystore|ppk)|id_(rsa|dsa|ecdsa|ed25519)", re.IGNORECASE
    ),
    "a database": re.compile(r".*\.(sqlite3?|db|db3|mdb|dump)(-wal|-shm|-journal)?", re.IGNORECASE),
    "a backup": re.compile(r".*(\.(bak|old|orig|swp|sql)|~)", re.IGNORECASE),
    "source code": re.compile(r".*\.(py|pyc|pyo|ipynb|php|rb|sh)", re.IGNORECASE),
    "a configuration": re.compile(
        r".*\.(env|ini|cfg|conf|toml|log)|(docker-)?compose\.ya?ml|dockerfile|credentials(\.json)?|secrets?\..*",
        re.IGNORECASE,
    ),
}


def check_static_files(server: AreionServer) -> Iterator[Finding]:
    """Look at the names in the static folder, and into files that may hold keys."""
    if server.static_dir is None:
        return
    folder = Path(server.static_dir)
    if not folder.is_dir():
        yield Finding(
            Severity.ERROR,
            "static-missing",
            "the static folder is not there: every file in it is a 404",
            str(folder),
            "make it, or remove with_static_dir()",
        )
        return
    found = 0
    for entry in _entries(folder):
        finding = _look_at(entry, folder)
        if finding is None:
            continue
        found += 1
        if found > _MOST_FINDINGS:
            yield Finding(
                Severity.WARNING,
                "static-more",
                f"more than {_MOST_FINDINGS} files do not belong into the static folder",
                str(folder),
                "keep a folder of its own for what is public",
            )
            return
        yield finding


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield files, links and hidden folders; what is in a hidden folder is told by its name."""
    left = [str(folder)]
    count = 0
    while left:
        for entry in sorted(os.scandir(left.pop()), key=lambda entry: entry.name):
            count += 1
            if count > _MOST_ENTRIES:
                return
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                left.append(entry.path)
            else:
                yield entry


def _look_at(entry: os.DirEntry[str], folder: Path) -> Finding | None:
    if entry.name.startswith(".") and entry.name != ".well-known":
        secret = _SECRET_DOT_FILES.fullmatch(entry.name) is not None
        return Finding(
            Severity.ERROR if secret else Severity.ADVICE,
            "static-secret" if secret else "static-dot-file",
            f"{entry.name} is in the static folder; Areion never serves it, but other servers and copies of the "
            "folder do",
            entry.path,
            "move it out of the folder",
        )
    if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(folder.resolve()):
        return Finding(
            Severity.ADVICE,
            "static-link",
            "a link leads out of the static folder: it answers 404",
            entry.path,
            "copy what it leads to, or remove it",
        )
    kind = _kind(entry)
    if kind is None:
        return None
    return Finding(
        Severity.ERROR,
        "static-secret",
        f"{kind} can be downloaded by everybody",
        entry.path,
        "move it out of the static folder, and change the secrets that are in it",
    )


def _kind(entry: os.DirEntry[str]) -> str | None:
    for kind, names in _SECRETS.items():
        if names.fullmatch(entry.name):
            return kind
    if entry.name.lower().endswith((".pem", ".crt", ".cer")) and entry.is_file():
        with open(entry.path, "rb") as file:  # noqa: PTH123 - the path is a str
            return "a private key" if _KEY.search(file.read(65536)) else None
    return None
