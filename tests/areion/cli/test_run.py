"""`areion run`, `dev` and `demo` as processes."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys

import pytest


class Served:
    """A process that serves."""

    def __init__(self, *arguments, **more):
        command = [sys.executable, "-m", "areion", *arguments]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **more)
        self.lines = []

    def wait_listening(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if match := re.search(r"listening on (?:https?://([^:]+):(\d+)|unix:(\S+))", line):
                return match[3] or (match[1], int(match[2]))
        raise AssertionError(self.lines)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.lines.extend(self.process.stderr)
        return self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


@pytest.fixture
def serve():
    made = []

    def start(*arguments, **more):
        made.append(Served(*arguments, **more))
        return made[-1]

    yield start
    for each in made:
        each.close()


def get(address, path="/"):
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_serves_until_a_signal(serve, app, number):
    """It answers, and ends with status 0; development mode is off."""
    served = serve("run", "app:builder")
    address = served.wait_listening()
    assert get(address) == (200, b"hello")
    assert get(address, "/docs")[0] == 404
    assert served.end(number) == 0


def test_dev_without_reload(serve, app):
    """`dev` switches development mode on."""
    served = serve("dev", "app:builder", "--no-reload")
    assert get(served.wait_listening(), "/docs")[0] == 200
    assert served.end() == 0


def test_unix_socket(serve, app):
    """--uds takes the place of the program's port; the socket is removed at the end."""
    served = serve("run", "app:builder", "--uds", "app.sock")
    assert served.wait_listening() == "app.sock"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("app.sock")
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"".join(iter(lambda: client.recv(4096), b"")).endswith(b"hello")
    assert served.end() == 0
    assert not os.path.exists("app.sock")


def test_descriptor_limits_and_workers(serve, app):
    """--fd uses a socket that listens already, by as many processes as asked for; --limit holds in each."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        arguments = ["--fd", str(number), "--workers", "2", "--limit", "max_request_line=100"]
        served = serve("run", "app:builder", *arguments, "--limit", "max_head_size=200", pass_fds=[number])
        address = listener.getsockname()
        served.wait_listening()
    assert get(address) == (200, b"hello")
    assert get(address, f"/{'x' * 200}")[0] == 414
    assert served.end() == 0


def test_port_in_use(command, app):
    """One line and exit status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command("run", "app:builder", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("areion:")]
    assert line.startswith("areion: cannot listen on 127.0.0.1:")
    assert "Traceback" not in done.stderr


def test_demo(serve):
    """The demonstration serves a page, JSON and a greeting."""
    served = serve("demo", "--port", "0")
    address = served.wait_listening()
    status, page = get(address)
    assert status == 200
    assert b"<h1>Guest book</h1>" in page
    assert get(address, "/hello/you") == (200, b'{"hello":"you"}')
    assert served.end() == 0


def test_reload_is_one_process(areion, app):
    """Several workers and reload exclude each other; a folder to watch must be there."""
    assert "give one of them" in areion("run", "app", "--reload", "--workers", "2").err
    assert areion("run", "app", "--reload-dir", ".").err == "areion: --reload-dir needs --reload\n"
    assert areion("dev", "app", "--reload-dir", "nowhere").err == (
        "areion: --reload-dir: there is no folder 'nowhere'\n"
    )
