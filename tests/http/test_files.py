"""Facts about ``areion_http.files``: types, dispositions, tags, deliveries (RFC 9110 §8, §13 to §15)."""

import contextlib
import errno
import io
import os
import re
import socket
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from urllib.parse import unquote

import pytest
from areion_http.errors import NotFoundError
from areion_http.files import (
    INLINE_LIMIT,
    FileBody,
    FileDelivery,
    _read,
    content_disposition,
    file_etag,
    guess_media_type,
)
from areion_http.headers import Headers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

T = 784111777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
NOW = T + 3600.0
ALPHABET = b"abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def alphabet(tmp_path):
    path = tmp_path / "alphabet.txt"
    path.write_bytes(ALPHABET)
    os.utime(path, ns=(T * 10**9, T * 10**9 + 5))
    return path


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(INLINE_LIMIT + 1))
    os.utime(path, (T, T))
    return path


def deliver(body, method="GET", status=200, now=NOW, **fields):
    """Open a body as a request with these fields would, and read it as a client would."""
    headers = Headers({name.replace("_", "-"): value for name, value in fields.items()})
    with body.open(method, headers, status=status, now=now) as delivery:
        content = b""
        for segment in delivery.segments:
            if isinstance(segment, bytes):
                content += segment
            else:
                delivery.file.seek(segment[0])
                content += delivery.file.read(segment[1])
    return delivery.status, dict(delivery.headers), content, delivery.content_length


def test_a_file_is_delivered_whole_with_its_validators(alphabet):
    """RFC 9110 §8.8, §14.3: type by name, ETag, Last-Modified, Accept-Ranges."""
    status, headers, content, length = deliver(FileBody(alphabet))
    assert (status, content, length) == (200, ALPHABET, 26)
    assert headers == {
        "Content-Type": "text/plain; charset=utf-8",
        "ETag": file_etag(T * 10**9 + 5, 26, now_ns=int(NOW) * 10**9),
        "Last-Modified": DATE,
        "Accept-Ranges": "bytes",
    }


def test_head_announces_and_sends_nothing(alphabet):
    """RFC 9110 §9.3.2: the fields of GET, without content."""
    status, headers, content, length = deliver(FileBody(alphabet), "HEAD")
    assert (status, content, length) == (200, b"", 26)
    assert headers == deliver(FileBody(alphabet))[1]


def test_an_empty_file(tmp_path):
    """A file without bytes is a 200 with Content-Length 0, and has no satisfiable byte range."""
    path = tmp_path / "empty"
    path.touch()
    assert deliver(FileBody(path))[0::2] == (200, b"")
    assert deliver(FileBody(path), Range="bytes=-5")[0] == 200
    status, headers, _, _ = deliver(FileBody(path), Range="bytes=0-")
    assert (status, headers["Content-Range"]) == (416, "bytes */0")


def test_small_files_are_read_at_once_and_closed(alphabet):
    """A small content needs no open file afterwards: it goes out with the head."""
    delivery = FileBody(alphabet).open("GET", Headers())
    assert delivery.segments == [ALPHABET]
    assert delivery.file is None


def test_large_files_are_not_read(large):
    """Above the limit the connection gets the open file and a place in it; Areion 1 read it all at once."""
    with FileBody(large).open("GET", Headers(), now=NOW) as delivery:
        assert delivery.segments == [(0, INLINE_LIMIT + 1)]
        assert not delivery.file.closed
    assert delivery.file.closed
    delivery.close()
    assert deliver(FileBody(large))[2] == large.read_bytes()
    assert deliver(FileBody(large), Range=f"bytes={INLINE_LIMIT}-")[2] == large.read_bytes()[-1:]


def test_nothing_stays_open_without_content(large):
    """HEAD, 304, 412 and 416 leave no descriptor behind."""
    for method, fields in [
        ("HEAD", {}),
        ("GET", {"If-Modified-Since": DATE}),
        ("GET", {"If-Match": '"x"'}),
        ("GET", {"Range": "bytes=9999999-"}),
    ]:
        assert FileBody(large).open(method, Headers(fields), now=NOW).file is None


def test_one_range(alphabet):
    """RFC 9110 §15.3.7.1: 206 with Content-Range, and the validators of the 200."""
    status, headers, content, length = deliver(FileBody(alphabet), Range="bytes=2-4")
    assert (status, content, length) == (206, b"cde", 3)
    assert headers == {**deliver(FileBody(alphabet))[1], "Content-Range": "bytes 2-4/26"}


def test_several_ranges(alphabet):
    """RFC 9110 §15.3.7.2, §14.6: multipart/byteranges in the order asked for; no Content-Range outside."""
    status, headers, content, length = deliver(FileBody(alphabet), Range="bytes=-3,0-1")
    assert status == 206
    assert length == len(content)
    assert "Content-Range" not in headers
    assert headers["Content-Type"].startswith("multipart/byteranges; boundary=")
    assert headers["ETag"] == deliver(FileBody(alphabet))[1]["ETag"]
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + content
    )
    assert [
        (part["Content-Range"], part["Content-Type"], part.get_payload()) for part in message.iter_parts()
    ] == [
        ("bytes 23-25/26", 'text/plain; charset="utf-8"', "xyz"),
        ("bytes 0-1/26", 'text/plain; charset="utf-8"', "ab"),
    ]


def test_several_ranges_of_a_large_file(large):
    """Parts of a file that is not read come as bytes for the frame and places for the content."""
    content = deliver(FileBody(large), Range="bytes=0-65535,65536-65536")[2]
    assert large.read_bytes()[:65536] in content
    assert content.count(b"Content-Range: ") == 2


def test_a_range_that_cannot_be_satisfied(alphabet):
    """RFC 9110 §15.5.17: 416 with the length; the text says it too."""
    status, headers, content, length = deliver(FileBody(alphabet), Range="bytes=26-")
    assert (status, headers["Content-Range"]) == (416, "bytes */26")
    assert content == b"Range not satisfiable: the file has 26 bytes"
    assert length == len(content)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_ranges_are_for_get_alone(alphabet, method):
    """RFC 9110 §14.2: a server must ignore Range where it is not defined; it is for GET only."""
    status, headers, _, length = deliver(FileBody(alphabet), method, Range="bytes=0-0")
    assert (status, length) == (200, 26)
    assert "Content-Range" not in headers


@pytest.mark.parametrize("field", ["bytes=x", "lines=0-1", "bytes=3-1", "bytes=" + "0-0," * 200])
def test_an_invalid_or_excessive_range_is_ignored(alphabet, field):
    """RFC 9110 §14.2, §17.15: the whole file is sent."""
    assert deliver(FileBody(alphabet), Range=field)[:3:2] == (200, ALPHABET)


def test_not_modified(alphabet):
    """RFC 9110 §15.4.5: 304 keeps ETag, Last-Modified and Cache-Control, and nothing about content."""
    body = FileBody(alphabet, cache_control="max-age=60", download_name="a.txt")
    etag = deliver(body)[1]["ETag"]
    for fields in ({"If_None_Match": etag}, {"If_Modified_Since": DATE}, {"If_None_Match": "W/" + etag}):
        for method in ("GET", "HEAD"):
            status, headers, content, _ = deliver(body, method, **fields)
            assert (status, content) == (304, b"")
            assert headers == {"Cache-Control": "max-age=60", "ETag": etag, "Last-Modified": DATE}


def test_not_modified_comes_before_ranges(alphabet):
    """RFC 9110 §13.2.2: preconditions are judged before Range."""
    assert deliver(FileBody(alphabet), Range="bytes=0-0", If_Modified_Since=DATE)[0] == 304
    assert deliver(FileBody(alphabet), Range="bytes=99-", If_Match='"other"')[0] == 412


def test_precondition_failed(alphabet):
    """RFC 9110 §15.5.13: 412, with a line that says why; HEAD gets its fields only."""
    status, headers, content, length = deliver(FileBody(alphabet), If_Match='"other"')
    assert status == 412
    assert content.startswith(b"Precondition failed")
    assert headers == {"Content-Type": "text/plain; charset=utf-8"}
    assert deliver(FileBody(alphabet), "HEAD", If_Match='"other"')[2:] == (b"", length)


def test_if_range_joins_only_what_is_the_same(alphabet):
    """RFC 9110 §13.1.5: 206 if the validator still holds, else the whole file."""
    etag = deliver(FileBody(alphabet))[1]["ETag"]
    for if_range, status in [
        (etag, 206),
        ("W/" + etag, 200),
        ('"x"', 200),
        (DATE, 206),
        ("Sun, 06 Nov 1994 08:49:38 GMT", 200),
    ]:
        assert deliver(FileBody(alphabet), Range="bytes=0-0", If_Range=if_range)[0] == status


def test_other_methods_know_no_conditions(alphabet):
    """RFC 9110 §13.2.1, §8.8: after POST its conditions are past, and its answer has no validators."""
    status, headers, content, _ = deliver(FileBody(alphabet), "POST", If_None_Match="*", If_Match='"x"')
    assert (status, content) == (200, ALPHABET)
    assert headers == {"Content-Type": "text/plain; charset=utf-8"}


def test_other_statuses_know_no_conditions(alphabet):
    """RFC 9110 §13.2.1: conditions are ignored where the answer is neither 2xx nor 412: an error page."""
    status, headers, content, _ = deliver(
        FileBody(alphabet), status=404, If_None_Match="*", Range="bytes=0-0"
    )
    assert (status, content) == (404, ALPHABET)
    assert headers == {"Content-Type": "text/plain; charset=utf-8"}
    assert deliver(FileBody(alphabet), "HEAD", status=404)[2:] == (b"", 26)


def test_a_changed_file_changes_its_tag(alphabet):
    """RFC 9110 §8.8.3: another time or another length is another version."""
    first = deliver(FileBody(alphabet))[1]["ETag"]
    os.utime(alphabet, ns=(T * 10**9, T * 10**9 + 6))
    second = deliver(FileBody(alphabet))[1]["ETag"]
    alphabet.write_bytes(ALPHABET + b"!")
    os.utime(alphabet, ns=(T * 10**9, T * 10**9 + 6))
    assert len({first, second, deliver(FileBody(alphabet))[1]["ETag"]}) == 3


def test_a_tag_is_weak_while_the_file_could_change_unseen():
    """RFC 9110 §8.8.1: within a tick of the file system's clock a change need not change the time."""
    fine, coarse = T * 10**9 + 1, T * 10**9
    assert file_etag(fine, 1, now_ns=fine + 9_999_999).startswith('W/"')
    assert file_etag(fine, 1, now_ns=fine + 10_000_000).startswith('"')
    assert file_etag(coarse, 1, now_ns=coarse + 1_999_999_999).startswith('W/"')
    assert file_etag(coarse, 1, now_ns=coarse + 2_000_000_000).startswith('"')
    assert file_etag(fine, 1, now_ns=coarse - 10**12).startswith('W/"')


def test_last_modified_is_never_in_the_future(alphabet):
    """RFC 9110 §8.8.2.1: a later date is replaced by that of the message."""
    assert deliver(FileBody(alphabet), now=T - 3600.0)[1]["Last-Modified"] == "Sun, 06 Nov 1994 07:49:37 GMT"


def test_a_tag_of_ones_own(alphabet):
    """An application that knows better names its version."""
    body = FileBody(alphabet, etag='"build-7"')
    assert deliver(body)[1]["ETag"] == '"build-7"'
    assert deliver(body, If_None_Match='"build-7"')[0] == 304


def test_the_time_defaults_to_the_clock(alphabet):
    """Without ``now`` the clock is read."""
    delivery = FileBody(alphabet).open("GET", Headers())
    assert ("Last-Modified", DATE) in delivery.headers


@pytest.mark.parametrize(
    "kind", ["missing", "directory", "fifo", "socket", "device", "below a file", "long", "loop"]
)
def test_what_is_no_regular_file_is_not_found(tmp_path, kind):
    """Directories, pipes, sockets and devices are not sent, and opening them never waits."""
    path = tmp_path / "x"
    with contextlib.ExitStack() as stack:
        if kind == "directory":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "socket":
            stack.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX))).bind(str(path))
        elif kind == "device":
            path = Path("/dev/zero")
        elif kind == "below a file":
            path.touch()
            path /= "y"
        elif kind == "long":
            path = tmp_path / ("x" * 300)
        elif kind == "loop":
            path.symlink_to(path)
        with pytest.raises(NotFoundError) as caught:
            FileBody(path).open("GET", Headers())
        assert str(tmp_path) not in caught.value.message


def test_other_failures_are_the_servers(alphabet, monkeypatch):
    """What the client is not to blame for stays an OSError: descriptors used up, a broken disk."""

    def fail(*args, **kwargs):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(OSError, match="Too many open files"):
        FileBody(alphabet).open("GET", Headers())


def test_a_descriptor_is_closed_when_describing_fails(alphabet, monkeypatch):
    """No descriptor leaks on an error between opening and answering."""
    real = os.close
    closed = []

    def fail(descriptor):
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", fail)
        patch.setattr(os, "close", lambda descriptor: closed.append(descriptor) or real(descriptor))
        with contextlib.suppress(OSError):
            FileBody(alphabet).open("GET", Headers())
    assert len(closed) == 1


def test_a_file_cut_while_it_is_read_is_an_error(alphabet, monkeypatch):
    """A short content is never sent as if it were whole."""
    real = os.fstat

    def grown(descriptor):
        info = list(real(descriptor))
        info[6] += 10
        return os.stat_result(info, {"st_mtime_ns": T * 10**9})

    monkeypatch.setattr(os, "fstat", grown)
    with pytest.raises(OSError, match="the file was cut to less than 36 bytes"):
        FileBody(alphabet).open("GET", Headers())


def test_short_reads_are_continued():
    """A network file system may give less than was asked for, which is not the end."""

    class Slow(io.BytesIO):
        def read(self, count):
            return super().read(min(count, 3))

    assert _read(Slow(b"0123456789"), 1, 8) == b"12345678"


def test_a_type_given_at_opening_wins(alphabet):
    """A response's own Content-Type holds for every status, and inside of several parts."""
    with FileBody(alphabet).open("GET", Headers(), content_type="text/x") as delivery:
        assert delivery.headers[0] == ("Content-Type", "text/x")
    for field, place in (("bytes=0-0", 0), ("bytes=0-0,2-2", 1)):
        with FileBody(alphabet).open("GET", Headers({"Range": field}), content_type="text/x") as delivery:
            shown = [delivery.headers[0][1], b"".join(delivery.segments).decode()]
            assert "text/x" in shown[place]


def test_the_type_is_known_before_opening():
    """By the name, or as given."""
    assert FileBody("a.html").content_type == "text/html; charset=utf-8"
    assert FileBody("a.html", content_type="text/x").content_type == "text/x"


def test_the_disposition_of_a_body(alphabet):
    """RFC 6266: attachment for a download name; the file's own name where only a disposition is given."""
    named = FileBody(alphabet, download_name="Zoë.txt", content_type="text/x-special")
    assert deliver(named)[1]["Content-Disposition"] == content_disposition("Zoë.txt")
    assert deliver(named)[1]["Content-Type"] == "text/x-special"
    inline = FileBody(alphabet, disposition="inline")
    assert deliver(inline)[1]["Content-Disposition"] == 'inline; filename="alphabet.txt"'
    assert "Content-Disposition" not in deliver(FileBody(alphabet))[1]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("path", "a\0b"),
        ("content_type", "text/plain\r\nX: y"),
        ("cache_control", "no\ncache"),
        ("etag", "unquoted"),
        ("disposition", "attachment; x"),
    ],
)
def test_wrong_arguments_fail_where_they_are_given(argument, value):
    """A body that could not be sent cannot be made."""
    with pytest.raises(ValueError, match=r"(?i)" + argument.replace("_", "[-_]")):
        FileBody(**{"path": "x", argument: value})


def test_a_body_shows_its_path():
    """The repr helps in a log."""
    assert repr(FileBody("a/b.txt")) == "FileBody('a/b.txt')"


def test_deliveries_are_plain_data():
    """A sender can make one for tests, without a file."""
    with FileDelivery(200, [], 2, [b"ok"]) as delivery:
        assert delivery.file is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.one_of(
            st.builds("{}-{}".format, st.integers(0, 30), st.integers(0, 30)),
            st.builds("{}-".format, st.integers(0, 30)),
            st.builds("-{}".format, st.integers(0, 30)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_every_answer_to_a_range_is_consistent(alphabet, specs):
    """Lengths, places and bytes agree, whatever is asked."""
    status, headers, content, length = deliver(FileBody(alphabet), Range="bytes=" + ",".join(specs))
    assert length == len(content)
    if status == 200:
        assert content == ALPHABET
    elif "Content-Range" in headers:
        place = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/26", headers["Content-Range"])
        if status == 206:
            assert content == ALPHABET[int(place[1]) : int(place[2]) + 1]
    else:
        parts = re.findall(rb"Content-Range: bytes (\d+)-(\d+)/26\r\n\r\n([a-z]*)\r\n--", content)
        assert len(parts) > 1
        for first, last, data in parts:
            assert data == ALPHABET[int(first) : int(last) + 1]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.json", "application/json"),
        ("app.js.map", "application/json"),
        ("site.webmanifest", "application/manifest+json"),
        ("a.svg", "image/svg+xml"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("PHOTO.JPG", "image/jpeg"),
        ("/deep/folder.d/Makefile", "application/octet-stream"),
        ("C:\\folder.html\\x", "application/octet-stream"),
        (".html", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_types_by_name(name, media_type):
    """By a fixed table and the last suffix, with a charset for text; Areion 1 sent octet-stream for all."""
    assert guess_media_type(name) == media_type


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("a b;c=d.txt", 'attachment; filename="a b;c=d.txt"'),
        ('say "hi".txt', "attachment; filename=\"say _hi_.txt\"; filename*=UTF-8''say%20%22hi%22.txt"),
        ("100%.txt", "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("naïve €.txt", "attachment; filename=\"na_ve _.txt\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt"),
        ("a\r\nX: y\0.txt", 'attachment; filename="a__X: y_.txt"'),
        ("../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'),
        ("..\\x", 'attachment; filename=".._x"'),
        ("\udcff.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%3F.txt"),
        ("", "attachment"),
        (None, "attachment"),
    ],
)
def test_content_disposition(name, value):
    """RFC 6266, RFC 8187: exact in filename*, safe in filename; separators and controls never get through."""
    assert content_disposition(name) == value


def test_a_disposition_is_a_token():
    """RFC 6266 §4.1: the type cannot smuggle parameters."""
    assert content_disposition("a", "inline") == 'inline; filename="a"'
    for wrong in ("", "a b", 'inline; filename="x"', "inline\r\n"):
        with pytest.raises(ValueError, match="disposition"):
            content_disposition("a", wrong)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_name_gives_one_safe_field(name):
    """The field is visible ASCII, has the two parameters at most, and filename* gives the name back."""
    value = content_disposition(name)
    match = re.fullmatch(
        r"attachment(?:; filename=\"([^\"\\%]*)\"(?:; filename\*=UTF-8''([!-:<-~]+))?)?", value
    )
    assert match
    assert value.isascii()
    assert value.isprintable()
    if match[2]:
        assert unquote(match[2]) == re.sub(r"[\x00-\x1f\x7f/\\]", "_", name)
