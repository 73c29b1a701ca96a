"""HttpRequest made by hand: what it says of head and body."""

import copy

import pytest
from areion_http import BadRequestError, Headers, HttpRequest, PayloadTooLargeError

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


def part(name, value, filename=None):
    file = f'; filename="{filename}"' if filename else ""
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'


class TestHead:
    """Method, target, fields."""

    def test_path_and_raw_path(self):
        """path is decoded, raw_path as sent, both without the query."""
        request = HttpRequest("GET", "/a%20b/%2F%C3%BC?q=%20")
        assert (request.path, request.raw_path) == ("/a b//\u00fc", "/a%20b/%2F%C3%BC")
        assert request.get_raw_query_params() == "q=%20"

    def test_undecodable_paths(self):
        """Octets that are no UTF-8 are replaced, never an error."""
        assert HttpRequest("GET", "/%ff%").path == "/\ufffd%"

    def test_headers(self):
        """In any case, ordered, multi-valued; add_header sets."""
        request = HttpRequest("GET", "/", {"X-A": "1"})
        assert request.get_header("x-a") == request.get_header("X-A") == "1"
        assert request.get_header("none") is None
        assert request.get_header("none", "d") == "d"
        request.add_header("x-a", "2")
        assert request.headers.getall("X-A") == ["2"]
        with pytest.raises(ValueError, match="header"):
            request.add_header("X", "a\r\nb")
        assert HttpRequest("GET", "/", Headers([("A", "1"), ("A", "2")])).headers.getall("a") == ["1", "2"]

    def test_query(self):
        """The last value wins, getall gives all, blank values stay (the predecessor dropped them)."""
        request = HttpRequest("GET", "/?a=1&a=2&b=&c&d=%20+x&=e")
        assert request.get_query_param("a") == "2"
        assert request.query_params["a"] == "2"
        assert request.query_params.getall("a") == ["1", "2"]
        assert request.get_query_param("b") == ""
        assert request.get_query_param("c") == ""
        assert request.get_query_param("d") == "  x"
        assert request.get_query_param("none") is None
        assert request.get_query_param("none", "d") == "d"
        assert request.get_parsed_query_params() == {"a": "2", "b": "", "c": "", "d": "  x", "": "e"}
        assert request.get_raw_query_params() == "a=1&a=2&b=&c&d=%20+x&=e"

    @pytest.mark.parametrize("target", ["/", "/?"])
    def test_no_query(self, target):
        """Empty, not absent."""
        request = HttpRequest("GET", target)
        assert dict(request.query_params) == {}
        assert request.get_parsed_query_params() == {}
        assert request.get_raw_query_params() == ""

    def test_cookies(self):
        """By name, of one field or several; what is malformed is passed over."""
        request = HttpRequest("GET", "/", [("Cookie", "a=1; b=two"), ("Cookie", 'c="3"; broken; =x')])
        assert request.cookies["a"] == "1"
        assert request.cookies["b"] == "two"
        assert request.cookies["c"].strip('"') == "3"
        assert HttpRequest("GET", "/").cookies == {}

    def test_where_it_came_from(self):
        """Without a connection there is no client; host is what the client named."""
        request = HttpRequest("GET", "/p?q", {"Host": "example.com:8080"})
        assert (request.client, request.scheme, request.host) == (None, "http", "example.com:8080")
        assert request.url == "http://example.com:8080/p?q"
        assert request.http_version == "1.1"

    def test_metadata_and_attributes_for_whoever_is_next(self):
        """A dict of its own for each request, and any attribute."""
        request, other = HttpRequest("GET", "/"), HttpRequest("GET", "/")
        request.add_metadata("k", 1)
        assert (request.get_metadata("k"), request.metadata) == (1, {"k": 1})
        assert request.get_metadata("none") is None
        assert other.metadata == {}
        request.user = "ada"
        assert request.user == "ada"
        with pytest.raises(AttributeError, match="nothing"):
            _ = request.nothing

    def test_as_dict_and_repr(self):
        """For logs."""
        request = HttpRequest("POST", "/p?q=1", {"A": "1", **JSON}, b'{"x": 2}')
        assert request.as_dict() == {
            "method": "POST", "path": "/p", "query_params": {"q": "1"},
            "headers": {"A": "1", "Content-Type": "application/json"}, "metadata": {}, "body": {"x": 2},
        }  # fmt: skip
        assert "POST /p" in repr(request)

    def test_copies(self):
        """A shallow copy is a request of its own."""
        request = HttpRequest("GET", "/a", {"A": "1"}, b"x")
        other = copy.copy(request)
        other.method = "POST"
        assert (request.method, other.raw_path, other.body, other.get_header("a")) == ("GET", "/a", b"x", "1")


class TestParsedBody:
    """get_parsed_body goes by the Content-Type."""

    @pytest.mark.parametrize("headers", [{}, JSON, FORM, MULTIPART])
    @pytest.mark.parametrize("body", [b"", None, ""])
    def test_no_body_is_an_empty_dict(self, headers, body):
        """Whatever the type says."""
        assert HttpRequest("POST", "/", headers, body).get_parsed_body() == {}

    @pytest.mark.parametrize(
        "kind", ["application/json", "APPLICATION/JSON; charset=utf-8", "application/problem+json"]
    )
    def test_json(self, kind):
        """Any JSON value; parsed once."""
        request = HttpRequest("POST", "/", {"content-type": kind}, '{"a": [1, null, "\u2603"]}')
        assert request.get_parsed_body() == {"a": [1, None, "\u2603"]}
        assert request.get_parsed_body() is request.get_parsed_body()
        for text, value in (("0", 0), ("null", None), ("false", False), ('""', "")):
            assert HttpRequest("POST", "/", JSON, text).get_parsed_body() == value

    @pytest.mark.parametrize(
        ("body", "where"),
        [(b'{"a": }', "line 1, column 7"), (b'{\n "a": 1,\n}', "line 2, column 8"), (b"nope", "line 1"),
         (b'{"a": "\xff"}', "JSON"), (b"[1, 2", "JSON"), (b"{} {}", "JSON")],
    )  # fmt: skip
    def test_malformed_json_says_where(self, body, where):
        """400; the predecessor silently gave None."""
        with pytest.raises(BadRequestError, match=where):
            HttpRequest("POST", "/", JSON, body).get_parsed_body()

    def test_json_that_is_nested_too_deeply(self):
        """An attacker's depth is a 400, not a crash."""
        with pytest.raises(BadRequestError):
            HttpRequest("POST", "/", JSON, b"[" * 100_000).get_parsed_body()

    def test_urlencoded(self):
        """The last value wins, getall gives all, blanks stay."""
        form = HttpRequest("POST", "/", FORM, b"a=1&a=2&b=&c=%C3%BC+x").get_parsed_body()
        assert (form["a"], form.getall("a"), form["b"], form["c"]) == ("2", ["1", "2"], "", "\u00fc x")
        assert form.get("none") is None

    def test_multipart(self):
        """Fields are text, files have name, type, size, headers and an open file."""
        body = part("f", "v") + part("up", "content", "a.txt") + "--B--\r\n"
        request = HttpRequest("POST", "/", MULTIPART, body)
        form = request.get_parsed_body()
        assert form["f"] == "v"
        up = form["up"]
        assert (up.filename, up.size, up.file.read()) == ("a.txt", 7, b"content")
        assert up.headers["content-disposition"]
        assert up.content_type
        request.close()
        assert up.file.closed

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            (MULTIPART, "nothing like it"),
            (MULTIPART, part("a", "b")),
            ({"Content-Type": "multipart/form-data"}, part("a", "b") + "--B--"),
            ({"Content-Type": "text/plain; charset=no-such"}, "x"),
            ({"Content-Type": "text/plain; charset=ascii"}, b"\xff"),
            ({"Content-Type": "application/x-www-form-urlencoded; charset=nope"}, "a=1"),
            ({}, b"\xff\xfe"),
        ],
    )
    def test_malformed_bodies_are_400_with_a_reason(self, headers, body):
        """Also charsets that nobody knows."""
        with pytest.raises(BadRequestError) as caught:
            HttpRequest("POST", "/", headers, body).get_parsed_body()
        assert len(caught.value.message) > 10

    @pytest.mark.parametrize(
        ("headers", "body", "text"),
        [
            ({}, b"plain", "plain"),
            ({"Content-Type": "text/plain"}, "\u2603".encode(), "\u2603"),
            ({"Content-Type": 'text/plain; charset="ISO-8859-1"'}, b"\xfc", "\u00fc"),
            ({"Content-Type": "application/xml"}, b"<a/>", "<a/>"),
        ],
    )
    def test_everything_else_is_text(self, headers, body, text):
        """In the charset that was declared, UTF-8 by default."""
        assert HttpRequest("POST", "/", headers, body).get_parsed_body() == text

    def test_raw_body(self):
        """Bytes, always."""
        assert HttpRequest("POST", "/", body="\u2603").get_raw_body() == "\u2603".encode()
        assert HttpRequest("POST", "/").get_raw_body() == b""
        assert HttpRequest("POST", "/", body=b"x").body == b"x"


class TestPulling:
    """The asynchronous face, for a body that is here already."""

    async def test_read_text_json_form_stream(self):
        """All agree with body."""
        request = HttpRequest("POST", "/", JSON, b'{"a": 1}')
        assert await request.read() == b'{"a": 1}'
        assert await request.text() == '{"a": 1}'
        assert await request.json() == {"a": 1}
        assert [piece async for piece in request.stream()] == [b'{"a": 1}']
        assert (await HttpRequest("POST", "/", FORM, b"a=1").form())["a"] == "1"
        form = await HttpRequest("POST", "/", MULTIPART, part("a", "1") + "--B--\r\n").form()
        assert form["a"] == "1"

    async def test_json_whatever_its_type(self):
        """json() asks nobody; an empty body is malformed."""
        assert await HttpRequest("POST", "/", {}, b"[1]").json() == [1]
        with pytest.raises(BadRequestError, match="line 1"):
            await HttpRequest("POST", "/").json()

    async def test_form_of_what_is_no_form(self):
        """400 says what was got."""
        with pytest.raises(BadRequestError, match="application/json"):
            await HttpRequest("POST", "/", JSON, b"{}").form()

    async def test_limits(self):
        """By argument, or set before by limit_body."""
        request = HttpRequest("POST", "/", body=b"12345")
        for pull in (request.read, request.text, request.json):
            with pytest.raises(PayloadTooLargeError, match="4 bytes"):
                await pull(4)
        with pytest.raises(PayloadTooLargeError):
            [piece async for piece in request.stream(4)]
        with pytest.raises(PayloadTooLargeError):
            request.limit_body(4)
        request.limit_body(5)
        assert await request.read() == b"12345"

    async def test_form_then_get_parsed_body(self):
        """Both give the same form."""
        request = HttpRequest("POST", "/", MULTIPART, part("a", "1") + "--B--\r\n")
        assert await request.form() is request.get_parsed_body()

    async def test_disconnected(self):
        """Nobody has left."""
        assert await HttpRequest("GET", "/").is_disconnected() is False
