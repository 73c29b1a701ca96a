"""Several worker processes: serving, replacing, giving up, draining, and never outliving their supervisor."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest

# What a busy machine may take for anything that is waited for here.
PATIENCE = 60.0

PROGRAM = """
    import asyncio, os, sys, time
    from areion import AreionServerBuilder, BaseLogger, DefaultOrchestrator, DefaultRouter

    router = DefaultRouter()
    orchestrator = DefaultOrchestrator()
    orchestrator.schedule_cron_task(lambda: None, "* * * * *")

    @router.get("/who")
    def who(request):
        jobs = orchestrator.jobs
        return {"pid": os.getpid(), "parent": os.getppid(), "paused": [job.paused for job in jobs]}

    @router.get("/slow")
    async def slow(request):
        say("entered")
        await asyncio.sleep(0.5)
        return {"slow": True}

    @router.get("/endless")
    async def endless(request):
        say("entered")
        await asyncio.sleep(600)

    @router.get("/stop")
    def stop(request):
        server.stop()
        return {}

    def say(text):
        os.write(1, text.encode() + b"\\n")  # one write: the lines of two processes never mix

    def tell(server):
        listener = server.options.sockets[0]
        port = listener.getsockname()[1] if listener.family != 1 else 0
        say(f"{os.getpid()} {port}")

    def also_schedule():
        orchestrator.schedule_cron_task(print, "* * * * *")

    builder = (
        AreionServerBuilder()
        .with_router(router)
        .with_orchestrator(orchestrator)
        .with_host("127.0.0.1")
        .with_port(0)
        .with_workers(2)
        .with_startup_hook(tell)
        .with_startup_hook(also_schedule)
    )
    # HERE
    server = builder.build()
    server.run()
    say("returned")
"""


# What a service manager does between fork and exec.
MANAGER = """if True:
    import os, sys
    os.dup2(int(sys.argv[1]), 3)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    os.execv(sys.argv[2], sys.argv[2:])
"""


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class Program:
    """A supervisor in a process of its own, and what its workers say.

    Args:
        folder: For the output, which goes to files: a pipe that is full, or a line that never comes, stops nobody.
        more: Lines of the program that change the builder.
        before: Command that starts the program.
        options: For ``subprocess.Popen``.
    """

    def __init__(self, folder, more="", before=(), **options):
        code = textwrap.dedent(PROGRAM).replace("# HERE", textwrap.dedent(more))
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            command = [*before, sys.executable, "-c", code]
            environment = {**os.environ, "MARK": str(folder.parent / "fail")}
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=environment, **options)

    def lines(self):
        return self._out.read_text().splitlines()

    def wait_for_line(self, text):
        wait_until(lambda: text in self.lines())

    @property
    def errors(self):
        return self._err.read_text()

    def workers(self, count=0):
        """Wait until so many workers have said their ids and the port, and return those of all there have been."""
        wait_until(lambda: len(self._told()) >= count or self.process.poll() is not None)
        return self._told()

    def _told(self):
        lines = [line.split() for line in self.lines() if line[:1].isdigit()]
        return [(int(pid), int(port)) for pid, port in lines]

    @property
    def pids(self):
        return [pid for pid, _ in self.workers()]

    @property
    def port(self):
        return self.workers(1)[0][1]

    def wait_serving(self):
        """Wait until both workers answer."""
        pids = set()
        wait_until(lambda: pids.add(self.ask("/who")["pid"]) or len(pids) == 2)
        return self

    def ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as response:
            return json.load(response)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Wait for the end and return the status; no worker is left then."""
        status = self.process.wait(PATIENCE)
        assert not [pid for pid in self.pids if alive(pid)]
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for pid in self.pids:
            wait_until(lambda pid=pid: not alive(pid))


@pytest.fixture
def start(tmp_path):
    """Start programs, each with two workers."""
    started = []

    def start(more="", **options):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Program(folder, more, **options))
        return started[-1]

    yield start
    for program in started:
        program.close()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


class TestServing:
    """While all is well."""

    def test_every_worker_serves_and_only_the_first_fires_cron_jobs(self, start):
        """Requests are spread over the processes; the cron jobs of all but the first are paused.

        Those too that a startup hook schedules.
        """
        program = start()
        seen = {}
        wait_until(lambda: seen.update({(a := program.ask("/who"))["pid"]: a}) or len(seen) == 2)
        assert set(seen) == set(program.pids)
        assert {answer["parent"] for answer in seen.values()} == {program.process.pid}
        assert sorted(answer["paused"] for answer in seen.values()) == [[False, False], [True, True]]

    def test_the_lines_of_the_supervisor_reach_a_logger_of_another_make(self, start):
        """Once each, although both the supervisor and its workers lead the records to it."""
        program = start("""
            class Lines(BaseLogger):
                def line(self, message, *args, **kwargs):
                    say(f"log {os.getpid()} {message}")
                debug = info = warning = error = critical = line
            builder.with_logger(Lines())
        """).wait_serving()
        program.signal(signal.SIGTERM)
        assert program.wait() == 0
        lines = [line for line in program.lines() if line.startswith("log ")]
        supervisor = f"log {program.process.pid} "
        assert [line for line in lines if line.startswith(supervisor)] == [
            f"{supervisor}worker {index} runs as process {pid}"
            for index, pid in enumerate(_in_order_of_start(lines))
        ]
        for pid in program.pids:
            said = [line for line in lines if line.startswith(f"log {pid} ")]
            assert sum("listening on" in line for line in said) == 1

    def test_it_runs_in_any_thread_and_again(self, start):
        """The address is known to the supervisor, and ``stop()`` of another thread is heard."""
        program = start("""
            import threading
            server = builder.build()
            for _ in range(2):
                thread = threading.Thread(target=server.run)
                thread.start()
                assert server.wait_listening(60)
                assert server.running
                say(server.url)
                server.stop()
                thread.join(60)
                assert not server.running
            sys.exit()
        """)
        assert program.wait() == 0
        urls = [line for line in program.lines() if line.startswith("http://127.0.0.1:")]
        assert len(urls) == 2
        assert [int(url.rpartition(":")[2]) for url in urls] == [program.workers()[n][1] for n in (0, 2)]

    def test_another_server_is_refused_the_port(self, start):
        """The workers share the port with each other alone; a second program says so in one line, status 1."""
        first = start()
        second = start(f"builder.with_port({first.port})")
        assert second.process.wait(PATIENCE) == 1
        said, *_ = second.errors.splitlines()
        assert (
            said
            == f"areion: cannot listen on 127.0.0.1:{first.port}: the address is in use by another process"
        )
        assert second.lines() == []

    def test_a_unix_socket_is_shared_and_its_file_removed(self, start, tmp_path):
        """By the supervisor, at its end."""
        path = tmp_path / "s"
        program = start(f"builder.with_unix_socket({str(path)!r})")
        program.workers(2)
        seen = set()
        while len(seen) < 2:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(PATIENCE)
                client.connect(str(path))
                client.sendall(get("/who"))
                seen.add(client.recv(4096)[-40:])
        program.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert not path.exists()

    def test_sockets_of_a_service_manager_are_used(self, start):
        """LISTEN_FDS is heeded by the supervisor, and its workers share what was passed."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            descriptor = str(listener.fileno())
            program = start(before=[sys.executable, "-c", MANAGER, descriptor], pass_fds=[int(descriptor)])
            assert program.wait_serving().port == listener.getsockname()[1]
            program.signal(signal.SIGTERM)
            assert program.wait() == 0


class TestReplacing:
    """A worker that ends."""

    def test_a_killed_worker_is_replaced(self, start):
        """At once, and it is said what killed it; 9 is also what the kernel does for want of memory."""
        program = start().wait_serving()
        killed = program.pids[0]
        os.kill(killed, signal.SIGKILL)
        replaced = program.workers(3)[2][0]
        wait_until(lambda: program.ask("/who")["pid"] == replaced)
        assert f"(process {killed}) was killed by SIGKILL, perhaps for want of memory" in program.errors
        assert "starting another\n" in program.errors

    def test_a_worker_that_is_told_to_end_is_replaced(self, start):
        """SIGTERM to one worker drains that one alone."""
        program = start().wait_serving()
        os.kill(program.pids[0], signal.SIGTERM)
        assert len(program.workers(3)) == 3

    def test_one_that_ends_again_and_again_is_started_more_slowly(self, start, tmp_path):
        """Each pause is twice the one before; while another worker serves there is no giving up."""
        program = start(FAILS_LATER).wait_serving()
        mark = tmp_path / "fail"
        mark.touch()
        os.kill(program.pids[1], signal.SIGKILL)
        wait_until(lambda: "starting another in 0.16 s" in program.errors)
        for pause in ("0.01", "0.02", "0.04", "0.08"):
            assert f"ended with status 1; starting another in {pause} s" in program.errors
        assert program.ask("/who")["pid"] == program.pids[0]
        mark.unlink()
        program.wait_serving()
        program.signal(signal.SIGTERM)
        assert program.wait() == 0

    def test_when_none_can_serve_the_supervisor_gives_up(self, start, tmp_path):
        """After five failures in a row, with status 1: whoever has started it has to know."""
        program = start(FAILS_LATER).wait_serving()
        (tmp_path / "fail").touch()
        for pid in program.pids[:2]:
            os.kill(pid, signal.SIGKILL)
        assert program.wait() == 1
        assert "times in a row; giving up" in program.errors

    def test_statuses_that_the_program_takes_itself(self, start):
        """Where the program has its children's statuses thrown away, a dead worker is noticed all the same."""
        program = start("import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)").wait_serving()
        os.kill(program.pids[0], signal.SIGKILL)
        assert len(program.workers(3)) == 3


FAILS_LATER = """
    import areion._workers
    areion._workers._FIRST_PAUSE = 0.01
    def fail():
        if os.path.exists(os.environ["MARK"]):
            raise OSError("no database")
    builder.with_startup_hook(fail)
"""


class TestStarting:
    """A program that does not come to serve."""

    def test_a_startup_hook_that_fails_ends_everything(self, start):
        """With its traceback, one line of the supervisor and status 1; no worker is started again."""
        program = start("builder.with_startup_hook(lambda: 1 / 0)")
        assert program.wait() == 1
        assert "ZeroDivisionError" in program.errors
        assert program.errors.count("before it served; giving up") == 1
        assert len(program.lines()) <= 2
        assert "returned" not in program.lines()

    def test_a_setting_that_a_worker_refuses_ends_everything(self, start):
        """An error before the hooks does the same."""
        program = start("""
            import areion.server
            def fail(*args, **kwargs):
                raise ValueError("no such setting")
            areion.server.make_http = fail
        """)
        assert program.wait() == 1
        assert "no such setting" in program.errors

    def test_a_signal_while_hooks_wait(self, start):
        """It ends the start; the status is 0."""
        program = start("""
            async def wait():
                say("waiting")
                await asyncio.sleep(600)
            builder.with_startup_hook(wait)
        """)
        wait_until(lambda: program.lines().count("waiting") == 2)
        program.signal(signal.SIGTERM)
        assert program.wait() == 0

    def test_a_signal_while_workers_are_forked(self, start):
        """None is lost: what was forked ends, what was not is not."""
        program = start("""
            import areion._workers, signal
            begin = areion._workers.Supervisor._start
            def start(self, worker):
                begin(self, worker)
                os.kill(os.getpid(), signal.SIGTERM)
            areion._workers.Supervisor._start = start
        """)
        assert program.wait() == 0
        assert program.lines()[-1] == "returned"
        assert len(program.pids) <= 1


class TestStopping:
    """The end of all."""

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_drains_all_workers(self, start, number):
        """A request in flight is answered, then supervisor and workers end with status 0."""
        program = start()
        with program.connect() as client:
            client.sendall(get("/slow"))
            program.wait_for_line("entered")
            program.signal(number)
            assert b"slow" in client.recv(4096), program.errors
        assert program.wait() == 0
        assert program.lines()[-1] == "returned"

    def test_ctrl_c_at_a_terminal_drains(self, start):
        """The signal reaches the workers too, which leave it to the supervisor."""
        program = start(start_new_session=True)
        with program.connect() as client:
            client.sendall(get("/slow"))
            program.wait_for_line("entered")
            os.killpg(program.process.pid, signal.SIGINT)
            assert b"slow" in client.recv(4096), program.errors
        assert program.wait() == 0

    def test_sighup_reloads_certificates(self, start):
        """Where there are some, it does not end the server."""
        certs = Path(__file__).parents[1] / "http" / "certs"
        files = [str(certs / name) for name in ("server.pem", "server.key")]
        program = start(f"builder.with_tls(certfile={files[0]!r}, keyfile={files[1]!r})")
        wait_until(lambda: program.errors.count("listening on") == 2)
        program.signal(signal.SIGHUP)
        wait_until(lambda: program.errors.count("the certificate was reloaded") == 2)
        program.signal(signal.SIGTERM)
        assert program.wait() == 0

    def test_while_it_drains_connections_are_refused_and_a_second_signal_cuts(self, start):
        """No listener is kept by supervisor or siblings, where clients would wait in vain."""
        program = start()
        with program.connect() as client:
            client.sendall(get("/endless"))
            program.wait_for_line("entered")
            program.signal(signal.SIGTERM)
            wait_until(lambda: not _accepts(program.port))
            program.signal(signal.SIGTERM)
            assert client.recv(4096) == b""
        assert program.wait() == 0

    @pytest.mark.parametrize("unix", [False, True])
    def test_a_stop_delay_is_kept_by_all_workers(self, start, tmp_path, unix):
        """New connections are served until it is over; a second signal ends it, and requests are still answered."""
        path = tmp_path / "socket"
        program = start(f"""
            builder.with_stop_delay(3600)
            if {unix}:
                builder.with_unix_socket({str(path)!r})
            router.get("/stopping")(lambda request: str(server.stopping))
        """)
        wait_until(lambda: program.errors.count("listening on") == 2)

        def ask(path_of_request, then=lambda: None):
            with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as client:
                client.settimeout(PATIENCE)
                client.connect(str(path) if unix else ("127.0.0.1", program.port))
                client.sendall(get(path_of_request))
                then()
                answer = b""
                while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
                    answer += client.recv(4096)
                return answer

        program.signal(signal.SIGTERM)
        wait_until(lambda: program.errors.count("stopping in 3600 s") == 2)
        for _ in range(10):
            assert b"True" in ask("/stopping")

        def end_the_delay():
            program.wait_for_line("entered")
            program.signal(signal.SIGTERM)

        assert b"slow" in ask("/slow", end_the_delay)
        assert program.wait() == 0
        assert not path.exists()

    def test_a_worker_that_does_not_end_is_killed(self, start):
        """When its time is up; that is an error, and status 1."""
        program = start("""
            import areion._workers
            areion._workers._GRACE = 0.2
            builder.with_timeouts(shutdown_timeout=0.1)
            @router.get("/blocks")
            def blocks(request):
                say("entered")
                time.sleep(600)
        """)
        with program.connect() as client:
            client.sendall(get("/blocks"))
            program.wait_for_line("entered")
            program.signal(signal.SIGTERM)
            assert program.wait() == 1
        assert "did not end in time and are killed" in program.errors

    def test_the_program_may_stop_all(self, start):
        """``server.stop()`` in one worker is the end of the server, as with a single process."""
        program = start()
        with program.connect() as client:
            client.sendall(get("/stop"))
            assert b"200 OK" in client.recv(4096)
        assert program.wait() == 0
        assert program.lines()[-1] == "returned"

    def test_workers_end_with_their_supervisor(self, start):
        """A supervisor that is killed outright leaves no worker behind."""
        program = start().wait_serving()
        program.process.kill()
        program.process.wait(PATIENCE)
        for pid in program.pids:
            wait_until(lambda pid=pid: not alive(pid))


def _accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def _in_order_of_start(lines):
    return [int(line.rpartition(" ")[2]) for line in lines if "runs as process" in line]
