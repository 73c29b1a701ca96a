"""The programs of the readmes and of the documentation, run as a reader would run them.

Every ``python`` block is a program of its own. Those that serve are started on a free port, and the
``$ curl`` lines of the console blocks below them are carried out: what is printed must be what the page says.
A comment just above a block changes that:

- ``<!-- example: continues -->``: it goes on from the blocks above it, less their final ``….run()``;
- ``<!-- example: fragment -->``: it needs something that is not on the page; it must parse, no more;
- ``<!-- example: file NAME -->``: a block of any kind, written to that file beside the programs below it.

A program that reads ``cert.pem`` finds a certificate for localhost, and its key, beside it.
"""

import argparse
import ast
import http.client
import os
import random
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", *ROOT.glob("packages/*/README.md"), *ROOT.glob("docs/**/*.md")],
    key=lambda path: path.relative_to(ROOT).parts,
)
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
DIRECTIVE = re.compile(r"<!-- example: (.*?) -->\s*\Z")
PATIENCE = 20.0  # seconds: far more than any example takes
CERTIFICATES = {"cert.pem": "server.pem", "key.pem": "server.key", "ca.pem": "ca.pem"}


@dataclass
class Example:
    """One program of a page, the files that it finds, and what the page says that it answers."""

    page: Path
    line: int
    source: str
    is_fragment: bool = False
    files: dict[str, str] = field(default_factory=dict)
    consoles: list[str] = field(default_factory=list)

    @property
    def serves(self) -> bool:
        """Whether it goes on until it is stopped."""
        return not self.is_fragment and ".run()" in self.source

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _examples(page: Path) -> Iterator[Example]:
    text = page.read_text(encoding="utf-8")
    files: dict[str, str] = {}
    before = ""
    example: Example | None = None
    for fence in FENCE.finditer(text):
        indent, language, body = fence.groups()
        body = re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        marked = DIRECTIVE.search(text, 0, fence.start())
        directive = marked[1] if marked else ""
        if directive.startswith("file "):
            files[directive.removeprefix("file ")] = body
        elif language == "console" and example is not None:
            example.consoles.append(body)
        elif language == "python":
            source = before + "\n" + body if directive == "continues" else body
            example = Example(
                page,
                text.count("\n", 0, fence.start()) + 1,
                source,
                is_fragment=directive == "fragment",
                files=dict(files),
            )
            if not example.is_fragment:
                before = re.sub(r"^.*\.run\(\)\n*\Z", "", source, flags=re.MULTILINE)
            yield example


EXAMPLES = [example for page in PAGES for example in _examples(page)]
FINISHING = [example for example in EXAMPLES if not example.is_fragment and not example.serves]
SERVING = [example for example in EXAMPLES if example.serves]


def _free_port() -> int:
    """Return a port below those that systems give to clients, where none can take it meanwhile."""
    for port in random.sample(range(20_000, 30_000), 50):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    pytest.fail("no port is free")


def _write(example: Example, folder: Path, source: str) -> Path:
    for name, text in example.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if "cert.pem" in source:
        for name, ours in CERTIFICATES.items():
            shutil.copy(ROOT / "tests/http/certs" / ours, folder / name)
    program = folder / "program.py"
    program.write_text(source, encoding="utf-8")
    return program


def _on_port(source: str, port: int) -> str:
    """The same program on another port than 8080, which may be taken on this machine."""
    if "8080" not in source:
        source = source.replace(".build()", f".with_port({port}).build()")
        source = re.sub(r"HttpServer\(([^()]+)\)", rf"HttpServer(\1, port={port})", source)
    return source.replace("8080", str(port))


def _wait_until_it_listens(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"does not listen:\n{process.communicate()[0]}")


def _curl(command: str, folder: Path) -> str:
    """Do what curl would in a folder, as far as the pages use it: -i, -s, -X, -d, -F, -H, --cacert."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X")
    parser.add_argument("-d")
    parser.add_argument("-F", action="append", default=[])
    parser.add_argument("--cacert")
    parser.add_argument("-H", action="append", default=[])
    options = parser.parse_args(shlex.split(command)[1:])
    headers = dict(line.split(": ", 1) for line in options.H)
    body = None if options.d is None else options.d.encode()
    if options.d is not None:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif options.F:
        headers["Content-Type"] = "multipart/form-data; boundary=limit"
        body = _multipart(options.F, folder)
    url = urlsplit(options.url if "://" in options.url else f"http://{options.url}")
    connection = http.client.HTTPConnection("127.0.0.1", url.port or 80, timeout=PATIENCE)
    if url.scheme == "https":
        context = ssl.create_default_context(cafile=folder / options.cacert)
        connection = http.client.HTTPSConnection("localhost", url.port, timeout=PATIENCE, context=context)
    target = url.path + (f"?{url.query}" if url.query else "")
    method = options.X or ("GET" if body is None else "POST")
    connection.request(method, target or "/", body, {"Host": url.netloc, "Connection": "close", **headers})
    response = connection.getresponse()
    answer = response.read().decode()
    connection.close()
    if not options.i:
        return answer
    head = "".join(f"{name}: {value}\n" for name, value in response.getheaders())
    return f"HTTP/1.1 {response.status} {response.reason}\n{head}\n{answer}"


def _multipart(parts: list[str], folder: Path) -> bytes:
    """A form of NAME=VALUE and NAME=@FILE."""
    body = b""
    for part in parts:
        name, _, value = part.partition("=")
        head = f'--limit\r\nContent-Disposition: form-data; name="{name}"'
        if value.startswith("@"):
            head += f'; filename="{value[1:]}"\r\nContent-Type: text/plain'
            content = (folder / value[1:]).read_bytes()
        else:
            content = value.encode()
        body += head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + b"--limit--\r\n"


def _dialogue(consoles: list[str]) -> Iterator[tuple[str, str]]:
    """The curl commands of console blocks, each with what is printed below it."""
    for console in consoles:
        for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            if command.startswith("curl "):
                yield command, printed


def _assert_answers(command: str, expected: str, folder: Path) -> None:
    got = _curl(command, folder)
    if "-i" not in shlex.split(command):
        assert got.rstrip("\n") == expected.rstrip("\n"), command
        return
    # Of the head, the lines that the page shows must be there; the body only matters where it is shown.
    (got_head, _, got_body), (head, shows_body, body) = got.partition("\n\n"), expected.partition("\n\n")
    got_lines = {line.lower() for line in got_head.splitlines()}
    assert {line.lower() for line in head.splitlines()} <= got_lines, command
    if shows_body:
        assert got_body.rstrip("\n") == body.rstrip("\n"), command


def _environment() -> dict[str, str]:
    """The environment of a reader's program: coverage of this process is no concern of it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example_parses(example: Example) -> None:
    """Every Python block is Python."""
    ast.parse(example.source)


@pytest.mark.parametrize("example", FINISHING, ids=str)
def test_example_runs(example: Example, tmp_path: Path) -> None:
    """A program that ends, ends well."""
    program = _write(example, tmp_path, example.source)
    done = subprocess.run(
        [sys.executable, "-W", "error", program],
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", SERVING, ids=str)
def test_example_serves(example: Example, tmp_path: Path) -> None:
    """A program that serves answers as its page says, and ends well on Ctrl-C."""
    port = _free_port()
    program = _write(example, tmp_path, _on_port(example.source, port))
    with subprocess.Popen(
        [sys.executable, "-W", "error", program],
        cwd=tmp_path,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        _wait_until_it_listens(port, process)
        try:
            for command, expected in _dialogue(example.consoles):
                _assert_answers(
                    command.replace("8080", str(port)), expected.replace("8080", str(port)), tmp_path
                )
        finally:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert "Traceback" not in output


def test_the_quick_start_is_run() -> None:
    """The root readme's first program is among those that are served, and its answer is looked at."""
    first = next(example for example in EXAMPLES if example.page == ROOT / "README.md")
    assert first in SERVING
    assert list(_dialogue(first.consoles)) == [
        ("curl http://localhost:8080/hello/world", '{"hello":"world"}\n')
    ]


def test_links_lead_somewhere() -> None:
    """Every relative link of the pages points to a file that exists."""
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*PAGES, ROOT / "CONTRIBUTING.md", *ROOT.glob("tests/**/*.md")]
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith(("#", "mailto:"))
        if not (page.parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


def test_anchors_are_headings() -> None:
    """What follows the # of a relative link is a heading of that page, as GitHub and MkDocs name it."""
    broken = []
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            if anchor and "://" not in target:
                text = FENCE.sub("", (page.parent / path if path else page).read_text(encoding="utf-8"))
                headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
                names = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
                if anchor not in names:
                    broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_links_into_the_repository_lead_somewhere() -> None:
    """Readmes that are shown elsewhere link to files by their address; those files exist."""
    address = "https://github.com/joshcap20/areion/blob/main/"
    targets = [
        target
        for page in [*PAGES, *ROOT.glob("packages/*/*.md")]
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if target.startswith(address)
    ]
    assert targets
    assert [
        each for each in targets if not (ROOT / each.removeprefix(address).partition("#")[0]).exists()
    ] == []


def test_readmes_of_packages_link_by_address() -> None:
    """A package index shows a readme without the files around it, where relative links lead nowhere."""
    relative = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("packages/*/README.md"), *ROOT.glob("packages/*/CHANGELOG.md")]
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("#")
    ]
    assert relative == []
