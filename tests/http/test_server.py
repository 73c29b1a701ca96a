"""Facts about ``server``: start, stop, signals, addresses; on real sockets, on each event loop there is."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from areion_http import HttpConfig, HttpRequest, HttpServer, ListenError
from areion_http.testing import read_responses

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def read_all(sock):
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


# -- serving ------------------------------------------------------------------------------------------------


def test_a_plain_function_is_served(live):
    """The address with its free port can be read while the server runs, and no longer."""
    server = live(lambda request: f"{request.method} {request.client.host} {request.connection.server}")
    ((host, port),) = server.server.addresses
    assert server.server.urls == [f"http://127.0.0.1:{port}"]
    (answer,) = read_responses(server.ask(GET))
    assert answer.body.decode() == f"GET 127.0.0.1 {(host, port)}"
    server.stop()
    assert server.server.addresses == []
    assert server.server.connection_count == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), timeout=5)


def test_several_hosts_and_ipv6(live):
    """All of them answer, on one port."""
    hosts = ["127.0.0.1", "127.0.0.2"]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        hosts.append("::1")
    server = live(lambda request: request.connection.server[0], host=hosts)
    answers = [
        read_responses(server.ask(GET, number=number))[0].body.decode() for number in range(len(hosts))
    ]
    assert answers == hosts
    assert len({address[1] for address in server.server.addresses}) == 1
    if "::1" in hosts:
        assert server.server.urls[2].startswith("http://[::1]:")


def test_localhost(live):
    """Whichever family a client tries first."""
    server = live(lambda request: "x", host="localhost")
    for number in range(len(server.server.addresses)):
        assert len(read_responses(server.ask(GET, number=number))) == 1


def test_a_unix_socket(live, tmp_path):
    """Instead of host and port; there is no client address, and the file goes when the server does."""
    path = tmp_path / "s"
    server = live(lambda request: str(request.client), unix_socket=path, unix_socket_mode=0o600)
    assert server.server.addresses == [str(path)]
    assert server.server.urls == [f"unix:{path}"]
    (answer,) = read_responses(server.ask(GET))
    assert answer.body == b"None"
    assert path.stat().st_mode & 0o777 == 0o600
    server.stop()
    assert not path.exists()


def test_the_file_of_a_unix_socket_goes_before_the_last_request_does(live, tmp_path):
    """So that a successor can take over the path while this one drains, and loses nothing of its own."""
    path = tmp_path / "s"
    entered = threading.Event()

    async def handler(request):
        entered.set()
        await asyncio.sleep(0.2)
        return "old"

    old = live(handler, unix_socket=path)
    sock = old.connect()
    sock.sendall(GET)
    assert entered.wait(5)
    old.server.stop()
    deadline = time.monotonic() + 5
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    new = live(lambda request: "new", unix_socket=path)
    assert read_responses(read_all(sock))[0].body == b"old"
    old.stop()
    assert read_responses(new.ask(GET))[0].body == b"new"


def test_sockets_that_listen_already(live):
    """Sockets or descriptors; they are closed at the end."""
    made = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [listener.getsockname()[1] for listener in made]
    server = live(lambda request: "x", sockets=[made[0], os.dup(made[1].fileno())])
    made[1].close()
    assert [address[1] for address in server.server.addresses] == ports
    for number in range(2):
        assert len(read_responses(server.ask(GET, number=number))) == 1
    server.stop()
    assert made[0].fileno() == -1


def test_the_file_of_a_unix_socket_that_was_handed_over_stays(live, tmp_path):
    """It belongs to whoever made it: a service manager, a supervisor; other processes may listen on it still."""
    path = tmp_path / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    server = live(lambda request: "x", sockets=[listener])
    assert len(read_responses(server.ask(GET))) == 1
    server.stop()
    assert path.exists()


def test_two_servers_share_a_port(live):
    """With reuse_port."""
    first = live(lambda request: "first", reuse_port=True)
    second = live(lambda request: "second", reuse_port=True, port=first.server.addresses[0][1])
    seen = {read_responses(first.ask(GET))[0].body for _ in range(50)}
    assert seen <= {b"first", b"second"}
    second.stop()
    assert read_responses(first.ask(GET))[0].body == b"first"


def test_small_answers_leave_at_once(live):
    """TCP_NODELAY is set on every connection."""
    options = []

    def handler(request):
        sock = request.connection.plain_socket()
        options.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return ""

    live(handler).ask(GET)
    assert options[0] != 0


def test_a_server_can_run_again(live):
    """After it has stopped; stopping it twice is harmless."""
    server = live(lambda request: "x")
    one = server.server
    server.stop()
    one.stop()
    thread = threading.Thread(target=one.run)
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), "a stop before the run is not lost"
    thread = threading.Thread(target=one.run)
    thread.start()
    assert one.wait_listening(5)
    with socket.create_connection(one.addresses[0], timeout=5) as sock:
        sock.sendall(GET)
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
    one.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_wait_listening_gives_up():
    """After the time it was given."""
    assert not HttpServer(lambda request: "").wait_listening(0.01)


async def test_a_server_that_runs_cannot_be_started():
    """It says so; cancelling what started it stops it."""
    server = HttpServer(lambda request: "", port=0)
    task = asyncio.create_task(server.start())
    await asyncio.to_thread(server.wait_listening, 5)
    with pytest.raises(RuntimeError, match="is running already"):
        await server.start()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.addresses == []


async def test_what_on_listening_raises_ends_the_server():
    """And leaves nothing open."""

    def fail():
        raise LookupError("not now")

    server = HttpServer(lambda request: "", port=0, on_listening=fail)
    with pytest.raises(LookupError):
        await server.start()
    assert server.addresses == []


async def test_a_port_in_use_is_an_error():
    """Raised by start(), with address and reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HttpServer(lambda request: "", port=taken.getsockname()[1])
        with pytest.raises(ListenError, match="in use by another process"):
            await server.start()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"handler": 1}, "handler: expected a callable, got 1"),
        ({"port": "80"}, "port: expected an int from 0 to 65535, got '80'"),
        ({"port": 65536}, "port: expected"),
        ({"port": True}, "port: expected"),
        ({"request_class": str}, "request_class: expected a subclass of HttpRequest"),
        ({"keyfile": "k"}, "keyfile and client_ca need a certfile"),
        ({"certfile": "/no/such.pem"}, "certfile '/no/such.pem' cannot be used"),
    ],
)
def test_wrong_arguments_are_named(options, words):
    """When the server is made, not when it runs."""
    with pytest.raises((TypeError, ValueError)) as caught:
        HttpServer(**{"handler": lambda request: "", **options})
    assert words in str(caught.value)


def test_ordinary_handlers_get_their_body_and_others_pull_it(live):
    """read_body says which; a limit of the handler's own may be lower or higher than the server's."""
    config = HttpConfig(max_body_size=100)
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"

    async def pulling(request):
        return str(len(await request.read(limit=1000)))

    async def strict(request):
        return str(len(await request.read(limit=10)))

    for handler, size, read_body, expected in [
        (lambda request: str(len(request.body)), 100, True, b"100"),
        (lambda request: str(len(request.body)), 101, True, b"the content is larger than 100 bytes"),
        (pulling, 1000, False, b"1000"),
        (pulling, 1001, False, b"the content is larger than 1000 bytes"),
        (strict, 10, False, b"10"),
        (strict, 11, False, b"the content is larger than 10 bytes"),
        (lambda request: "unread", 50, False, b"unread"),
    ]:
        server = live(handler, config=config, read_body=read_body)
        (answer,) = read_responses(server.ask(post % size + b"x" * size))
        assert answer.body == expected


def test_requests_are_of_the_class_asked_for(live):
    """With whatever it adds."""

    class Own(HttpRequest):
        __slots__ = ()

        @property
        def shouted(self):
            return self.path.upper()

    server = live(lambda request: request.shouted, request_class=Own)
    assert read_responses(server.ask(GET.replace(b"/ ", b"/abc ")))[0].body == b"/ABC"


# -- ends ---------------------------------------------------------------------------------------------------


def test_a_client_that_is_still_sending_reads_its_413(live):
    """The connection lingers: closing with unread input would reset it, and the answer would be lost."""
    server = live(lambda request: "x", config=HttpConfig(max_body_size=1000))
    for _ in range(5):
        sock = server.connect()
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n")
        for _ in range(9):
            with contextlib.suppress(OSError):
                sock.sendall(b"x" * 100_000)
            time.sleep(0.002)
        (answer,) = read_responses(read_all(sock))
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        sock.close()


def test_a_refused_client_sees_the_end_of_the_connection(live):
    """The server's side is closed at once, and all of it when the client has closed too."""
    server = live(lambda request: "x")
    sock = server.connect()
    sock.sendall(b"BAD\r\n")
    assert read_responses(read_all(sock))[0].status == 400
    sock.close()
    deadline = time.monotonic() + 5
    while server.server.connection_count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.server.connection_count == 0


def test_deadlines_hold_over_sockets(live):
    """A slow head, a slow body, an idle connection, a slow handler: each with a short limit."""
    config = HttpConfig(
        head_timeout=0.15, body_grace=0.15, keep_alive_timeout=0.3, handler_timeout=0.15, linger_timeout=0.1
    )

    async def handler(request):
        if request.path == "/slow":
            await asyncio.sleep(30)
        return request.body

    server = live(handler, config=config)
    head, body, idle, slow = (server.connect() for _ in range(4))
    head.sendall(b"GET / HT")
    body.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    idle.sendall(GET)
    slow.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [read_responses(read_all(sock))[0].status for sock in (head, body, idle, slow)] == [
        408,
        408,
        200,
        503,
    ]


def test_a_reader_that_takes_nothing_is_dropped(live):
    """After the write timeout, over a socket whose buffers are full."""
    server = live(lambda request: b"x" * 20_000_000, config=HttpConfig(write_timeout=0.2))
    sock = server.connect()
    sock.sendall(GET)
    deadline = time.monotonic() + 10
    while server.server.connection_count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.server.connection_count == 0


def test_a_stop_waits_for_what_runs(live):
    """From another thread; in-flight requests finish, idle connections close."""
    entered = threading.Event()

    async def handler(request):
        entered.set()
        await asyncio.sleep(0.1)
        return "finished"

    server = live(handler)
    idle, busy = server.connect(), server.connect()
    busy.sendall(GET)
    assert entered.wait(5)
    server.server.stop()
    (answer,) = read_responses(read_all(busy))
    assert (answer.body, answer.headers["connection"]) == (b"finished", "close")
    assert idle.recv(1) == b""
    server.stop()


def test_no_task_and_no_socket_is_left(live):
    """Clients that come, leave in the middle, are refused or served: the loop ends clean."""

    async def handler(request):
        if request.path == "/stream":

            async def pieces():
                while True:
                    yield b"x" * 1000
                    await asyncio.sleep(0.001)

            return pieces()
        await asyncio.sleep(0.001)
        return "x"

    server = live(handler, config=HttpConfig(shutdown_timeout=0.5, stream_shutdown_timeout=0.1))
    for wire in (GET, b"BAD\r\n", b"GET / HT", b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", b"", GET * 20):
        for leaves in (True, False):
            sock = server.connect()
            sock.sendall(wire)
            if leaves:
                sock.close()
    server.stop()


# -- processes ----------------------------------------------------------------------------------------------

# Asyncio's debug mode complains of turns that take long, which a busy machine makes them.
PROGRAM = """
    import sys, asyncio, logging, threading
    from areion_http import HttpServer, HttpConfig
    import areion_http.server as server_module
    logging.getLogger("asyncio").addFilter(lambda record: "took" not in record.msg)
    {before}
    async def handler(request):
        if request.path == "/slow":
            print("entered", flush=True)
            await asyncio.sleep({seconds})
        return "finished"
    def listening():
        print(server.urls[0], flush=True)
    server = HttpServer(handler, port={port}, on_listening=listening, config=HttpConfig(shutdown_timeout=10.0))
    server.run()
    print("returned", flush=True)
"""


@pytest.fixture(params=["asyncio", "uvloop or asyncio"])
def program(request):
    """Run the program above in a process of its own; its port is that of what it prints first."""
    started = []
    plain = "server_module.loop_factory = lambda: None" if request.param == "asyncio" else ""

    def start(port=0, seconds=0.2, before="", run=(), **options):
        source = textwrap.dedent(PROGRAM).format(before=plain + "\n" + before, seconds=seconds, port=port)
        process = subprocess.Popen(
            [*run, sys.executable, "-X", "dev", "-W", "error", "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def connect(process):
    """Connect to a program that listens."""
    port = int(process.stdout.readline().rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def accepts(address):
    try:
        socket.create_connection(address, timeout=10).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_gracefully(program, number):
    """The request in flight is finished, run() returns, the exit status is 0, and nothing is complained of."""
    process = program()
    with connect(process) as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert process.stdout.readline() == "entered\n"
        process.send_signal(number)
        (answer,) = read_responses(read_all(sock))
    assert (answer.body, answer.headers["connection"]) == (b"finished", "close")
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "returned\n", "")


def test_a_second_signal_ends_the_drain(program):
    """Nobody has to wait for what hangs."""
    process = program(seconds=60)
    with connect(process) as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        assert process.stdout.readline() == "entered\n"
        address = sock.getpeername()
        process.send_signal(signal.SIGTERM)
        # Two signals in one moment are one; that the first was heard is seen from outside.
        while accepts(address):
            time.sleep(0.01)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "returned\n", "")


def test_a_port_in_use_is_one_line_and_exit_status_1(program):
    """No traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out, err = program(port=port).communicate(timeout=10)
    assert (out, err) == (
        "",
        f"cannot listen on 127.0.0.1:{port}: the address is in use by another process\n",
    )


def test_stop_may_be_called_in_a_signal_handler(program):
    """Even in the middle of anything: of the server's own start too."""
    before = "import signal; signal.signal(signal.SIGUSR1, lambda *_: server.stop())"
    process = program(before=before)
    connect(process).close()
    process.send_signal(signal.SIGUSR1)
    assert process.wait(10) == 0


def test_sockets_of_a_service_manager_are_used(program):
    """LISTEN_FDS: descriptors from 3 on; host and port are not asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        before = "import os; os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')"
        move = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
        run = [sys.executable, "-c", move, str(listener.fileno())]
        process = program(port=1, before=before, run=run, pass_fds=[listener.fileno()])
        with connect(process) as sock:
            sock.sendall(GET)
            assert sock.recv(100).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "returned\n", "")


async def test_a_signal_that_the_loop_tells_twice_is_one_signal():
    """uvloop does so when another comes at the same time; a request in flight is answered all the same."""

    async def handler(request):
        server._on_signal()
        server._on_signal()
        await asyncio.sleep(0.02)
        return "whole"

    server = HttpServer(handler, port=0)
    running = asyncio.create_task(server.start())
    while not server.addresses:
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.read()).endswith(b"whole")
    writer.close()
    await running
