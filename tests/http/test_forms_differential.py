"""Multipart forms held against two other parsers, python-multipart and multipart, on mutated forms.

What this parser accepts, no other may read differently; where it refuses what another takes, the reason is
one of a list, each with its section. So nothing gets past one reader that another sees.
"""

import logging
import re

import multipart
import pytest
import python_multipart.multipart
from areion_http._multipart import PART_END, MultipartParser
from areion_http._part_head import PartHead
from areion_http.errors import BadRequestError
from hypothesis import example, given, settings
from hypothesis import strategies as st

#: What is refused here and taken elsewhere.
STRICTER = {
    r"expected a line break or the end after the last boundary": "RFC 2046 §5.1.1, close-delimiter",
    r"expected a line break or -- after the boundary": "RFC 2046 §5.1.1: the line holds the boundary alone",
    r"expected a line break \(CRLF\) before the first boundary": "RFC 2046 §5.1.1: boundaries begin a line",
    r"another boundary after the last one": "RFC 2046 §5.1.1: the last boundary is the last",
    r"expected a line break between the empty line and the b": "RFC 2046 §5.1.1: no data begins with it",
    r"without its last boundary": "RFC 2046 §5.1.1: the body ends with close-delimiter",
    r"expected 'Name: value' without control characters": "RFC 5322 §2.2, RFC 9110 §5.5: no bare CR, LF, NUL",
    r"Content-Disposition: expected '; name=": "RFC 2183 §2: parameters are tokens or quoted strings",
    r"expected Content-Disposition: form-data": "RFC 7578 §4.2",
    r"no Content-Disposition": "RFC 7578 §4.2",
    r"has no name": "RFC 7578 §4.2",
    r"Content-Type: ": "RFC 7578 §4.4, RFC 2045 §5.1",
    r"comes twice": "RFC 2183 §2, RFC 5322 §3.6: one reader takes the first, another the last",
    r"NUL in a name": "RFC 7578 §4.2",
}


@pytest.fixture(autouse=True, scope="module")
def quiet():
    """python-multipart warns for every refusal."""
    logger = logging.getLogger("python_multipart")
    logger.disabled = True
    yield
    logger.disabled = False


def ours(body):
    """Parts as [name, filename, data], or the reason for refusing."""
    parser = MultipartParser("B")
    parts = []
    try:
        events = parser.feed(body)
        parser.finish()
    except BadRequestError as error:
        return error.message
    for event in events:
        if isinstance(event, PartHead):
            parts.append([event.name, event.filename, b""])
        elif event is not PART_END:
            parts[-1][2] += event
    return parts


def by_multipart(body, strict):
    """The same by ``multipart``; None for refusing."""
    parts = []
    try:
        with multipart.PushMultipartParser("B", strict=strict) as parser:
            for event in parser.parse(body):
                if isinstance(event, multipart.MultipartSegment):
                    parts.append([event.name, event.filename, b""])
                elif event:
                    parts[-1][2] += event
    except ValueError:
        return None
    return parts


def by_python_multipart(body):
    """The same by ``python-multipart``; None for refusing."""
    parts, name, value, ended = [], bytearray(), bytearray(), []

    def end_header():
        parts[-1][0][bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    parser = python_multipart.multipart.MultipartParser(
        "B",
        {
            "on_part_begin": lambda: parts.append([{}, bytearray()]),
            "on_header_field": lambda data, start, end: name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: value.extend(data[start:end]),
            "on_header_end": end_header,
            "on_part_data": lambda data, start, end: parts[-1][1].extend(data[start:end]),
            "on_end": lambda: ended.append(True),
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except python_multipart.exceptions.FormParserError:
        return None
    if not ended:
        return None
    return [[*_names(headers), bytes(data)] for headers, data in parts]


def _names(headers):
    options = python_multipart.multipart.parse_options_header(headers.get(b"content-disposition"))[1]
    return [
        None if value is None else value.decode("utf-8", "replace")
        for value in (options.get(b"name"), options.get(b"filename"))
    ]


heads = st.sampled_from(
    [
        b'Content-Disposition: form-data; name="a"\r\n',
        b'Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n',
        b"content-disposition: form-data; name=b\r\nX-Other: y\r\n",
    ]
)
data = (
    st.lists(st.sampled_from([b"x", b"\r\n", b"--", b"B", b"-", b"\n", b"\r", b"\0", b"\xff"]), max_size=6)
    .map(b"".join)
    .filter(lambda content: b"\r\n--B" not in b"\r\n" + content)
)
forms = st.lists(st.tuples(heads, data), max_size=3).map(
    lambda parts: (
        b"".join(b"--B\r\n" + head + b"\r\n" + body + b"\r\n" for head, body in parts) + b"--B--\r\n"
    )
)
tokens = st.sampled_from(
    [
        *(
            b"\r",
            b"\n",
            b"\r\n",
            b"-",
            b"--",
            b"B",
            b"--B",
            b"--B--",
            b"\r\n--B\r\n",
            b"\r\n\r\n",
            b"\r\n--B--\r\n",
        ),
        *(
            b" ",
            b"\t",
            b"\0",
            b'"',
            b";",
            b"=",
            b":",
            b"\\",
            b'; name="z"',
            b'; filename="z"',
            b"Content-Type: a/b\r\n",
        ),
    ]
)
mutations = st.lists(st.tuples(st.integers(0, 250), st.integers(0, 3), tokens | st.just(b"")), max_size=3)


def mutate(body, changes):
    """Replace a few bytes at each place."""
    for at, length, token in changes:
        at = min(at, len(body))
        body = body[:at] + token + body[at + length :]
    return body


@pytest.mark.parametrize(
    "other",
    [
        lambda body: by_multipart(body, strict=False),
        lambda body: by_multipart(body, strict=True),
        by_python_multipart,
    ],
    ids=["multipart", "multipart strict", "python-multipart"],
)
@settings(deadline=None, max_examples=300)
@given(form=forms, changes=mutations)
@example(form=b"--B--\r\n", changes=[(0, 0, b"preamble\r\n")])
@example(form=b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n--B--\r\nx\r\n--B--\r\n', changes=[])
@example(form=b'\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n', changes=[])
@example(form=b'--B \r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n', changes=[])
def test_nobody_reads_an_accepted_form_differently(other, form, changes):
    """Accepted here: the same parts there, or refused for a preamble. Refused here: for a reason named."""
    body = mutate(form, changes)
    mine, theirs = ours(body), other(body)
    if isinstance(mine, str):
        if theirs is not None:
            assert any(re.search(reason, mine) for reason in STRICTER), (body, mine, theirs)
    elif theirs is None:
        # RFC 2046 §5.1.1 has receivers skip a preamble, and padding behind a boundary; others refuse them.
        assert not body.startswith(b"--B") or re.search(rb"--B(?:--)?[ \t]+\r\n", body), (body, mine)
    else:
        assert mine == theirs, body


@settings(deadline=None)
@given(forms)
def test_well_formed_forms_are_read_alike_by_all(form):
    """Without mutations there is no difference at all."""
    assert ours(form) == by_multipart(form, strict=True) == by_python_multipart(form)
