"""HttpResponse: what becomes of a body, and what may not be said in a field."""

import copy
import dataclasses
import datetime as dt
import http
import pickle
import uuid
from collections import OrderedDict
from types import MappingProxyType
from typing import NamedTuple

import pytest
from areion_http import HTTP_STATUS_CODES, HttpResponse, NotFoundError, create_file_response
from areion_http.response import coerce

TEXT = "text/plain; charset=utf-8"


@dataclasses.dataclass
class Point:
    x: int


class Pair(NamedTuple):
    a: int
    b: int


class Name(str):
    __slots__ = ()


def split(data: bytes):
    """Take a rendered response apart."""
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return status, [tuple(line.split(": ", 1)) for line in lines], body


@pytest.mark.parametrize(
    ("body", "content_type", "payload"),
    [
        ("text", TEXT, b"text"),
        ("", TEXT, b""),
        ("<html>", TEXT, b"<html>"),
        ("gr\u00fc\u00df \u2603", TEXT, "gr\u00fc\u00df \u2603".encode()),
        (Name("ada"), TEXT, b"ada"),
        (b"\0", "application/octet-stream", b"\0"),
        (bytearray(b"a"), "application/octet-stream", b"a"),
        (memoryview(b"a"), "application/octet-stream", b"a"),
        ({"a": 1}, "application/json", b'{"a":1}'),
        (OrderedDict(a=1), "application/json", b'{"a":1}'),
        (MappingProxyType({"a": 1}), "application/json", b'{"a":1}'),
        ({1: "int key"}, "application/json", b'{"1":"int key"}'),
        ([], "application/json", b"[]"),
        ((1,), "application/json", b"[1]"),
        (Pair(1, 2), "application/json", b"[1,2]"),
        (0, "application/json", b"0"),
        (1.5, "application/json", b"1.5"),
        (False, "application/json", b"false"),
        (None, None, b""),
        (Point(1), "application/json", b'{"x":1}'),
        ({"p": Point(1), "t": Pair(1, 2)}, "application/json", b'{"p":{"x":1},"t":[1,2]}'),
        ({"d": dt.date(2024, 2, 29)}, "application/json", b'{"d":"2024-02-29"}'),
        (
            {"u": uuid.UUID(int=1)},
            "application/json",
            b'{"u":"00000000-0000-0000-0000-000000000001"}',
        ),
    ],
)
def test_bodies(body, content_type, payload):
    """Every kind has one type and one form; text is never guessed to be HTML."""
    response = HttpResponse(body)
    assert response.content_type == content_type
    assert response.encode() == payload
    status, fields, sent = split(response.format_response())
    assert status == "HTTP/1.1 200 OK"
    assert dict(fields).get("Content-Type") == content_type
    assert dict(fields)["Content-Length"] == str(len(payload))
    assert sent == payload


@pytest.mark.parametrize("body", [object(), {1, 2}, range(3), Point, len, 1j])
def test_bodies_that_cannot_be_sent(body):
    """A TypeError says what was got and what is expected."""
    with pytest.raises(TypeError, match="a response body cannot be of type"):
        HttpResponse(body)


def test_a_coroutine_as_a_body():
    """The error says that it was not awaited, and who makes such."""

    async def forgotten():
        """Never run."""

    coroutine = forgotten()
    with pytest.raises(TypeError, match=r"type coroutine: it has to be awaited first; a plain middleware"):
        HttpResponse(coroutine)
    coroutine.close()


def test_what_json_cannot_express():
    """The error names the type."""
    with pytest.raises(TypeError, match="object"):
        HttpResponse({"a": [object()]}).encode()


class TestContentType:
    """Which type is sent."""

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ("text/html", "text/html; charset=utf-8"),
            ("text/css", "text/css; charset=utf-8"),
            ("TEXT/HTML", "TEXT/HTML; charset=utf-8"),
            ("text/html; charset=latin-1", "text/html; charset=latin-1"),
            ("text/html;charset=UTF-8", "text/html;charset=UTF-8"),
            ("application/json", "application/json"),
            ("image/png", "image/png"),
        ],
    )
    def test_text_types_get_a_charset(self, given, sent):
        """Unless they have one."""
        assert HttpResponse("x", content_type=given).content_type == sent
        response = HttpResponse({})
        response.content_type = given
        assert response.content_type == sent

    @pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
    def test_an_explicit_header_wins(self, name):
        """As it is, over the type of the body and over content_type; there is never a second one."""
        for response in (
            HttpResponse({}, headers={name: "application/vnd.api+json"}),
            HttpResponse("x", content_type="text/html", headers={name: "application/vnd.api+json"}),
        ):
            assert response.content_type == "application/vnd.api+json"
            names = [field for field, _ in split(response.format_response())[1]]
            assert [field.lower() for field in names].count("content-type") == 1
        response = HttpResponse("x")
        response.set_header(name, "a/b")
        assert response.headers.getall("content-type") == ["a/b"]

    def test_wrong_types(self):
        """A value that is no str, or that would split the response."""
        with pytest.raises(TypeError, match="content_type"):
            HttpResponse("x", content_type=1)
        with pytest.raises(ValueError, match="Content-Type"):
            HttpResponse("x", content_type="text/html\r\nX: y")


class TestStatus:
    """100 to 599."""

    @pytest.mark.parametrize("status", [99, 600, 0, -200, "200", 200.0, None, True, b"200", 1000])
    def test_others_are_refused(self, status):
        """Where they are set, with what was got."""
        with pytest.raises(ValueError, match="status_code"):
            HttpResponse(status_code=status)
        with pytest.raises(ValueError, match="status_code"):
            HttpResponse().set_status_code(status)

    @pytest.mark.parametrize("status", [100, 200, 299, 418, 599])
    def test_all_between_are_taken(self, status):
        """Whether they are registered or not."""
        response = HttpResponse(status_code=status)
        assert response.status_code == status
        response.set_status_code(500)
        assert str(response) == "500 Internal Server Error"

    def test_http_status_members(self):
        """The standard library's enumeration is an int."""
        data = HttpResponse("x", http.HTTPStatus.CREATED).format_response()
        assert data.startswith(b"HTTP/1.1 201 Created\r\n")
        assert HttpResponse("x", http.HTTPStatus.OK).format_response().startswith(b"HTTP/1.1 200 OK\r\n")

    @pytest.mark.parametrize("status", [100, 101, 204, 304])
    def test_statuses_without_content(self, status):
        """No body, no Content-Length, no Content-Type (RFC 9110 §6.4.1, §8.6); the predecessor sent a length."""
        _, fields, body = split(HttpResponse("ignored", status).format_response())
        assert body == b""
        assert not {name.lower() for name, _ in fields} & {"content-length", "content-type"}

    def test_registered_phrases(self):
        """The table has the usual ones."""
        assert HTTP_STATUS_CODES[404] == "Not Found"
        assert HTTP_STATUS_CODES[418] == "I'm a teapot"


class TestHeaders:
    """Fields of a response."""

    def test_the_callers_dict_is_never_changed(self):
        """The predecessor added Content-Type and Server to it."""
        mine = {"X-A": "1"}
        response = HttpResponse("x", headers=mine)
        response.set_header("X-B", "2")
        response.set_headers({"X-C": "3"})
        response.set_cookie("a", "b")
        response.format_response()
        assert mine == {"X-A": "1"}
        assert response.headers["x-a"] == "1"

    @pytest.mark.parametrize("bad", ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\0b", "\u2603"])
    def test_no_way_to_split_the_response(self, bad):
        """Every way in raises ValueError at once; the response is as it was."""
        response = HttpResponse("x")
        before = response.format_response()
        attempts = [
            lambda: HttpResponse(headers={"X": bad}),
            lambda: HttpResponse(headers={bad: "x"}),
            lambda: HttpResponse(headers=[("X", bad)]),
            lambda: HttpResponse(content_type=bad),
            lambda: response.set_header("X", bad),
            lambda: response.set_header(bad, "x"),
            lambda: response.set_headers({"X-Fine": "1", "X": bad}),
            lambda: response.add_header("X", bad),
            lambda: response.add_header(bad, "x"),
            lambda: response.headers.update({"X": bad}),
            lambda: response.headers.__setitem__("X", bad),
            lambda: setattr(response, "content_type", bad),
            lambda: response.set_cookie("n", bad),
            lambda: response.set_cookie(bad, "v"),
            lambda: response.set_cookie("n", "v", path=bad),
            lambda: response.set_cookie("n", "v", domain=bad),
            lambda: response.set_cookie("n", "v", samesite=bad),
            lambda: response.set_cookie("n", "v", expires=bad),
            lambda: response.delete_cookie(bad),
        ]
        for attempt in attempts:
            with pytest.raises(ValueError, match=r"."):
                attempt()
        strip = [line for line in before.split(b"\r\n") if not line.startswith(b"Date")]
        after = [line for line in response.format_response().split(b"\r\n") if not line.startswith(b"Date")]
        assert after == strip

    def test_set_replaces_and_add_appends(self):
        """Names without regard to case."""
        response = HttpResponse("x")
        response.set_header("X-A", "1")
        response.set_header("x-a", 2)
        response.add_header("X-A", "3")
        assert response.headers.getall("X-A") == ["2", "3"]

    def test_several_cookies(self):
        """Each has a field of its own; the predecessor had room for one."""
        response = HttpResponse("x")
        response.set_cookie("a", "1", httponly=True)
        response.set_cookie("b", "2", max_age=60, secure=True, samesite="none", domain="example.com")
        response.delete_cookie("c")
        one, two, three = response.headers.getall("set-cookie")
        assert one.startswith("a=1")
        assert "HttpOnly" in one
        assert "SameSite=Lax" in one
        assert "Max-Age=60" in two
        assert three.startswith("c=")
        assert "Max-Age=0" in three
        fields = split(response.format_response())[1]
        assert [name for name, _ in fields].count("Set-Cookie") == 3

    def test_latin_1_values_are_sent_as_such(self):
        """RFC 9110 §5.5, obs-text."""
        assert b"X-A: gr\xfc\xdf\r\n" in HttpResponse(headers={"X-A": "gr\u00fc\u00df"}).format_response()

    def test_large_fields_are_sent(self):
        """What the handler says is not cut."""
        value = "v" * 100_000
        assert f"X-A: {value}\r\n".encode() in HttpResponse(headers={"X-A": value}).format_response()

    def test_framing_fields_of_the_handler_are_not_sent_twice(self):
        """Content-Length and Transfer-Encoding are the server's (RFC 9112 §6)."""
        response = HttpResponse("four", headers={"Content-Length": "99", "Transfer-Encoding": "chunked"})
        fields = split(response.format_response())[1]
        assert [value for name, value in fields if name == "Content-Length"] == ["4"]
        assert "Transfer-Encoding" not in dict(fields)


def test_the_body_may_be_replaced_until_it_is_sent():
    """Middleware may change a response in place."""
    response = HttpResponse("a")
    response.body = {"b": 1}
    assert response.encode() == b'{"b":1}'


@pytest.mark.parametrize("render", [HttpResponse.encode, HttpResponse.format_response])
def test_streams_are_marked_and_have_no_bytes(render):
    """encode() and format_response() say so, and what to do instead."""
    response = HttpResponse(x for x in ("a", "b"))
    with pytest.raises(
        TypeError, match=r"a body of type generator is sent piece by piece .* return the response"
    ):
        render(response)


class TestFileAsBytes:
    """format_response() reads a file."""

    @pytest.mark.parametrize("size", [0, 5, 200_000])
    def test_whole(self, tmp_path, size):
        """The message has the file's fields, the handler's, and all of the content."""
        path = tmp_path / "a.html"
        path.write_bytes(b"x" * size)
        response = create_file_response(path)
        response.set_header("X-A", "1")
        status, fields, body = split(response.format_response())
        named = dict(fields)
        assert (status, body) == ("HTTP/1.1 200 OK", b"x" * size)
        assert named["Content-Type"] == "text/html; charset=utf-8"
        assert named["Content-Length"] == str(size)
        assert named["X-A"] == "1"
        assert {"ETag", "Last-Modified"} <= named.keys()

    def test_missing(self, tmp_path):
        """A file that is not there is a NotFoundError."""
        with pytest.raises(NotFoundError):
            create_file_response(tmp_path / "none").format_response()

    def test_encode_still_leaves_it_to_the_server(self, tmp_path):
        """encode() is what a server asks; a file is sent without reading it all into memory."""
        with pytest.raises(TypeError, match="piece by piece"):
            create_file_response(tmp_path / "a").encode()


class TestCharset:
    """Text is encoded in the charset that its Content-Type names."""

    @pytest.mark.parametrize(
        ("content_type", "codec"),
        [
            ("text/html; charset=latin-1", "latin-1"),
            ('text/html;CHARSET="ISO-8859-1"', "latin-1"),
            ("text/plain; charset=windows-1252", "cp1252"),
            ("text/plain; charset=UTF-8", "utf-8"),
            ("application/xml; charset=utf-16le", "utf-16-le"),
            ("text/x-charset", "utf-8"),
            ("application/xml", "utf-8"),
        ],
    )
    def test_named(self, content_type, codec):
        """It counts wherever it was set: as an argument, as a field, afterwards."""
        later = HttpResponse("caf\u00e9")
        later.content_type = content_type
        for response in (
            HttpResponse("caf\u00e9", content_type=content_type),
            HttpResponse("caf\u00e9", headers={"content-type": content_type}),
            later,
        ):
            assert response.encode() == "caf\u00e9".encode(codec)
            assert split(response.format_response())[2] == "caf\u00e9".encode(codec)

    def test_json_is_utf8(self):
        """JSON has no other encoding (RFC 8259, section 8.1)."""
        assert HttpResponse({"a": "\u00e9"}, content_type="application/json; charset=latin-1").encode() == (
            '{"a":"\u00e9"}'.encode()
        )

    def test_unknown(self):
        """A charset that is not known is an error that names the type."""
        with pytest.raises(
            ValueError, match=r"'text/html; charset=klingon', which is not known; use charset=utf-8"
        ):
            HttpResponse("a", content_type="text/html; charset=klingon").encode()

    def test_unreadable(self):
        """A charset that two readers could read differently is none."""
        with pytest.raises(ValueError, match="the charset for the text cannot be read: Content-Type: "):
            HttpResponse("a", content_type="text/html; charset = latin-1").encode()

    def test_no_code(self):
        """A character that the charset lacks is an error that says which and where."""
        with pytest.raises(ValueError, match=r"charset=latin-1' has no code for '\\u20ac', which is at 2"):
            HttpResponse("1 \u20ac", content_type="text/html; charset=latin-1").encode()


def test_copies_and_pickles():
    """A response with a plain body can be cached."""
    response = HttpResponse({"a": 1}, 201, headers={"X-A": "1"})
    for other in (copy.copy(response), copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert (other.status_code, other.body, other.headers["x-a"]) == (201, {"a": 1}, "1")
    deep = copy.deepcopy(response)
    deep.set_header("X-A", "2")
    assert response.headers["x-a"] == "1"


def test_repr_and_str():
    """For logs."""
    assert str(HttpResponse(status_code=404)) == "404 Not Found"
    assert "404" in repr(HttpResponse(status_code=404))


def test_coerce_passes_responses_straight_through():
    """Also subclasses."""

    class Mine(HttpResponse):
        pass

    for response in (HttpResponse("x"), Mine("x")):
        assert coerce(response) is response
    assert coerce("x").body == "x"
