"""The shorthands."""

import pytest
from areion_http import (
    create_empty_response,
    create_error_response,
    create_file_response,
    create_html_response,
    create_json_response,
    create_redirect_response,
    create_text_response,
    create_xml_response,
)


@pytest.mark.parametrize(
    ("response", "status", "content_type", "body"),
    [
        (create_json_response({"a": 1}), 200, "application/json", b'{"a":1}'),
        (create_json_response([1, 2], 201), 201, "application/json", b"[1,2]"),
        (create_json_response("text"), 200, "application/json", b'"text"'),
        (create_json_response(None), 200, "application/json", b"null"),
        (create_text_response("t", 202), 202, "text/plain; charset=utf-8", b"t"),
        (create_text_response(text="t"), 200, "text/plain; charset=utf-8", b"t"),
        (create_html_response("<p>"), 200, "text/html; charset=utf-8", b"<p>"),
        (create_html_response(html="<p>", status_code=404), 404, "text/html; charset=utf-8", b"<p>"),
        (create_xml_response("<a/>"), 200, "application/xml", b"<a/>"),
        (create_xml_response(data=b"<a/>"), 200, "application/xml", b"<a/>"),
        (create_error_response(404), 404, "text/plain; charset=utf-8", b"Not Found"),
        (create_error_response(500, "broken"), 500, "text/plain; charset=utf-8", b"broken"),
        (create_error_response(499), 499, "text/plain; charset=utf-8", b"Error"),
        (create_empty_response(), 204, None, b""),
        (create_empty_response(202), 202, None, b""),
    ],
)
def test_type_and_body(response, status, content_type, body):
    """Each has its type; JSON is JSON whatever the value (the predecessor sent a Python repr of a list)."""
    assert (response.status_code, response.content_type, response.encode()) == (status, content_type, body)


def test_headers_are_taken_and_not_changed():
    """By those that take them."""
    mine = {"X-A": "1"}
    assert create_error_response(400, "x", mine).headers["x-a"] == "1"
    assert create_empty_response(204, mine).headers["x-a"] == "1"
    assert mine == {"X-A": "1"}


class TestRedirect:
    """Location (RFC 9110 §10.2.2)."""

    @pytest.mark.parametrize(
        ("target", "sent"),
        [
            ("/path?a=b&c=d#e", "/path?a=b&c=d#e"),
            ("relative/../x", "relative/../x"),
            ("https://example.com:8080/a%20b", "https://example.com:8080/a%20b"),
            ("/gr\u00fc\u00dfe \u2603", "/gr%C3%BC%C3%9Fe%20%E2%98%83"),
            ('/a"b<c>', "/a%22b%3Cc%3E"),
            ("", ""),
        ],
    )
    def test_targets(self, target, sent):
        """Relative, absolute, and with characters that must be encoded."""
        response = create_redirect_response(target)
        assert (response.status_code, response.headers["location"]) == (302, sent)

    @pytest.mark.parametrize("target", ["/a\r\nSet-Cookie: x", "/a\nb", "/\0", None, b"/", 1])
    def test_no_controls(self, target):
        """A target from a client cannot split the response."""
        with pytest.raises(ValueError, match="location"):
            create_redirect_response(target)

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
    def test_statuses(self, status):
        """All redirects."""
        assert create_redirect_response("/", status).status_code == status
        assert create_redirect_response(location="/", status_code=status).status_code == status

    @pytest.mark.parametrize("status", [200, 304, 299, 400, "302", True])
    def test_others_are_refused(self, status):
        """304 redirects nobody."""
        with pytest.raises(ValueError, match="status_code"):
            create_redirect_response("/", status)


@pytest.mark.parametrize("status", [399, 600, 200, "404", None])
def test_error_statuses(status):
    """400 to 599."""
    with pytest.raises(ValueError, match="status_code"):
        create_error_response(status)


def test_file(tmp_path):
    """Type by name, status as given, nothing opened yet."""
    response = create_file_response(tmp_path / "not-there.png", 201)
    assert (response.status_code, response.content_type) == (201, "image/png")
    with pytest.raises(ValueError, match=r"."):
        create_file_response("a\0b")
