"""`areion run --reload` as its user meets it: save, ask again; errors, signals, and what is left behind."""

import signal
import socket
import threading

import pytest


class Load:
    """Clients that ask without a pause, each time on a new connection."""

    def __init__(self, address, clients=4):
        self.address = address
        self.answered = 0
        self.failures = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        while not self._stop.wait(0.002):
            try:
                with socket.create_connection(self.address, 10) as client:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    answer = b"".join(iter(lambda: client.recv(4096), b""))
            except OSError as error:
                self.failures.append(repr(error))
                continue
            with self._lock:
                self.answered += 1
                if not answer.startswith(b"HTTP/1.1 200 "):
                    self.failures.append(answer)


def test_new_code_answers_and_no_request_is_refused(reloading):
    """Under load, three saves bring three new answers; every request is answered; SIGTERM ends it all with 0."""
    reloading.start("--log-level", "warning")
    with Load(reloading.wait_serving()) as load:
        for answer in ("second", "third!", "fourth"):
            reloading.edit(answer)
            reloading.wait_answer(answer)
            reloading.wait_for("reloaded after")
    assert load.answered > 100
    assert load.failures == []
    children = reloading.children()
    assert children
    assert reloading.end() == 0
    assert reloading.children() == []


def test_errors_are_shown_and_the_old_code_goes_on(reloading, alive):
    """A syntax error and an import error are shown; what ran before answers until the next good change."""
    reloading.start()
    reloading.wait_serving()
    for broken, shown in (("ANSWER = (", "SyntaxError"), ("import not_there", "No module named 'not_there'")):
        reloading.app.write_text(broken)
        reloading.wait_for(shown)
        reloading.wait_for("the program does not start; what ran before goes on")
        assert reloading.get() == "first"
    reloading.edit("second")
    reloading.wait_answer("second")
    reloading.wait_for("reloaded after")
    children = reloading.children()
    assert reloading.end(signal.SIGINT) == 0
    assert not any(alive(pid) for pid in children)


def test_broken_from_the_start(reloading):
    """A program that does not start at all is waited for, and so is one that dies while it serves."""
    good = reloading.app.read_text()
    reloading.app.write_text(good + "\n1 / 0\n")
    reloading.start()
    reloading.wait_for("ZeroDivisionError")
    reloading.wait_for("the program does not start; waiting for a change")
    reloading.app.write_text(
        good + "\n@router.get('/die')\ndef die(request):\n    import os\n    os._exit(7)\n"
    )
    reloading.wait_serving()
    with pytest.raises(ConnectionError):
        reloading.get("/die")
    reloading.wait_for("the server ended with status 7; waiting for a change")
    reloading.edit("second")
    reloading.wait_serving()
    assert reloading.get() == "second"
    assert reloading.end() == 0


def test_no_orphans(reloading, until, alive):
    """When the parent is killed, the processes that serve and wait end by themselves."""
    reloading.start("--timeout", "shutdown_timeout=1")
    reloading.wait_serving()
    until(lambda: len(reloading.children()) == 2)
    children = reloading.children()
    reloading.process.kill()
    reloading.process.wait()
    until(lambda: not any(alive(pid) for pid in children))


def test_templates_and_env_files_on_a_unix_socket(reloading, tmp_path):
    """Templates and env files count; a unix socket stays the same through reloads and goes at the end."""
    path = tmp_path / "app.sock"
    reloading.start("--uds", str(path))
    reloading.wait_for("serving unix:")
    inode = path.stat().st_ino
    for name in ("page.html", ".env"):
        (tmp_path / name).write_text("x")
    reloading.wait_for(r"\.env, page\.html changed")
    reloading.wait_for("reloaded after")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"".join(iter(lambda: client.recv(4096), b"")).endswith(b"first")
    assert path.stat().st_ino == inode
    assert reloading.end() == 0
    assert not path.exists()


def test_requests_under_way_are_finished_by_the_old_code(reloading):
    """A request that the old process works on gets its answer from it, after the new one has begun to serve.

    The socket is one that listens already, given with --fd.
    """
    slow = """
@router.get("/slow")
async def slow(request):
    import asyncio

    await asyncio.sleep(1)
    return ANSWER
"""
    reloading.app.write_text(reloading.app.read_text() + slow)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reloading.start("--fd", str(listener.fileno()), pass_fds=[listener.fileno()])
        address = listener.getsockname()
    assert reloading.wait_serving() == address
    answers = []
    thread = threading.Thread(target=lambda: answers.append(reloading.get("/slow")))
    thread.start()
    reloading.edit("second")
    reloading.wait_answer("second")
    thread.join()
    assert answers == ["first"]
    assert reloading.end() == 0


def test_address_in_use(reloading, taken_port):
    """A port in use is one line and exit status 1: no change of a file mends it."""
    reloading.start("--port", str(taken_port))
    reloading.wait_for("areion: cannot listen on 127.0.0.1")
    assert reloading.process.wait(30) == 1


def test_wrong_target(reloading):
    """A target that is not there is exit status 2."""
    reloading.app.write_text("")
    reloading.start()
    reloading.wait_for("app has no attribute 'builder'")
    assert reloading.process.wait(30) == 2


def test_file_named_as_a_module_of_the_standard_library(reloading, tmp_path_factory):
    """Started by the script, a queue.py in the current folder does not hide the standard library's from Areion."""
    script = tmp_path_factory.mktemp("bin") / "areion"
    script.write_text("import sys\nfrom areion.cli import main\nsys.exit(main())")
    (reloading.folder / "queue.py").write_text("raise RuntimeError('this is not the queue that was meant')")
    reloading.start(areion=[str(script)])
    reloading.wait_serving()
    assert reloading.get() == "first"
    assert reloading.end() == 0
