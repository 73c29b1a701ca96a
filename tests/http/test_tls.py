"""Facts about TLS: handshakes, certificates of both sides, renewal, and ends; on each event loop there is."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from areion_http import HttpConfig, HttpResponse, HttpServer
from areion_http._acceptor import Acceptor
from areion_http.testing import read_responses

CERTS = Path(__file__).parent / "certs"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
OWN = {"certfile": str(CERTS / "server.pem"), "keyfile": str(CERTS / "server.key")}


def client_context(certificate=None, alpn=()):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(CERTS / "ca.pem")
    if certificate:
        context.load_cert_chain(CERTS / f"{certificate}.pem", CERTS / f"{certificate}.key")
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def connect(live, context=None):
    return (context or client_context()).wrap_socket(live.connect(), server_hostname="localhost")


def read_all(sock):
    pieces = []
    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
        while piece := sock.recv(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


def ask(live, wire=CLOSE, context=None):
    with connect(live, context) as sock:
        sock.sendall(wire)
        return read_responses(read_all(sock))


def subject(sock):
    return dict(part[0] for part in sock.getpeercert()["subject"])["commonName"]


def test_a_request_over_tls(live):
    """The scheme is https, the connection knows its cipher, and TLS 1.2 is the least."""

    def handler(request):
        return f"{request.scheme} {request.connection.tls.version()} {request.url}"

    server = live(handler, **OWN)
    assert server.server.urls[0].startswith("https://127.0.0.1:")
    (answer,) = ask(server)
    assert answer.body == b"https TLSv1.3 https://a/"
    old = client_context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    (answer,) = ask(server, context=old)
    assert answer.body.startswith(b"https TLSv1.2")
    assert server.server._tls.minimum_version == ssl.TLSVersion.TLSv1_2


def test_several_requests_pipelined_and_kept_alive(live):
    """As without TLS."""
    server = live(lambda request: request.path, **OWN)
    (first, *rest, last) = ask(server, GET * 50 + CLOSE)
    assert (first.body, len(rest), last.headers["connection"]) == (b"/", 49, "close")


def test_http_1_1_is_agreed_on(live):
    """By ALPN; clients that offer only other protocols are served all the same, or refused by OpenSSL."""
    server = live(lambda request: "x", **OWN)
    with connect(server, client_context(alpn=["h2", "http/1.1"])) as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"


def test_a_context_of_ones_own(live):
    """Instead of files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "renewed.pem", CERTS / "renewed.key")
    server = live(lambda request: "x", tls=context)
    with connect(server) as sock:
        assert subject(sock) == "Areion test server, renewed"
    with pytest.raises(RuntimeError, match="no certfile to reload"):
        server.server.reload_certificates()


def test_large_bodies_over_tls(live, tmp_path):
    """Files are read off the loop, where no sendfile can encrypt; payloads and streams wait for the client."""
    content = bytes(range(256)) * 8_000
    (tmp_path / "file").write_bytes(content)

    def handler(request):
        if request.path == "/file":
            return HttpResponse(tmp_path / "file")
        if request.path == "/bytes":
            return content
        return (content[at : at + 30_000] for at in range(0, len(content), 30_000))

    server = live(handler, **OWN)
    wire = b"".join(
        b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in (b"/file", b"/bytes", b"/stream")
    )
    answers = ask(server, wire + CLOSE.replace(b"/ ", b"/file "))
    assert [answer.body == content for answer in answers] == [True] * 4


def test_uploads_over_tls(live):
    """In many records."""
    server = live(lambda request: str(len(request.body)), **OWN)
    wire = (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n"
        + b"x" * 1_000_000
    )
    assert ask(server, wire)[0].body == b"1000000"


def test_a_client_that_is_still_sending_reads_its_413(live):
    """Lingering works without half-closing, which TLS at asyncio cannot."""
    server = live(lambda request: "x", config=HttpConfig(max_body_size=10), **OWN)
    with connect(server) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n")
        for _ in range(9):
            with contextlib.suppress(OSError):
                sock.sendall(b"x" * 100_000)
        assert sock.recv(100).startswith(b"HTTP/1.1 413")


# -- certificates of clients --------------------------------------------------------------------------------


def test_certificates_of_clients_are_demanded_and_shown(live):
    """With client_ca; the handler sees whose it is."""

    def handler(request):
        return str(request.connection.tls.getpeercert()["subject"])

    server = live(handler, client_ca=str(CERTS / "ca.pem"), **OWN)
    (answer,) = ask(server, context=client_context("client"))
    assert b"Areion test client" in answer.body


def test_a_client_without_certificate_reaches_no_handler(live):
    """Its handshake fails; the next client is served."""
    called = []
    server = live(lambda request: called.append(1) or "x", client_ca=str(CERTS / "ca.pem"), **OWN)
    with contextlib.suppress(OSError), connect(server) as sock:
        sock.sendall(CLOSE)
        assert sock.recv(100) == b""
    assert called == []
    assert len(ask(server, context=client_context("client"))) == 1


# -- handshakes ---------------------------------------------------------------------------------------------


def test_plain_http_to_the_tls_port(live, caplog):
    """Is closed; the log says in one line what it was, and others are served."""
    caplog.set_level("INFO", "areion.http")
    server = live(lambda request: "x", **OWN)
    sock = server.connect()
    sock.sendall(GET)
    assert b"200" not in read_all(sock)
    assert len(ask(server)) == 1
    (record,) = [record for record in caplog.records if "handshake" in record.getMessage()]
    assert record.getMessage().endswith("plain HTTP was sent to the TLS port")
    assert "127.0.0.1:" in record.getMessage()
    assert not record.exc_info


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01"])
def test_a_handshake_has_a_deadline(live, caplog, sent):
    """Who says nothing, or only a part, is dropped."""
    server = live(lambda request: "x", config=HttpConfig(tls_handshake_timeout=0.15), **OWN)
    sock = server.connect()
    sock.sendall(sent)
    assert read_all(sock) == b""
    assert len(ask(server)) == 1
    assert not any(record.exc_info for record in caplog.records)


def test_a_stop_in_the_middle_of_a_handshake(live, monkeypatch):
    """Is not held up by it, and leaves nothing open."""
    monkeypatch.setattr("areion_http._acceptor._LAST_HANDSHAKES", 0.05)
    server = live(lambda request: "x", **OWN)
    sock = server.connect()
    sock.sendall(b"\x16\x03\x01")
    time.sleep(0.02)
    server.stop()


def test_a_client_that_does_not_say_goodbye_does_not_hold_up_the_stop(live):
    """Its close_notify is waited for no longer than lingering takes."""
    server = live(lambda request: "x", config=HttpConfig(linger_timeout=0.2), **OWN)
    sock = connect(server)
    sock.sendall(GET)
    assert sock.recv(1000).startswith(b"HTTP/1.1 200")
    server.stop()
    sock.close()


def test_the_first_request_of_a_client_that_shook_hands_during_the_stop_is_answered(live, monkeypatch):
    """A connection that was accepted is served."""
    accepted = threading.Event()
    accept = Acceptor._accept

    def note(self):
        accept(self)
        accepted.set()

    monkeypatch.setattr(Acceptor, "_accept", note)
    server = live(lambda request: "x", **OWN)
    raw = server.connect()
    assert accepted.wait(10)
    server.server.stop()
    with client_context().wrap_socket(raw, server_hostname="localhost") as sock:
        sock.sendall(GET)
        assert len(read_responses(read_all(sock))) == 1


def test_handshakes_at_one_time_are_bounded(live):
    """Those above max_connections wait in the system's backlog until one has ended."""
    config = HttpConfig(max_connections=3, tls_handshake_timeout=0.2)
    server = live(lambda request: "x", config=config, **OWN)
    began = time.monotonic()
    silent = [server.connect() for _ in range(6)]
    assert len(ask(server)) == 1
    assert time.monotonic() - began > 0.2
    assert all(sock.recv(1) == b"" for sock in silent[:3])


def test_accepting_goes_on_when_descriptors_are_free_again(live, monkeypatch, caplog):
    """Without any left nothing can be accepted; that is said once, and tried again later."""
    import errno

    monkeypatch.setattr("areion_http._acceptor._PAUSE", 0.05)
    server = live(lambda request: "x", **OWN)
    left = [2]
    accept = socket.socket.accept

    def failing(self):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", failing)
    assert len(ask(server)) == 1
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines == ["cannot accept connections for a while: Too many open files"] * 2


# -- renewal ------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    """A certificate and its key where they can be replaced."""
    paths = {"certfile": str(tmp_path / "c.pem"), "keyfile": str(tmp_path / "k.pem")}

    def install(name, key=None):
        shutil.copy(CERTS / f"{name}.pem", paths["certfile"])
        shutil.copy(CERTS / f"{key or name}.key", paths["keyfile"])

    install("server")
    return paths, install


def test_certificates_are_read_again(live, files):
    """New connections use them; those that are open go on."""
    paths, install = files
    server = live(lambda request: "x", **paths)
    old = connect(server)
    assert subject(old) == "Areion test server"
    install("renewed")
    server.server.reload_certificates()
    with connect(server) as new:
        assert subject(new) == "Areion test server, renewed"
    old.sendall(CLOSE)
    assert len(read_responses(read_all(old))) == 1
    old.close()


def test_certificates_that_cannot_be_used_change_nothing(live, files, caplog):
    """A key that does not fit, a file that is none: one line in the log, and the old certificate stays whole."""
    paths, install = files
    server = live(lambda request: "x", **paths)
    for spoil in (
        lambda: install("renewed", key="server"),
        lambda: Path(paths["certfile"]).write_text("nothing"),
        lambda: Path(paths["certfile"]).unlink(),
    ):
        spoil()
        caplog.clear()
        server.server.reload_certificates()
        (record,) = [record for record in caplog.records if "not reloaded" in record.getMessage()]
        assert record.exc_info is None
        with connect(server) as sock:
            assert subject(sock) == "Areion test server"


def test_a_key_that_is_encrypted_is_an_error_and_no_question():
    """OpenSSL would ask on the terminal, and the server hang."""
    with pytest.raises(ValueError, match="the key is encrypted"):
        HttpServer(lambda request: "", certfile=OWN["certfile"], keyfile=str(CERTS / "encrypted.key"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"certfile": str(CERTS / "README.md")}, "README.md' cannot be used"),
        ({"certfile": OWN["certfile"], "keyfile": str(CERTS / "client.key")}, "server.pem' cannot be used"),
        ({**OWN, "client_ca": str(CERTS / "README.md")}, "client_ca"),
        ({**OWN, "client_ca": "/no/such.pem"}, "client_ca '/no/such.pem' cannot be used"),
        ({**OWN, "tls": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}, "tls and certfile: give one of them"),
    ],
)
def test_files_that_cannot_be_used_are_named(options, words):
    """When the server is made."""
    with pytest.raises(ValueError) as caught:
        HttpServer(lambda request: "", **options)
    assert words in str(caught.value)


async def test_a_handler_is_told_when_a_tls_client_leaves():
    """is_disconnected() and cancellation work as without TLS."""
    left = asyncio.Event()

    async def handler(request):
        try:
            await asyncio.sleep(30)
        finally:
            left.set()

    server = HttpServer(handler, port=0, config=HttpConfig(cancel_on_disconnect=True), **OWN)
    task = asyncio.create_task(server.start())
    await asyncio.to_thread(server.wait_listening, 5)
    host, port = server.addresses[0]
    _, writer = await asyncio.open_connection(host, port, ssl=client_context(), server_hostname="localhost")
    writer.write(GET)
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.wait_for(left.wait(), 5)
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    server.stop()
    await asyncio.wait_for(task, 10)


def test_sockets_are_closed_after_a_refused_handshake(live):
    """A hundred of them leave nothing behind."""
    server = live(lambda request: "x", **OWN)
    for _ in range(100):
        sock = socket.create_connection(server.server.addresses[0], timeout=5)
        sock.sendall(b"nonsense\r\n\r\n")
        sock.close()
    assert len(ask(server)) == 1
    assert server.server.connection_count <= 1
