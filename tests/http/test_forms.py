"""Facts about ``areion_http.forms``: parameters, query strings, urlencoded and multipart forms."""

import asyncio
import io
import itertools
import pickle
import tempfile
import threading
from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes

import orjson
import pytest
from areion_http import _form_builder, _urlencoded
from areion_http._charsets import text_codec
from areion_http._formdata import KIB, MIB
from areion_http._multipart import PART_END, Event
from areion_http._part_head import PartHead
from areion_http.errors import BadRequestError, PayloadTooLargeError
from areion_http.forms import (
    DEFAULT_LIMITS,
    FormData,
    FormLimits,
    MultiDict,
    MultipartParser,
    UploadedFile,
    parse_content_type,
    parse_multipart,
    parse_multipart_bytes,
    parse_query,
    parse_urlencoded,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

TYPE = "multipart/form-data; boundary=B"


def part(data: bytes, disposition: str = 'form-data; name="a"', *fields: str) -> bytes:
    """One part with its boundary before it."""
    head = "".join(f"{line}\r\n" for line in (f"Content-Disposition: {disposition}", *fields))
    return b"--B\r\n" + head.encode() + b"\r\n" + data + b"\r\n"


END = b"--B--\r\n"


def parse(body: bytes, limits: FormLimits = DEFAULT_LIMITS) -> FormData:
    return parse_multipart_bytes(body, TYPE, limits)


async def pieces(*chunks: bytes):
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


class TestContentType:
    """RFC 9110 §8.3.1, §5.6.6."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("text/html", ("text/html", {})),
            (" TEXT/Html ", ("text/html", {})),
            ("text/html;charset=utf-8", ("text/html", {"charset": "utf-8"})),
            ('text/html ; Charset="UTF-8"', ("text/html", {"charset": "UTF-8"})),
            (r'a/b; x="q\"\\\z;,"; y=1', ("a/b", {"x": 'q"\\z;,', "y": "1"})),
            ("a/b;; ;x=1;", ("a/b", {"x": "1"})),
            ('a/b; x=""', ("a/b", {"x": ""})),
            ("application/vnd.api+json", ("application/vnd.api+json", {})),
        ],
    )
    def test_types_and_parameters(self, value, expected):
        """Names in lower case, values as they are, quoted pairs undone, empty parameters taken."""
        assert parse_content_type(value) == expected

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "text",
            "text/",
            "/html",
            "text /html",
            "text/html charset=utf-8",
            "text/html, text/plain",
            "text/html; charset",
            "text/html; charset=",
            "text/html; charset =utf-8",
            "text/html; charset= utf-8",
            'text/html; charset="utf-8',
            'text/html; charset="utf-8"x',
            'text/html; charset="a\r\nb"',
            "text/html; charset=utf-8; Charset=latin1",
            "text/html; charset=utf-8 x",
            "text/html\0",
        ],
    )
    def test_what_two_readers_may_read_differently_is_refused(self, value):
        """Strictly the grammar; a parameter comes once."""
        with pytest.raises(BadRequestError, match="Content-Type"):
            parse_content_type(value)

    def test_the_error_says_where(self):
        """The character's position and the text from there."""
        with pytest.raises(BadRequestError, match=r"at character 11 .* got 'x=@'"):
            parse_content_type("text/html; x=@")

    @settings(deadline=None)
    @given(st.text(max_size=60))
    def test_any_text_is_parsed_or_refused(self, value):
        """Nothing but BadRequestError ever comes out."""
        try:
            parse_content_type(value)
            parse_content_type("a/b" + value)
        except BadRequestError:
            pass

    def test_long_values_take_linear_time(self):
        """No pattern tries again from every position."""
        for tail in (
            'x="' + "a" * 60_000,
            ";" * 60_000 + "@",
            " ;\t" * 20_000 + "@",
            'x="' + "\\\\" * 30_000,
        ):
            with pytest.raises(BadRequestError):
                parse_content_type("a/b; " + tail)


class TestMultiDict:
    """A read-only dict of last values."""

    params = MultiDict([("a", "1"), ("b", "2"), ("a", "3")])

    def test_the_last_value_wins_and_none_is_lost(self):
        """[] and get give the last, getall all in order, pairs everything."""
        assert self.params["a"] == "3"
        assert self.params.get("c") is None
        assert self.params.getall("a") == ["1", "3"]
        assert self.params.getall("c") == []
        assert self.params.pairs() == (("a", "1"), ("b", "2"), ("a", "3"))
        assert list(self.params) == ["a", "b"]
        assert list(self.params.items()) == [("a", "3"), ("b", "2")]
        assert len(self.params) == 2

    def test_it_is_a_dict_to_whatever_takes_one(self):
        """JSON, keyword arguments, comparison with a plain dict."""
        assert orjson.loads(orjson.dumps(self.params)) == {"a": "3", "b": "2"}
        assert dict(**self.params) == self.params == {"a": "3", "b": "2"}
        assert self.params != {"a": "3"}

    def test_equality_between_two_sees_every_value(self):
        """The same last values are not the same fields."""
        assert self.params == MultiDict(self.params.pairs())
        assert self.params != MultiDict([("a", "3"), ("b", "2")])
        assert self.params.__ne__(self.params.copy()) is False

    def test_copies_keep_every_value(self):
        """copy and pickle."""
        assert self.params.copy().getall("a") == ["1", "3"]
        assert pickle.loads(pickle.dumps(self.params)).getall("a") == ["1", "3"]
        assert repr(self.params) == "MultiDict([('a', '1'), ('b', '2'), ('a', '3')])"

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.__setitem__("a", "4"),
            lambda d: d.__delitem__("a"),
            lambda d: d.__ior__({"a": "4"}),
            lambda d: d.update(a="4"),
            lambda d: d.setdefault("z", "4"),
            lambda d: d.pop("a"),
            lambda d: d.popitem(),
            lambda d: d.clear(),
            hash,
        ],
    )
    def test_it_is_read_only(self, change):
        """Changing it would make the last value and the list of all disagree."""
        with pytest.raises(TypeError):
            change(self.params)
        assert self.params.pairs() == (("a", "1"), ("b", "2"), ("a", "3"))


class TestQuery:
    """WHATWG URL §5.1, leniently."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", []),
            ("a=1&b=2", [("a", "1"), ("b", "2")]),
            ("a=1&a=2", [("a", "1"), ("a", "2")]),
            ("a=&b", [("a", ""), ("b", "")]),
            ("=1", [("", "1")]),
            ("&&a=1&&", [("a", "1")]),
            ("a=b=c", [("a", "b=c")]),
            ("a+b=c+d", [("a b", "c d")]),
            ("a%20b=%2B%26%3D", [("a b", "+&=")]),
            ("a=%E2%82%AC", [("a", "€")]),
            ("a=%e2%82%ac", [("a", "€")]),
            ("a=%zz&b=%&c=%4", [("a", "%zz"), ("b", "%"), ("c", "%4")]),
            ("a=100%&b=%41", [("a", "100%"), ("b", "A")]),
            ("a=%FF", [("a", "\ufffd")]),
            ("a=1;b=2", [("a", "1;b=2")]),
            ("a=€", [("a", "€")]),
            ("ü=é%20", [("ü", "é ")]),
            ("a=%00", [("a", "\0")]),
        ],
    )
    def test_queries(self, query, expected):
        """Blank values, which Areion 1 dropped, stay; + is a space, bad escapes stay, bad UTF-8 is U+FFFD."""
        assert list(parse_query(query).pairs()) == expected

    def test_the_number_of_fields_is_bounded(self):
        """A thousand are taken, more are a 400 that says so; empty ones count."""
        assert len(parse_query("&".join(f"f{n}" for n in range(1000)))) == 1000
        for query in ("&".join(f"f{n}" for n in range(1001)), "&" * 1000):
            with pytest.raises(BadRequestError, match="more than 1000 fields"):
                parse_query(query)

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.text(), st.text()), max_size=8))
    def test_what_is_encoded_comes_back(self, pairs):
        """The standard library's encoding is undone."""
        pairs = [pair for pair in pairs if pair != ("", "")]
        try:
            query = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        except UnicodeEncodeError:
            return
        assert list(parse_query(query).pairs()) == pairs
        assert list(parse_urlencoded(query.encode()).pairs()) == pairs

    @settings(deadline=None)
    @given(st.text("ab=&+%4fF;", max_size=40))
    def test_it_agrees_with_the_standard_library(self, query):
        """Held against urllib.parse.parse_qsl with blank values kept."""
        expected = parse_qsl(query, keep_blank_values=True)
        assert list(parse_query(query).pairs()) == expected

    @settings(deadline=None)
    @given(st.text(max_size=100))
    def test_no_query_raises(self, query):
        """Whatever text it is, lone surrogates too."""
        parse_query(query)
        parse_query(query + "\ud800%")


class TestUrlencoded:
    """Bodies of application/x-www-form-urlencoded."""

    @given(
        st.lists(
            st.sampled_from(
                [b"%", b"%4", b"%41", b"%e2%82%ac", b"%ZZ", b"%%", b"a", b"1", b"\xff", b"%0d%0A"]
            )
        )
    )
    def test_triplets_are_decoded_as_by_the_standard_library(self, parts):
        """One by one or in runs, beside what is none."""
        data = b"".join(parts)
        assert _urlencoded._decode(data) == unquote_to_bytes(data)

    def test_a_form(self):
        """As a query, with the last value by [] and all by getall."""
        form = parse_urlencoded(b"name=Zo%C3%AB+B&tag=a&tag=b&empty=&raw=\xc3\xab")
        assert form["name"] == "Zoë B"
        assert form.getall("tag") == ["a", "b"]
        assert form["empty"] == ""
        assert form["raw"] == "ë"
        assert form.files == []
        assert parse_urlencoded(b"") == {}

    def test_other_charsets(self):
        """Those of a closed list."""
        assert parse_urlencoded(b"a=%E9", "ISO-8859-1")["a"] == "é"
        assert parse_urlencoded(b"a=%83e%83X%83g", "shift_jis")["a"] == "テスト"

    @pytest.mark.parametrize(
        "charset", ["idna", "zlib", "unicode_escape", "utf-7", "hex", "", "x" * 99, "utf-8\0"]
    )
    def test_codecs_that_are_no_charsets_are_refused(self, charset):
        """Python's own and stateful codecs are not for clients."""
        with pytest.raises(BadRequestError, match="is not supported"):
            parse_urlencoded(b"a=1", charset)

    def test_every_charset_has_a_codec(self):
        """The table names codecs that exist."""
        from areion_http._charsets import _CODEC_OF

        for label in _CODEC_OF:
            assert b"abc".ljust(4).decode(text_codec(label))

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            (b"ok=1&bad=%FF", "field 2 at byte 5"),
            (b"%C3=1", "field 1 at byte 0"),
            (b"&&x=\xff", "field 3 at byte 2"),
        ],
    )
    def test_bytes_that_are_no_text_are_refused_with_the_place(self, body, place):
        """The field's number and its offset."""
        with pytest.raises(BadRequestError, match=f"{place} is not valid utf-8"):
            parse_urlencoded(body)

    def test_limits(self):
        """Fields (400), one field and the body (413)."""
        limits = FormLimits(max_fields=2, max_field_size=5, max_total=12)
        assert len(parse_urlencoded(b"a=1&b=2", limits=limits)) == 2
        with pytest.raises(BadRequestError, match="more than 2 fields"):
            parse_urlencoded(b"a&b&c", limits=limits)
        with pytest.raises(PayloadTooLargeError, match="field 2 at byte 4 has 6 bytes, at most 5"):
            parse_urlencoded(b"a=1&b=1234", limits=limits)
        with pytest.raises(PayloadTooLargeError, match="13 bytes, at most 12"):
            parse_urlencoded(b"a=1&b=2&c=345", limits=limits)
        with pytest.raises(PayloadTooLargeError, match="at most 3"):
            parse_urlencoded(b"a=12", limits=FormLimits(max_fields_total=3))


class TestLimits:
    """FormLimits."""

    def test_defaults_are_bounded(self):
        """Nothing is unlimited."""
        limits = FormLimits()
        assert limits.max_files * limits.spool_threshold <= 8 * MIB
        assert limits.max_part_header_size >= KIB

    @pytest.mark.parametrize("value", [-1, 1.5, None, True, "1"])
    def test_a_limit_is_a_number(self, value):
        """Named in the error."""
        with pytest.raises(ValueError, match="max_files"):
            FormLimits(max_files=value)


class TestMultipart:
    """RFC 7578, RFC 2046 §5.1."""

    def test_fields_and_files(self):
        """Areion 1 never parsed them: fields are str, files have name, type, size, headers and an open file."""
        body = part(b"text \xc3\xa9") + part(
            b"\x00\x01\r\n--",
            'form-data; name="f"; filename="x.bin"',
            "Content-Type: image/png",
            "X-A: b",
        )
        with parse(body + END) as form:
            assert form["a"] == "text é"
            upload = form["f"]
            assert isinstance(upload, UploadedFile)
            assert (upload.filename, upload.content_type, upload.size) == ("x.bin", "image/png", 6)
            assert upload.headers["x-a"] == "b"
            assert upload.headers["Content-Type"] == "image/png"
            assert upload.file.tell() == 0
            assert upload.read(2) == b"\x00\x01"
            assert upload.read() == b"\r\n--"
            assert form.files == [upload]
            assert "x.bin" in repr(upload)
        assert upload.file.closed

    def test_several_values_of_one_name(self):
        """RFC 7578 §4.3: several files under one name."""
        body = b"".join(part(data, 'form-data; name="f"; filename="n"') for data in (b"1", b"2")) + part(b"3")
        with parse(body + END) as form:
            assert [upload.read() for upload in form.getall("f")] == [b"1", b"2"]
            assert form["f"].size == 1

    def test_an_empty_form(self):
        """What browsers send for a form without fields."""
        assert parse(END) == {}
        assert parse(b"--B--") == {}

    def test_an_empty_part(self):
        """An empty line, nothing, and the line break of the boundary."""
        assert parse(part(b"") + END)["a"] == ""

    def test_an_empty_file_input(self):
        """Browsers send an empty filename for an input without a file: it stays a file, of size 0."""
        with parse(
            part(b"", 'form-data; name="f"; filename=""', "Content-Type: application/octet-stream") + END
        ) as form:
            assert (form["f"].filename, form["f"].size) == ("", 0)

    @pytest.mark.parametrize(
        "body",
        [
            b"preamble\r\n" + part(b"1") + END,
            b"\r\n" + part(b"1") + END,
            part(b"1") + b"--B--",
            part(b"1") + END + b"epilogue\r\n-B-\r\n",
            part(b"1") + b"--B-- \t\r\n",
            part(b"1").replace(b"--B\r\n", b"--B \t \r\n") + END,
        ],
    )
    def test_what_rfc_2046_allows_around_the_parts(self, body):
        """Preamble, epilogue, blanks after a boundary."""
        assert parse(body) == {"a": "1"}

    @pytest.mark.parametrize(
        "data",
        [
            b"\r\n",
            b"\r",
            b"\n",
            b"--B",
            b"-",
            b"\r\n--",
            b"\r\n-B",
            b"\r\n\r\n",
            b"\r\n--A",
            b"\n--B",
            b"\r--B",
            b" --B",
        ],
    )
    def test_data_that_nearly_is_a_boundary(self, data):
        """Only CRLF, two dashes and the boundary end a part."""
        for content in (data, data + data, b"x" + data, data + b"x"):
            if not content.startswith(b"--B"):
                assert parse(part(content) + END)["a"].encode() == content

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"", "ends at byte 0 without its last boundary, --B--"),
            (b"--B", "ends at byte 3 without"),
            (b"--B\r\n", "ends at byte 5 without"),
            (part(b"1"), "without its last boundary"),
            (part(b"1")[:-3], r"ends at byte 49 in part 1 \('a'\) without its last boundary"),
            (part(b"1") + b"--B-", "without its last boundary"),
            (part(b"1") + b"--B-\r\n", "at byte 55: expected a line break or -- after the boundary"),
            (
                part(b"1") + b"--Bx\r\n" + part(b"2") + END,
                "at byte 55: expected a line break or -- after the bound",
            ),
            (part(b"1") + b"--B--x", "expected a line break or the end after the last boundary"),
            (part(b"1") + b"--B --\r\n", "expected a line break or --"),
            (part(b"1").replace(b"\r\n", b"\n") + b"--B--\n", "after the boundary"),
            (b"--C\r\n" + END[3:], "without its last boundary"),
            (b"x" * 2000 + END, "no boundary in the first 1024 bytes"),
            (b"x" * 2000, "no boundary in the first 1024 bytes"),
            (END + b"x" * 2000, "more than 1024 bytes after the last boundary"),
            (b"--B" + b" " * 100 + b"\r\n", "after the boundary"),
            (b"--B\r\n\r\n1\r\n--B--", "part 1 at byte 5: no Content-Disposition"),
            (b"--B\r\n\r\n--B--", "no Content-Disposition"),
            # What other readers take for something else.
            (part(b"")[:-2] + END, "expected a line break between the empty line and the boundary"),
            (
                b"\n" + part(b"1") + END,
                r"at byte 0: expected a line break \(CRLF\) before the first boundary",
            ),
            (b"x--B\r\n" + part(b"1") + END, "before the first boundary"),
            (part(b"1") + END + part(b"2") + END, "another boundary after the last one"),
            (b"--B\r\nContent-Type: a/b\r\n\r\n1" + END, "no Content-Disposition"),
            (part(b"1", "form-data"), "has no name"),
            (part(b"1", 'form-data; filename="x"'), "has no name"),
            (part(b"1", "form-data; name*=UTF-8''a"), "has no name"),
            (part(b"1", 'attachment; name="a"'), "expected Content-Disposition: form-data"),
            (part(b"1", 'form-data; name="a'), "expected '; name="),
            (part(b"1", 'form-data; name="a"x'), "expected '; name="),
            (part(b"1", "form-data; name=a b"), "expected '; name="),
            (part(b"1", 'form-data name="a"'), "form-data"),
            (part(b"1", 'form-data; name="a"; Name="b"'), "'name' comes twice"),
            (part(b"1", 'form-data; name="a"; filename="x"; filename="y"'), "'filename' comes twice"),
            (part(b"1", 'form-data; name="a"', 'Content-Disposition: form-data; name="b"'), "comes twice"),
            (
                part(b"1", 'form-data; name="a"', "Content-Type: a/b", "content-type: c/d"),
                "content-type comes twice",
            ),
            (
                part(b"1", 'form-data; name="a"', "Content-Type: text"),
                "part 1 at byte 5: Content-Type: expected",
            ),
            (part(b"1", 'form-data; name="a"', "Content-Transfer-Encoding: base64"), "'base64' is not taken"),
            (
                part(b"1", 'form-data; name="a"', "Content-Transfer-Encoding: quoted-printable"),
                "RFC 7578 §4.7",
            ),
            (part(b"1", 'form-data; name="a"', " folded"), "expected 'Name: value'"),
            (part(b"1", 'form-data; name="a"', "No colon"), "expected 'Name: value'"),
            (part(b"1", 'form-data; name="a"', "X : y"), "expected 'Name: value'"),
            (part(b"1", 'form-data; name="a"', ": y"), "expected 'Name: value'"),
            (part(b"1", 'form-data; name="a\0"'), "without control characters"),
            (part(b"1", 'form-data; name="a\rb"'), "without control characters"),
            (part(b"1", 'form-data; name="a\nb"'), "without control characters"),
            (part(b"1", 'form-data; name="a"; filename="x\r\nX: y"'), "'Name: value'|expected '; name="),
            (part(b"1", "form-data; name=\"a\"; filename*=UTF-8''%00"), "NUL in a name"),
            (part(b"1", "form-data; name=\"a\"; filename*=latin1''x"), r"filename\* is not UTF-8"),
            (part(b"1", "form-data; name=\"a\"; filename*=UTF-8''%FF"), r"filename\* is not UTF-8"),
            (part(b"1", 'form-data; name="a"; filename*=UTF-8\'%41'), r"filename\* is not UTF-8"),
            (part(b"1").replace(b'"a"', b'"\xff"'), "is not valid UTF-8"),
            (part(b"\xff") + END, r"part 1 \('a'\): byte 0 is not valid utf-8"),
            (
                part(b"1", 'form-data; name="a"', "Content-Type: text/plain; charset=zlib") + END,
                "'zlib' is not supported",
            ),
            (
                part(b"1", 'form-data; name="a"', *(f"X-{n}: y" for n in range(20))) + END,
                "more than 16 header fields",
            ),
        ],
    )
    def test_malformed_forms_are_refused_with_the_place(self, body, reason):
        """BadRequestError says what and where, whole and byte by byte."""
        with pytest.raises(BadRequestError, match=reason):
            parse(body)

        def bytewise():
            parser = MultipartParser("B")
            builder = _form_builder.FormBuilder(FormLimits())
            for octet in body:
                builder.add(parser.feed(bytes([octet])))
            parser.finish()
            builder.finish()

        with pytest.raises(BadRequestError, match=reason):
            bytewise()

    @pytest.mark.parametrize(
        ("parameters", "name", "filename"),
        [
            ('name="a"', "a", None),
            ("name=a", "a", None),
            ('NAME="a" ; filename=x.txt', "a", "x.txt"),
            ('name="a";filename="x y;z=.txt"', "a", "x y;z=.txt"),
            ('name=""; filename=""', "", ""),
            ('name="é"; filename="naïve €.txt"', "é", "naïve €.txt"),
            # WHATWG HTML: browsers write ", CR and LF in percent-encoding, and nothing else.
            ('name="a%22b%0D%0a"; filename="100%25 %41.txt"', 'a"b\r\n', "100%25 %41.txt"),
            # Other clients escape by backslash; browsers do not escape backslashes.
            (r'name="a\"b"; filename="c\\d"', 'a"b', r"c\d"),
            (r'name="a"; filename="C:\dir\file.txt"', "a", r"C:\dir\file.txt"),
            # RFC 7578 §4.2 forbids filename*: it counts only alone.
            ('name="a"; filename="x"; filename*=UTF-8\'\'y', "a", "x"),
            ("name=\"a\"; filename*=utf-8'en'na%C3%AFve.txt", "a", "naïve.txt"),
            ('name="a";', "a", None),
            ('name="a"; unknown="x"', "a", None),
        ],
    )
    def test_names(self, parameters, name, filename):
        """RFC 7578 §4.2 and WHATWG HTML §4.10.21.8: how names are written."""
        with parse(part(b"1", f"form-data; {parameters}") + END) as form:
            assert list(form) == [name]
            upload = form[name]
            assert (upload.filename if isinstance(upload, UploadedFile) else None) == filename

    @pytest.mark.parametrize("encoding", ["7bit", "8BIT", "binary"])
    def test_identity_encodings_are_taken(self, encoding):
        """RFC 7578 §4.7: deprecated, but these change nothing."""
        assert (
            parse(part(b"1", 'form-data; name="a"', f"Content-Transfer-Encoding: {encoding}") + END)["a"]
            == "1"
        )

    def test_charsets(self):
        """RFC 7578 §4.5, §4.6: of the part, of the form by _charset_, else UTF-8."""
        own = part(b"\xe9", 'form-data; name="a"', "Content-Type: text/plain; charset=iso-8859-1")
        assert parse(own + END)["a"] == "é"
        default = part(b"\x80") + part(b"windows-1252", 'form-data; name="_charset_"')
        assert parse(default + END)["a"] == "€"
        assert parse(own + default + END).getall("a") == ["é", "€"]
        assert parse(part(b"\xc3\xa9") + part(b"", 'form-data; name="_charset_"') + END)["a"] == "é"
        with pytest.raises(BadRequestError, match="not supported"):
            parse(part(b"1") + part(b"bogus", 'form-data; name="_charset_"') + END)

    @pytest.mark.parametrize(
        ("content_type", "reason"),
        [
            ("multipart/form-data", "no boundary"),
            ("multipart/mixed; boundary=B", "expected Content-Type multipart/form-data, got multipart/mixed"),
            ("text/plain", "expected Content-Type multipart/form-data"),
            ('multipart/form-data; boundary=""', "is not a boundary"),
            ('multipart/form-data; boundary="a "', "is not a boundary"),
            ('multipart/form-data; boundary="é"', "is not a boundary"),
            ('multipart/form-data; boundary="a@b"', "is not a boundary"),
            (f"multipart/form-data; boundary={'x' * 71}", "is not a boundary"),
            ("multipart/form-data; boundary=a; boundary=b", "comes twice"),
        ],
    )
    def test_the_boundary_is_checked(self, content_type, reason):
        """RFC 2046 §5.1.1: 1 to 70 characters of bchars, not ending in a space."""
        with pytest.raises(BadRequestError, match=reason):
            parse_multipart_bytes(b"", content_type)

    @pytest.mark.parametrize(
        "boundary", ["x" * 70, "a b", "'()+_,-./:=?", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "-"]
    )
    def test_unusual_boundaries(self, boundary):
        """RFC 2046 §5.1.1: all of bchars."""
        body = (part(b"1\r\n-") + END).replace(b"--B", b"--" + boundary.encode())
        assert parse_multipart_bytes(body, f'multipart/form-data; boundary="{boundary}"') == {"a": "1\r\n-"}

    def test_limits_on_sizes(self):
        """413, naming the limit and the part; a size at the limit passes."""
        file = 'form-data; name="f"; filename="x"'
        with parse(
            part(b"12345") + part(b"1234567", file) + END, FormLimits(max_field_size=5, max_file_size=7)
        ):
            pass
        for body, limits, reason in [
            (part(b"123456"), FormLimits(max_field_size=5), r"part 1 \('a'\): a field of more than 5 bytes"),
            (
                part(b"1") + part(b"12345678", file),
                FormLimits(max_file_size=7),
                r"part 2 \('f'\): a file of more than 7",
            ),
            (
                part(b"123") + part(b"456"),
                FormLimits(max_fields_total=5),
                "fields of more than 5 bytes together",
            ),
            (part(b"123"), FormLimits(max_total=20), "more than 20 bytes"),
            (
                part(b"1", f'form-data; name="{"x" * 9000}"'),
                FormLimits(),
                "header fields of more than 8192 bytes",
            ),
            (
                b"--B\r\n" + b"x" * 9000,
                FormLimits(),
                "part 1 at byte 5: header fields of more than 8192 bytes",
            ),
        ]:
            with pytest.raises(PayloadTooLargeError, match=reason):
                parse(body + END, limits)

    def test_limits_on_counts(self):
        """400, naming the limit; fields and files are counted apart."""
        file = part(b"1", 'form-data; name="f"; filename="x"')
        limits = FormLimits(max_fields=2, max_files=1)
        with parse(part(b"1") * 2 + file + END, limits):
            pass
        with pytest.raises(BadRequestError, match="more than 2 fields"):
            parse(part(b"1") * 3 + END, limits)
        with pytest.raises(BadRequestError, match="more than 1 files"):
            parse(file * 2 + END, limits)


BODY = (
    b"preamble\r\n"
    + part(b"field \xc3\xa9\r\n--\r\n--C")
    + part(b"", 'form-data; name="empty"')
    + part(
        b"\r\n\r\n--B"[2:] + b"\x00\xff" * 3, 'form-data; name="f"; filename="x"', "Content-Type: image/png"
    )
    + b"--B--\r\nepilogue"
).replace(b"\r\n\r\n\r\n--B\x00", b"\r\n\r\n\r\n--C\x00")


def summary(events: list[Event]) -> list[object]:
    """Join the data of each part, which may come in any pieces."""
    parts: list[object] = []
    for event in events:
        if isinstance(event, PartHead):
            parts.append([event.name, event.filename, b""])
        elif event is PART_END:
            parts.append("end")
        else:
            assert event
            parts[-1][2] += event
    return parts


def test_a_form_split_at_every_point_is_the_same():
    """The parser gives the same parts for any two pieces, and byte by byte."""
    parser = MultipartParser("B")
    whole = summary(parser.feed(BODY))
    parser.finish()
    assert [item[0] for item in whole if item != "end"] == ["a", "empty", "f"]
    for at in range(len(BODY) + 1):
        parser = MultipartParser("B")
        assert summary(parser.feed(BODY[:at]) + parser.feed(BODY[at:])) == whole
        parser.finish()
    parser = MultipartParser("B")
    assert summary([event for octet in BODY for event in parser.feed(bytes([octet]))]) == whole
    parser.finish()


def test_every_proper_prefix_of_a_form_is_incomplete():
    """A body cut anywhere before its last boundary is refused."""
    end = BODY.index(b"--B--") + 5
    for at in range(end):
        parser = MultipartParser("B")
        parser.feed(BODY[:at])
        with pytest.raises(BadRequestError, match="without its last boundary"):
            parser.finish()


def test_what_is_kept_is_bounded():
    """Data never waits in the parser, but for what may begin a boundary."""
    parser = MultipartParser("B" * 70)
    parser.feed(part(b"")[:-2].replace(b"--B", b"--" + b"B" * 70))
    for piece in (b"x" * 10_000, b"\r" * 10_000, b"\r\n--" * 1000, b"\r\n--" + b"B" * 69 + b"\r\n"):
        parser.feed(piece)
        assert len(parser._buffer) <= 75


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)
contents = st.lists(
    st.sampled_from([b"\r\n", b"--", b"B", b"\r", b"\n", b"-", b"x", b"\xff"]), max_size=12
).map(b"".join)


def escape(name: str) -> str:
    return name.replace("%", "%25") if "%" in name else name.replace("\\", "\\\\").replace('"', '\\"')


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            names.filter(lambda n: "%" not in n), st.none() | names.filter(lambda n: "%" not in n), contents
        ),
        max_size=4,
    ),
    st.lists(st.integers(0, 400), max_size=6),
)
@example([("a", "b", b"\r\n--\r\n-B")], [40])
def test_what_is_written_is_read(parts, cuts):
    """Any names and contents come back, in any pieces."""
    parts = [item for item in parts if b"\r\n--B" not in b"\r\n" + item[2]]
    body = b"".join(
        part(
            data,
            f'form-data; name="{escape(name)}"'
            + ("" if filename is None else f'; filename="{escape(filename)}"'),
        )
        for name, filename, data in parts
    )
    body += END
    parser = MultipartParser("B")
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    events = [event for a, b in itertools.pairwise(places) for event in parser.feed(body[a:b])]
    parser.finish()
    assert [item for item in summary(events) if item != "end"] == [list(item) for item in parts]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"--B",
                b"\r\n",
                b"--",
                b"\r",
                b"\n",
                b"x",
                b" ",
                b"-",
                b'Content-Disposition: form-data; name="a"',
                b"\r\n\r\n",
            ]
        ),
        max_size=16,
    ),
    st.integers(0, 60),
)
def test_any_bytes_are_parsed_or_refused_alike_however_they_are_split(tokens, at):
    """The verdict does not depend on the pieces."""
    body = b"".join(tokens)

    def verdict(*chunks):
        parser = MultipartParser("B")
        try:
            events = [event for chunk in chunks for event in parser.feed(chunk)]
            parser.finish()
        except BadRequestError as error:
            return error.message.partition(", got")[0]  # what is shown of the rest depends on the piece
        return summary(events)

    assert verdict(body) == verdict(body[:at], body[at:]) == verdict(*(bytes([octet]) for octet in body))


FILE = 'form-data; name="f"; filename="x"'


class TestFiles:
    """Uploaded files, their spools and their end."""

    @pytest.fixture
    def spools(self, monkeypatch):
        """Every spool that a form makes."""
        made = []

        class Spool(tempfile.SpooledTemporaryFile):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                made.append(self)

        monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Spool)
        return made

    def test_small_files_stay_in_memory_and_large_ones_go_to_disk(self, spools):
        """At the threshold still memory, one byte more is disk."""
        limits = FormLimits(spool_threshold=10)
        with parse(part(b"x" * 10, FILE) + part(b"y" * 11, FILE) + END, limits) as form:
            assert [spool._rolled for spool in spools] == [False, True]
            assert [upload.read() for upload in form.files] == [b"x" * 10, b"y" * 11]
            assert [upload.size for upload in form.files] == [10, 11]
        assert all(spool.closed for spool in spools)

    def test_a_threshold_of_zero_sends_everything_to_disk(self, spools):
        """Not the contrary, as the spool's own 0 would."""
        with parse(part(b"xx", FILE) + END, FormLimits(spool_threshold=0)):
            assert spools[0]._rolled

    @pytest.mark.parametrize(
        "body",
        [
            part(b"x" * 99, FILE),
            part(b"x" * 99, FILE)[:-10],
            part(b"x" * 99, FILE) + b"--Bx",
            part(b"x" * 99, FILE) + part(b"\xff") + END,
            part(b"x" * 99, FILE) * 21 + END,
            part(b"x" * 999, FILE) + END,
            part(b"x" * 99, FILE) + b"--B\r\nbad\r\n\r\n" + END,
        ],
    )
    async def test_nothing_is_left_of_a_form_that_fails(self, spools, body):
        """Every temporary file is closed, and so deleted, whichever way the form was read."""
        limits = FormLimits(spool_threshold=10, max_file_size=500)
        with pytest.raises((BadRequestError, PayloadTooLargeError)):
            parse(body, limits)
        with pytest.raises((BadRequestError, PayloadTooLargeError)):
            await parse_multipart(pieces(*(body[i : i + 40] for i in range(0, len(body), 40))), TYPE, limits)
        assert spools
        assert all(spool.closed for spool in spools)

    async def test_a_stream_that_fails_leaves_nothing(self, spools):
        """A client that leaves in the middle of a file."""

        async def broken():
            yield part(b"x" * 99, FILE)[:-10]
            raise ConnectionError("gone")

        with pytest.raises(ConnectionError):
            await parse_multipart(broken(), TYPE, FormLimits(spool_threshold=10))
        assert [spool.closed for spool in spools] == [True]

    async def test_streams_are_parsed_as_bytes_are(self):
        """The same form, in pieces of any size."""
        body = part(b"1") + part(b"x" * 1000, FILE) + END
        for size in (1, 7, 100, 5000):
            chunks = [body[i : i + size] for i in range(0, len(body), size)]
            form = await parse_multipart(pieces(*chunks), TYPE, FormLimits(spool_threshold=100))
            with form:
                assert form["a"] == "1"
                assert form["f"].read() == b"x" * 1000

    async def test_disk_writes_leave_the_event_loop(self, spools, monkeypatch):
        """Small forms cost no thread; what rolls over is written by a worker."""
        threads = []
        add = _form_builder.FormBuilder.add

        def record(self, events):
            threads.append(threading.current_thread() is threading.main_thread())
            add(self, events)

        monkeypatch.setattr(_form_builder.FormBuilder, "add", record)
        with await parse_multipart(pieces(part(b"x" * 10, FILE) + END), TYPE):
            assert threads == [True]
        threads.clear()
        chunks = (part(b"x" * 10, FILE)[:-2], b"y" * 20, b"z", b"\r\n" + END)
        with await parse_multipart(pieces(*chunks), TYPE, FormLimits(spool_threshold=20)) as form:
            assert threads == [True, False, False, False]
            assert form["f"].read() == b"x" * 10 + b"y" * 20 + b"z"

    async def test_a_cancelled_reader_leaves_nothing(self, spools, monkeypatch):
        """Cancelled while a worker writes: the worker closes the files when it is done."""
        entered, go, done = threading.Event(), threading.Event(), threading.Event()
        write = _form_builder.FormBuilder._write
        leave = _form_builder.FormBuilder._leave

        def slow(self, data):
            entered.set()
            assert go.wait(5)
            write(self, data)

        def tell(self):
            leave(self)
            done.set()

        monkeypatch.setattr(_form_builder.FormBuilder, "_write", slow)
        monkeypatch.setattr(_form_builder.FormBuilder, "_leave", tell)
        body = part(b"x" * 99, FILE) + END
        task = asyncio.create_task(parse_multipart(pieces(body), TYPE, FormLimits(spool_threshold=10)))
        while not entered.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not spools[0].closed
        go.set()
        assert await asyncio.to_thread(done.wait, 5)
        assert spools[0].closed

    def test_an_aborted_builder_takes_nothing_more(self, spools):
        """Events that come after the end make no new file."""
        builder = _form_builder.FormBuilder(FormLimits())
        builder.abort()
        builder.add(MultipartParser("B").feed(part(b"x", FILE)))
        assert spools == []

    def test_save_copies_to_exactly_the_path_given(self, tmp_path):
        """The client's name is never used, an existing file is kept, a folder is refused."""
        with parse(part(b"content", 'form-data; name="f"; filename="../../evil"') + END) as form:
            upload = form["f"]
            assert upload.filename == "../../evil"
            assert upload.read(3) == b"con"
            assert upload.save(tmp_path / "kept.bin") == 7
            assert (tmp_path / "kept.bin").read_bytes() == b"content"
            with pytest.raises(FileExistsError):
                upload.save(tmp_path / "kept.bin")
            assert upload.save(str(tmp_path / "kept.bin"), overwrite=True) == 7
            with pytest.raises(IsADirectoryError, match="the client's name is not used"):
                upload.save(tmp_path)
            assert [path.name for path in tmp_path.iterdir()] == ["kept.bin"]
        with pytest.raises(ValueError, match="closed"):
            upload.save(tmp_path / "late")

    def test_an_upload_is_a_context_manager_and_a_file(self):
        """It can be closed alone, twice; its file goes wherever a binary file does."""
        form = parse(part(b"a\nb\n", FILE) + END)
        with form["f"] as upload:
            assert list(io.TextIOWrapper(io.BytesIO(upload.read()))) == ["a\n", "b\n"]
        upload.close()
        form.close()
        assert upload.file.closed
