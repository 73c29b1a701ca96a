"""The pytest plugin, in a pytest of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path


def run(folder: Path, code: str) -> str:
    """Run pytest on a file; its output."""
    (folder / "test_it.py").write_text(textwrap.dedent(code))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={folder}",
        str(folder),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder).stdout


def test_fixture_starts_and_stops_clients(tmp_path):
    """`areion_client` is there without any import; what it has started is stopped after the test."""
    output = run(
        tmp_path,
        """
        from areion import DefaultRouter

        started = []

        def test_one(areion_client):
            router = DefaultRouter()
            router.add_route("/", lambda request: request.scheme)
            client = areion_client(router, https=True)
            started.append(client)
            assert client.get("/").text == "https"
            started.append(areion_client(router))

        def test_two():
            assert len(started) == 2
            assert all(client.is_closed and not client.server.running for client in started)
        """,
    )
    assert "2 passed" in output, output


def test_nothing_is_imported_until_it_is_used(tmp_path):
    """A run of pytest that does not use the fixture imports neither Areion nor httpx."""
    output = run(
        tmp_path,
        """
        import sys

        def test_modules():
            assert "areion_pytest.plugin" in sys.modules
            found = {name.partition(".")[0] for name in sys.modules}
            assert not found & {"areion", "areion_http", "httpx", "orjson", "jinja2", "uvloop"}
        """,
    )
    assert "1 passed" in output, output
