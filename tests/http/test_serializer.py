"""Responses as bytes: what each field is, what only the server may say, and what is kept between responses."""

import dataclasses
import datetime as dt

import h11
import pytest
from areion_http._serializer import _MAX_PREFIXES, Serializer, chunk, has_no_body, last_chunk
from areion_http.response import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

NOW = 784_111_777
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.fixture
def serializer():
    one = Serializer("Test")
    one.refresh(NOW)
    return one


def lines(data):
    head, _, body = data.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    return first, fields, body


def test_a_response_without_fields_of_its_own(serializer):
    """Status line, Date, Server, type and length, in this order, and the body."""
    data = serializer.response(HttpResponse("hi"), b"hi")
    assert data == (
        b"HTTP/1.1 200 OK\r\nDate: " + DATE + b"\r\nServer: Test\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi"
    )
    assert data == serializer.simple(200, "text/plain; charset=utf-8", b"hi")


def test_the_date_is_that_of_the_last_refresh(serializer):
    """It is rendered when the second changes, in the one form (RFC 9110 §5.6.7)."""
    serializer.refresh(NOW + 0.9)
    assert DATE in serializer.simple(200, None, b"")
    serializer.refresh(NOW + 1.1)
    for data in (serializer.simple(200, None, b""), serializer.json({}), serializer.head(HttpResponse(), 0)):
        assert b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n" in data


def test_no_server_name():
    """An empty name leaves the field out."""
    one = Serializer("")
    for data in (
        one.simple(200, None, b""),
        one.json(1),
        one.head(HttpResponse(headers={"Date": "x", "X-Y": "z"}), 0),
    ):
        assert b"Server" not in data


@pytest.mark.parametrize("size", [0, 1, 2046, 2047, 2048, 2049, 100_000])
def test_lengths(serializer, size):
    """The length is right on both sides of where its text stops being rendered beforehand."""
    for data in (serializer.simple(200, None, b"x" * size), serializer.json("x" * (size - 2))):
        _, fields, body = lines(data)
        assert f"Content-Length: {len(body)}".encode() in fields
    assert len(lines(serializer.simple(200, None, b"x" * size))[2]) == size


def test_json_is_what_the_ordinary_way_makes(serializer):
    """The short way for JSON makes the bytes of the long one, also where orjson alone cannot express a value."""

    @dataclasses.dataclass
    class Point:
        x: int

    class Odd(dict):
        pass

    for value in ({"a": [1, None, "é"]}, Point(1), {"when": dt.date(2024, 1, 2)}, {1: 2}, Odd(a=1)):
        response = HttpResponse(value)
        assert serializer.json(value) == serializer.response(response, response.encode())
    with pytest.raises(TypeError):
        serializer.json({"a": object()})


@pytest.mark.parametrize("status", [100, 204, 304])
def test_statuses_without_content(serializer, status):
    """Neither body, nor type, nor length (RFC 9110 §6.4.1, §8.6)."""
    assert has_no_body(status)
    for headers in (None, {"Content-Type": "text/html", "Content-Length": "9", "ETag": '"a"'}):
        _, fields, body = lines(serializer.response(HttpResponse("body", status, headers=headers), b"body"))
        names = {field.partition(b":")[0].lower() for field in fields}
        assert body == b""
        assert not names & {b"content-type", b"content-length", b"transfer-encoding"}
        assert (b"etag" in names) == (headers is not None)


@pytest.mark.parametrize("status", [205, 200, 404, 500])
def test_statuses_with_content(status):
    """All others have a length, be it 0."""
    assert not has_no_body(status)


def test_without_body(serializer):
    """The answer to HEAD has the fields of that to GET (RFC 9110 §9.3.2)."""
    for response in (HttpResponse("four"), HttpResponse("four", headers={"X-Own": "1"})):
        whole = serializer.response(response, b"four")
        assert serializer.response(response, b"four", with_body=False) == whole.removesuffix(b"four")


def test_without_body_a_handler_may_name_the_length(serializer):
    """One that answers HEAD itself knows it without making the body; what is no number is not believed."""
    response = HttpResponse(None, headers={"Content-Length": "1234"})
    assert b"Content-Length: 1234\r\n" in serializer.response(response, b"", with_body=False)
    response = HttpResponse(None, headers={"Content-Length": "12x"})
    assert b"Content-Length: 0\r\n" in serializer.response(response, b"", with_body=False)


def test_framing_is_the_servers_alone(serializer):
    """Fields of a handler that would frame the message, or speak of the connection, are left out."""
    response = HttpResponse(
        "hi",
        headers={
            "Content-Length": "99", "transfer-encoding": "chunked", "CONNECTION": "keep-alive", "Keep-Alive": "9",
            "Upgrade": "x", "X-Own": "1",
        },
    )  # fmt: skip
    _, fields, _ = lines(serializer.response(response, b"hi", connection=b"close"))
    assert sorted(field.partition(b":")[0] for field in fields) == [
        b"Connection", b"Content-Length", b"Content-Type", b"Date", b"Server", b"X-Own",
    ]  # fmt: skip
    assert b"Content-Length: 2" in fields
    assert b"Connection: close" in fields


@pytest.mark.parametrize("own", [("Date",), ("Server",), ("date", "SERVER")])
def test_a_date_or_server_of_its_own_is_the_only_one(serializer, own):
    """A handler may say who answers and when; nothing is said twice (RFC 9110 §5.3)."""
    response = HttpResponse("x", headers=dict.fromkeys(own, "mine"))
    _, fields, _ = lines(serializer.response(response, b"x"))
    names = [field.partition(b":")[0].lower() for field in fields]
    assert sorted(names) == [b"content-length", b"content-type", b"date", b"server"]
    for name in own:
        assert f"{name}: mine".encode() in fields


def test_chunks_and_further_fields(serializer):
    """A chunked head has no length; further fields stand in front of the framing."""
    head = serializer.head(HttpResponse(), None, chunked=True, extra=[("Trailer", "X-Sum")])
    assert head.endswith(b"\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert b"Content-Length" not in head


def test_unknown_statuses_have_a_phrase_too(serializer):
    """The space behind the code is there even where no phrase is known (RFC 9112 §4)."""
    first, _, _ = lines(serializer.simple(599, None, b""))
    assert first.startswith(b"HTTP/1.1 599 ")


@pytest.mark.parametrize("status", [0, 99, 600, 1000, -1])
def test_what_is_no_status(serializer, status):
    """Is refused before a byte is made (RFC 9110 §15)."""
    with pytest.raises(ValueError, match=str(status)):
        serializer.simple(status, None, b"")


def test_types_that_a_handler_makes_up_do_not_pile_up(serializer):
    """What is kept for the next response has a bound, whatever handlers say."""
    for number in range(3 * _MAX_PREFIXES):
        serializer.simple(200, f"x/{number}", b"")
    assert len(serializer._prefixes) <= _MAX_PREFIXES


FIELDS = st.dictionaries(
    st.from_regex(r"X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,10}", fullmatch=True),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20),
    max_size=5,
)


@given(FIELDS, st.binary(max_size=40), st.lists(st.binary(min_size=1, max_size=20)), st.booleans())
def test_a_client_reads_back_what_was_said(fields, payload, pieces, chunked):
    """Fields and content, with a length or in chunks with trailers, are to h11 what the handler has set."""
    serializer = Serializer("Test")
    response = HttpResponse(payload, headers=fields)
    if chunked:
        data = serializer.head(response, None, chunked=True)
        data += b"".join(map(chunk, pieces)) + last_chunk([("X-Sum", "1")])
        payload = b"".join(pieces)
    else:
        data = serializer.response(response, payload)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    head = client.next_event()
    said = dict(head.headers)
    for name, value in {name.lower(): value for name, value in fields.items()}.items():
        assert said[name.encode()] == value.strip(" \t").encode("latin-1")
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert body == payload
    assert event.headers == ([(b"x-sum", b"1")] if chunked else [])
    assert client.trailing_data == (b"", False)
