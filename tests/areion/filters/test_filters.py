"""The standard response filters, through the dispatcher and over real sockets."""

import asyncio
import gzip
import io
import json
import logging
import threading
import zlib

import httpx
import pytest
from areion import (
    AreionServerBuilder,
    DefaultLogger,
    DefaultRouter,
    HttpRequest,
    HttpResponse,
    ResponseFilter,
)
from areion.filters._codings import available, choose
from areion.filters.forwarded import TrustedProxiesFilter
from areion_http import Client
from areion_logger import ConsoleFormatter

ORIGIN = "https://app.example"


@pytest.fixture
def serve(tmp_path):
    """Serve a builder's server in a thread; give a client for it."""
    ended = []

    def start(configure, router=None):
        server = configure(
            AreionServerBuilder().with_router(router or application()).with_host("127.0.0.1").with_port(0)
        ).build()
        thread = threading.Thread(target=server.run)
        thread.start()
        assert server.wait_listening(10)
        client = httpx.Client(base_url=server.url, timeout=10)
        ended.append((server, thread, client))
        return client

    yield start
    for server, thread, client in ended:
        client.close()
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def application():
    router = DefaultRouter()
    calls = []
    router.calls = calls

    @router.route("/data", methods=["GET", "POST"])
    def data(request):
        calls.append(request.method)
        return {
            "text": "x" * 2000,
            "client": request.client.host,
            "scheme": request.scheme,
            "host": request.host,
        }

    @router.get("/small")
    def small(request):
        return "small"

    @router.get("/stream")
    def stream(request):
        async def pieces():
            for number in range(3):
                yield f"piece {number}\n" * 100

        return HttpResponse(pieces(), content_type="text/plain")

    @router.get("/big")
    def big(request):
        return "0123456789" * 50_000

    @router.get("/etag")
    def etag(request):
        return HttpResponse("y" * 1000, headers={"ETag": '"v1"'})

    @router.get("/fixed")
    def fixed(request):
        return HttpResponse(
            "z" * 1000, headers={"Cache-Control": "no-transform", "X-Frame-Options": "SAMEORIGIN"}
        )

    @router.get("/fail")
    def fail(request):
        raise RuntimeError("secret detail")

    @router.get("/id")
    def identifier(request):
        return request.get_metadata("request_id")

    return router


class TestCors:
    """Which other sites' scripts may read responses."""

    def test_a_preflight_reaches_no_handler(self, serve):
        """OPTIONS with Origin and the method asked for is answered by the filter, with what is allowed."""
        router = application()
        client = serve(lambda b: b.with_cors(ORIGIN, headers=["X-Token"], max_age=60), router)
        answer = client.options("/data", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-headers"] == "X-Token"
        assert answer.headers["access-control-max-age"] == "60"
        assert router.calls == []

    @pytest.mark.parametrize("path", ["/data", "/nowhere", "/fail"])
    def test_errors_can_be_read_too(self, serve, path):
        """404 and 500 carry the CORS fields; peers' do not, and scripts then see only a network error."""
        client = serve(lambda b: b.with_cors(ORIGIN))
        answer = client.get(path, headers={"Origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "Origin" in answer.headers["vary"]

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "https://app.example.evil", "null", ORIGIN + "/"]
    )
    def test_other_origins_get_no_permission(self, serve, origin):
        """An origin that was not named, exactly, is not allowed; not in preflights either."""
        client = serve(lambda b: b.with_cors(ORIGIN))
        assert "access-control-allow-origin" not in client.get("/data", headers={"Origin": origin}).headers
        preflight = client.options(
            "/data", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
        )
        assert "access-control-allow-origin" not in preflight.headers
        assert "access-control-allow-methods" not in preflight.headers

    def test_every_origin_without_credentials(self, serve):
        """The origin * is answered as *, without Vary: Origin."""
        client = serve(lambda b: b.with_cors("*"))
        answer = client.get("/data", headers={"Origin": "https://any.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({"origins": "*", "credentials": True}, "credentials"),
            ({"origins": []}, "origins"),
            ({"origins": "app.example"}, "origins"),
            ({"origins": "https://app.example/path"}, "origins"),
            ({"origins": ORIGIN, "methods": ["GE T"]}, "methods"),
            ({"origins": ORIGIN, "max_age": -1}, "max_age"),
            ({"origins": [1]}, "origins"),
        ],
    )
    def test_wrong_arguments(self, arguments, named):
        """Arguments that do not fit, or are dangerous together, are refused by name."""
        with pytest.raises(ValueError, match=named):
            AreionServerBuilder().with_cors(**arguments)


class TestCompression:
    """Which responses are compressed, and how."""

    def test_json_is_compressed_for_those_who_take_it(self, serve):
        """A body of some size is sent in gzip, with the length of what is sent."""
        client = serve(lambda b: b.with_compression())
        with client.stream("GET", "/data", headers={"Accept-Encoding": "gzip"}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(raw)
        assert json.loads(gzip.decompress(raw))["text"] == "x" * 2000
        assert "Accept-Encoding" in answer.headers["vary"]

    @pytest.mark.parametrize("accept", ["identity", "gzip;q=0", "", "br;q=0, *;q=0"])
    def test_not_for_those_who_do_not(self, serve, accept):
        """Without an acceptable coding the body goes as it is, and Vary says that it could be otherwise."""
        client = serve(lambda b: b.with_compression())
        answer = client.get("/data", headers={"Accept-Encoding": accept})
        assert "content-encoding" not in answer.headers
        assert "Accept-Encoding" in answer.headers["vary"]

    @pytest.mark.parametrize("path", ["/small", "/fixed"])
    def test_never_for_small_or_marked_bodies(self, serve, path):
        """Small bodies and those marked no-transform are left alone."""
        client = serve(lambda b: b.with_compression())
        assert "content-encoding" not in client.get(path).headers

    def test_streams_are_flushed_piece_by_piece(self, serve):
        """Each piece of a stream can be read before the next is made."""
        client = serve(lambda b: b.with_compression())
        with client.stream("GET", "/stream", headers={"Accept-Encoding": "gzip"}) as answer:
            unzip = zlib.decompressobj(31)
            first = b""
            pieces = answer.iter_raw()
            while b"piece 0\n" * 100 not in first:
                first += unzip.decompress(next(pieces))
            rest = first + b"".join(unzip.decompress(piece) for piece in pieces)
        assert rest.decode() == "".join(f"piece {number}\n" * 100 for number in range(3))

    def test_large_bodies_are_complete(self, serve):
        """A body that is compressed off the loop arrives whole."""
        client = serve(lambda b: b.with_compression())
        assert client.get("/big").text == "0123456789" * 50_000

    def test_a_strong_etag_becomes_weak(self, serve):
        """The compressed bytes are not those of the strong validator (RFC 9110 §8.8.1)."""
        client = serve(lambda b: b.with_compression())
        assert client.get("/etag", headers={"Accept-Encoding": "gzip"}).headers["etag"] == 'W/"v1"'
        assert client.get("/etag", headers={"Accept-Encoding": "identity"}).headers["etag"] == '"v1"'

    def test_files(self, serve, tmp_path):
        """Files are compressed whole, never as ranges, HEAD tells the same, and a validator still matches."""
        (tmp_path / "a.js").write_text("let a = 1;\n" * 500)
        client = serve(lambda b: b.with_compression().with_static_dir(tmp_path))
        whole = client.get("/static/a.js")
        assert whole.headers["content-encoding"] == "gzip"
        assert whole.text == "let a = 1;\n" * 500
        head = client.head("/static/a.js")
        assert head.headers["content-length"] == whole.headers["content-length"]
        part = client.get("/static/a.js", headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.text) == (206, "let ")
        assert "content-encoding" not in part.headers
        again = client.get("/static/a.js", headers={"If-None-Match": whole.headers["etag"]})
        assert again.status_code == 304

    def test_choice_of_coding(self):
        """The client's weights decide, then the server's order; q=0 forbids (RFC 9110 §12.5.3)."""
        assert choose(["gzip, br"], ["br", "gzip"]) == "br"
        assert choose(["gzip;q=1.0, br;q=0.1"], ["br", "gzip"]) == "gzip"
        assert choose(["*"], ["br", "gzip"]) == "br"
        assert choose(["*;q=0, gzip"], ["br", "gzip"]) == "gzip"
        assert choose(["gzip;q=nonsense"], ["gzip"]) is None
        assert choose([], ["gzip"]) is None

    @pytest.mark.parametrize("coding", list(available()))
    def test_every_coding_that_is_here(self, serve, coding):
        """Whatever is offered can be produced."""
        client = serve(lambda b: b.with_compression(codings=(coding,)))
        with client.stream("GET", "/data", headers={"Accept-Encoding": coding}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == coding
        assert 0 < len(raw) < 500

    def test_wrong_arguments(self):
        """A coding that is not there and a minimum that is no number are refused."""
        with pytest.raises(ValueError, match="lzma"):
            AreionServerBuilder().with_compression(codings=("lzma",))
        with pytest.raises(ValueError, match="minimum"):
            AreionServerBuilder().with_compression(minimum="1")


class TestRequestId:
    """A name for every request."""

    def test_made_and_returned(self, serve):
        """Each request gets an id of its own, on request and response alike."""
        client = serve(lambda b: b.with_request_id())
        one, two = client.get("/id"), client.get("/id")
        assert one.text == one.headers["x-request-id"]
        assert one.text != two.text

    @pytest.mark.parametrize(
        ("sent", "taken"), [("abc-123", True), ("a b", False), ("x" * 129, False), ("a\x7f", False)]
    )
    def test_taken_only_if_harmless(self, serve, sent, taken):
        """An id that could forge a log line, or is too long, is replaced."""
        client = serve(lambda b: b.with_request_id("X-Trace"))
        request = client.build_request("GET", "/id")
        request.headers["X-Trace"] = sent if "\x7f" not in sent else "a\u00ff"
        assert (client.send(request).text == sent) is taken

    def test_in_the_log_of_an_error(self, serve, tmp_path):
        """The line with the traceback names the request."""
        log = DefaultLogger(log_file=tmp_path / "log", format="json")
        client = serve(lambda b: b.with_request_id().with_logger(log))
        answer = client.get("/fail", headers={"X-Request-ID": "find-me"})
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] == "find-me"
        log.flush()
        records = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        (failure,) = [record for record in records if "RuntimeError" in record["message"]]
        assert failure["request_id"] == "find-me"
        log.close()


class TestSecurityFields:
    """Fields that switch on browsers' safety."""

    def test_on_every_response(self, serve):
        """Errors carry them as well, and the handler's own value wins."""
        client = serve(lambda b: b.with_security_headers(csp="default-src 'self'"))
        for path in ("/data", "/nowhere", "/fail"):
            answer = client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"] == "default-src 'self'"
        assert client.get("/fixed").headers["x-frame-options"] == "SAMEORIGIN"

    def test_hsts_over_https_alone(self, serve):
        """Strict-Transport-Security over plain HTTP must not be sent (RFC 6797 §7.2)."""
        client = serve(lambda b: b.with_security_headers().with_trusted_proxies("127.0.0.1"))
        assert "strict-transport-security" not in client.get("/data").headers
        secure = client.get("/data", headers={"X-Forwarded-Proto": "https"})
        assert secure.headers["strict-transport-security"] == "max-age=31536000"


def forwarded(headers, proxies=("10.0.0.0/8",), peer="10.0.0.1", **options):
    """What a filter makes of a request from ``peer``."""
    request = HttpRequest("GET", "/", headers)
    request.client = None if peer is None else Client(peer, 1)
    TrustedProxiesFilter(proxies, **options).before(request)
    return request


class TestTrustedProxies:
    """Who the client is."""

    @pytest.mark.parametrize(
        ("value", "client"),
        [
            ("1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4", "1.2.3.4"),
            ("6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),
            ("1.2.3.4:55", "1.2.3.4"),
            ("[2001:db8::1]:55", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("1.2.3.4, nonsense", "10.0.0.1"),
        ],
    )
    def test_the_last_address_that_is_not_trusted(self, value, client):
        """A client can put anything in front of the list; only its end was written by trusted proxies."""
        assert forwarded({"X-Forwarded-For": value}).client.host == client

    def test_not_from_strangers(self):
        """From an address that is no trusted proxy nothing is believed."""
        fields = {
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil",
            "Host": "me",
        }
        request = forwarded(fields, peer="9.9.9.9")
        assert (request.client.host, request.scheme, request.host) == ("9.9.9.9", "http", "me")

    def test_scheme_and_host(self):
        """Scheme and host come from the nearest proxy; what is no host is ignored."""
        fields = {
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Proto": "HTTPS",
            "X-Forwarded-Host": "shop.example:8443",
        }
        request = forwarded(fields)
        assert request.url == "https://shop.example:8443/"
        assert forwarded({"X-Forwarded-Host": "a b", "Host": "me"}).host == "me"

    def test_forwarded_field(self):
        """RFC 7239: quoted values, IPv6, several elements; X-Forwarded-For is then not read."""
        fields = {
            "Forwarded": 'for=6.6.6.6, for="[2001:db8::7]:9";proto=https;host="a.example"',
            "X-Forwarded-For": "7.7.7.7",
        }
        request = forwarded(fields, fields="forwarded")
        assert (request.client, request.scheme, request.host) == (
            Client("2001:db8::7", 9),
            "https",
            "a.example",
        )

    def test_unix_socket(self):
        """Whoever connects to the unix socket is trusted if 'unix' was named."""
        assert forwarded({"X-Forwarded-For": "1.2.3.4"}, proxies=["unix"], peer=None).client.host == "1.2.3.4"
        assert forwarded({"X-Forwarded-For": "1.2.3.4"}, peer=None).client is None

    @pytest.mark.parametrize("entry", ["example.com", "10.0.0.1/8", 5])
    def test_wrong_entries(self, entry):
        """A name, a network with host bits and other things are refused."""
        with pytest.raises(ValueError, match="proxies"):
            AreionServerBuilder().with_trusted_proxies(entry)


@pytest.mark.parametrize("kind", ["text", "stream"])
def test_filters_keep_the_charset(serve, kind):
    """Where filters turn text into bytes, they do so in the charset of its type."""
    router = DefaultRouter()

    @router.get("/")
    def page(request):
        text = "caf\u00e9 " * 200
        return HttpResponse(
            text if kind == "text" else iter([text]), content_type="text/html; charset=latin-1"
        )

    client = serve(lambda b: b.with_access_log().with_compression(), router)
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == "caf\u00e9 ".encode("latin-1") * 200


class TestAccessLog:
    """One line for each response."""

    @pytest.fixture
    def lines(self):
        """The records of the access log."""
        records = []

        class Keep(logging.Handler):
            def emit(self, record):
                records.append(record)

        handler = Keep()
        log = logging.getLogger("areion.access")
        log.addHandler(handler)
        yield records
        log.removeHandler(handler)

    @pytest.mark.parametrize(
        ("path", "status", "size"),
        [("/small", 200, 5), ("/nowhere", 404, 9), ("/fail", 500, 21), ("/stream", 200, 2400)],
    )
    def test_json_facts(self, serve, lines, path, status, size):
        """Status, bytes, duration and id are there for answers, errors and streams alike."""
        client = serve(lambda b: b.with_access_log("json").with_request_id())
        answer = client.get(path + "?q=1", headers={"User-Agent": "test"})
        for _ in range(200):
            if lines:
                break
            threading.Event().wait(0.01)
        (record,) = lines
        assert (record.status, record.bytes, record.target) == (status, size, path + "?q=1")
        assert record.duration_ms > 0
        assert record.id == answer.headers["x-request-id"]
        assert record.user_agent == "test"

    @pytest.mark.parametrize("form", ["common", "combined"])
    def test_the_id_is_once_on_a_line(self, serve, form):
        """The line ends with the request id, and has no field with it besides."""
        written = io.StringIO()
        handler = logging.StreamHandler(written)
        handler.setFormatter(ConsoleFormatter())
        log = logging.getLogger("areion.access")
        log.addHandler(handler)
        try:
            answer = serve(lambda b: b.with_access_log(form).with_request_id()).get("/small")
        finally:
            log.removeHandler(handler)
        (line,) = written.getvalue().splitlines()
        assert line.endswith(answer.headers["x-request-id"])
        assert line.count(answer.headers["x-request-id"]) == 1

    def test_combined_line_cannot_be_forged(self, serve, lines):
        """Quotes in a field are escaped, so that no client can write a line's other columns."""
        client = serve(lambda b: b.with_access_log())
        client.get("/small", headers={"User-Agent": 'a" 200 "'})
        (record,) = lines
        assert '"a\\x22 200 \\x22"' in record.getMessage()

    def test_wrong_format(self):
        """An unknown format is refused."""
        with pytest.raises(ValueError, match="format"):
            AreionServerBuilder().with_access_log("apache")


class TestRing:
    """The order of the filters, and filters of one's own."""

    def test_own_filter_sees_errors_and_can_answer(self, serve):
        """before can answer at once; after sees every response, unknown paths and failures included."""
        seen = []

        class Own(ResponseFilter):
            def before(self, request):
                return {"early": True} if request.path == "/early" else None

            def after(self, request, response):
                seen.append(response.status_code)
                response.set_header("X-Own", "1")
                return response

        client = serve(lambda b: b.with_filter(Own()))
        assert client.get("/early").json() == {"early": True}
        assert [client.get(path).headers["x-own"] for path in ("/small", "/nowhere", "/fail")] == ["1"] * 3
        assert seen == [200, 200, 404, 500]

    def test_order_does_not_depend_on_calls(self, serve):
        """The access log sees the size after compression, whatever was asked for first."""
        one = AreionServerBuilder().with_compression().with_access_log().with_request_id()
        two = AreionServerBuilder().with_request_id().with_access_log().with_compression()
        assert [type(f) for f in one._ring()] == [type(f) for f in two._ring()]

    def test_asynchronous_handlers(self, serve):
        """A coroutine handler's answer and its exception pass through the filters too."""
        router = DefaultRouter()

        @router.get("/ok")
        async def ok(request):
            await asyncio.sleep(0)
            return "ok"

        @router.get("/no")
        async def no(request):
            await asyncio.sleep(0)
            raise RuntimeError("no")

        client = serve(lambda b: b.with_request_id(), router)
        assert "x-request-id" in client.get("/ok").headers
        answer = client.get("/no")
        assert answer.status_code == 500
        assert "x-request-id" in answer.headers


def test_a_declared_length_is_not_that_of_the_compressed_body(serve):
    """A stream with Content-Length is compressed, and sent in chunks instead."""
    router = DefaultRouter()

    @router.get("/")
    def handler(request):
        pieces = iter(["x" * 1000, "y" * 1000])
        return HttpResponse(pieces, content_type="text/plain", headers={"Content-Length": "2000"})

    client = serve(lambda b: b.with_compression(), router)
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-encoding"], "content-length" in answer.headers) == ("gzip", False)
    assert answer.text == "x" * 1000 + "y" * 1000
    plain = client.get("/", headers={"Accept-Encoding": "identity"})
    assert plain.headers["content-length"] == "2000"
