"""Facts about ``areion_http.cookies`` (RFC 6265bis)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from areion_http.cookies import (
    MAX_COOKIES,
    MAX_NAME_AND_VALUE,
    format_delete_cookie,
    format_set_cookie,
    parse_cookies,
)
from hypothesis import given, settings
from hypothesis import strategies as st

TCHARS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
COOKIE_OCTETS = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in '",;\\')
names = st.text(TCHARS, min_size=1, max_size=20).filter(lambda name: not name.lower().startswith("__"))
values = st.text(COOKIE_OCTETS, max_size=40)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2 ;\tc = 3", {"a": "1", "b": "2", "c": "3"}),
        ('a="1 2"; b=""; c="', {"a": "1 2", "b": "", "c": '"'}),
        ("a=x=y==", {"a": "x=y=="}),
        ("a=", {"a": ""}),
        ("a; =b; ;;; c=3", {"c": "3"}),
        ("a=%C3%A9; b=é", {"a": "%C3%A9", "b": "é"}),
        ("$Version=1; a=1", {"$Version": "1", "a": "1"}),
        ("A=1; a=2", {"A": "1", "a": "2"}),
    ],
)
def test_the_cookie_field_is_read_leniently(header, expected):
    """RFC 6265bis §4.2.1: split at semicolons, blanks and quotes off; what is no pair is passed over."""
    assert parse_cookies(header) == expected


def test_the_first_of_two_cookies_wins():
    """RFC 6265bis §5.8.3: longer paths are sent first, so the first is the more specific one."""
    assert parse_cookies("id=specific; id=general") == {"id": "specific"}


def test_the_number_of_cookies_is_bounded():
    """A field with more parts than any browser keeps costs no more than that."""
    header = ";".join(f"c{number}=1" for number in range(MAX_COOKIES + 500))
    assert len(parse_cookies(header)) == MAX_COOKIES


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_cookie_field_is_an_error(header):
    """Whatever a client sends, parsing gives a dict of str."""
    for name, value in parse_cookies(header).items():
        assert name
        assert isinstance(value, str)


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=5))
def test_what_is_set_comes_back(cookies):
    """Every name and value that format_set_cookie accepts, parse_cookies gives back unchanged."""
    pairs = [format_set_cookie(name, value).partition(";")[0] for name, value in cookies.items()]
    assert parse_cookies("; ".join(pairs)) == cookies


def test_every_attribute_is_written():
    """RFC 6265bis §4.1.1: the attributes and their forms."""
    assert format_set_cookie(
        "id",
        "42",
        max_age=timedelta(hours=1),
        expires=datetime(1994, 11, 6, 9, 49, 37, tzinfo=timezone(timedelta(hours=1))),
        path="/app",
        domain=".Example.COM",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    ) == (
        "id=42; Max-Age=3600; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Domain=example.com; Path=/app; "
        "Secure; HttpOnly; SameSite=None; Partitioned"
    )


def test_the_defaults_are_safe():
    """Without arguments a cookie is for the whole host and SameSite=Lax."""
    assert format_set_cookie("a", "b") == "a=b; Path=/; SameSite=Lax"
    assert format_set_cookie("a", "b", path=None, samesite=None) == "a=b"


@pytest.mark.parametrize(
    ("expires", "text"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), "Wed, 02 Jan 2030 03:04:05 GMT"),
        ("Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ],
)
def test_expires_takes_datetimes_unix_time_and_dates(expires, text):
    """RFC 6265bis §4.1.2.1: Expires is written as IMF-fixdate, whatever it was given as."""
    assert f"Expires={text}" in format_set_cookie("a", "b", expires=expires)


@pytest.mark.parametrize("octet", ["\r", "\n", "\0", ";", ",", " ", '"', "\\", "é", "\x7f", "\t", "€"])
def test_an_octet_that_is_no_cookie_octet_is_refused_in_values(octet):
    """RFC 6265bis §4.1.1: cookie-octet; the error names the character and says what to do."""
    with pytest.raises(ValueError, match=r"cookie a: .* may not stand in a value .* encode it"):
        format_set_cookie("a", f"x{octet}y")


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "a\r\n", "é", 'a"', "a,b", None, 3, b"a"])
def test_a_name_must_be_a_token(name):
    """RFC 6265bis §4.1.1: cookie-name = token."""
    with pytest.raises(ValueError, match="cookie name"):
        format_set_cookie(name, "x")


@pytest.mark.parametrize(
    "attributes",
    [
        {"path": "relative"},
        {"path": "/a;b"},
        {"path": "/a\r\nSet-Cookie: b=c"},
        {"path": "/\0"},
        {"path": "/é"},
        {"path": "/" + "x" * 1024},
        {"path": ""},
        {"path": 3},
        {"domain": ""},
        {"domain": "a;b"},
        {"domain": "a b.com"},
        {"domain": "a..b"},
        {"domain": "-a.com"},
        {"domain": "exämple.com"},
        {"domain": "a.com\r\n"},
        {"domain": "a.com/x"},
        {"domain": "x." * 200 + "com"},
        {"domain": 3},
        {"max_age": "3600"},
        {"max_age": 1.5},
        {"max_age": True},
        {"max_age": 10**19},
        {"expires": "tomorrow"},
        {"expires": "Sun, 06 Nov 1994 08:49:37 GMT; Path=/"},
        {"expires": datetime(2030, 1, 1)},
        {"expires": 10**15},
        {"expires": True},
        {"expires": []},
        {"samesite": "relaxed"},
        {"samesite": "lax; Secure"},
        {"samesite": True},
        {"samesite": "none"},
        {"partitioned": True},
    ],
)
def test_an_attribute_that_cannot_be_sent_is_refused(attributes):
    """Each attribute is checked where it is given; the error names it."""
    with pytest.raises(ValueError, match=next(iter(attributes))):
        format_set_cookie("a", "b", **attributes)


@pytest.mark.parametrize(
    ("name", "attributes", "demand"),
    [
        ("__Secure-a", {}, "secure=True"),
        ("__SECURE-a", {}, "secure=True"),
        ("__Host-a", {}, "secure=True"),
        ("__Host-a", {"secure": True, "path": "/x"}, "path='/'"),
        ("__Host-a", {"secure": True, "path": None}, "path='/'"),
        ("__host-a", {"secure": True, "domain": "example.com"}, "no domain"),
    ],
)
def test_the_promise_of_a_name_prefix_is_enforced(name, attributes, demand):
    """RFC 6265bis §4.1.3: __Secure- demands Secure; __Host- also Path=/ and no Domain; in any case."""
    with pytest.raises(ValueError, match=demand):
        format_set_cookie(name, "x", **attributes)


def test_prefixed_names_pass_when_the_promise_is_kept():
    """RFC 6265bis §4.1.3."""
    assert format_set_cookie("__Host-a", "x", secure=True).startswith("__Host-a=x; Path=/; Secure")
    assert "Domain=a.com" in format_set_cookie("__Secure-a", "x", secure=True, domain="a.com")


def test_a_cookie_that_user_agents_would_drop_for_its_size_is_refused():
    """RFC 6265bis §5.7: name and value of more than 4096 octets together are ignored."""
    assert format_set_cookie("a", "x" * (MAX_NAME_AND_VALUE - 1))
    with pytest.raises(ValueError, match="4097 octets"):
        format_set_cookie("a", "x" * MAX_NAME_AND_VALUE)


def test_a_value_must_be_text():
    """Numbers are not turned into text behind the caller's back."""
    with pytest.raises(ValueError, match="a str as value, got 42"):
        format_set_cookie("a", 42)


def test_deleting_names_path_and_domain_again():
    """RFC 6265bis §3.1: a cookie is removed by the same name, path and domain with a date in the past."""
    assert format_delete_cookie("a", path="/x", domain="example.com", samesite=None) == (
        "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=example.com; Path=/x"
    )


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("__Host-a", {}), ("__Secure-a", {}), ("a", {"samesite": "none"}), ("a", {"partitioned": True})],
)
def test_deleting_adds_secure_where_the_user_agent_demands_it(name, attributes):
    """RFC 6265bis §5.7: without Secure the deletion itself would be ignored."""
    assert "; Secure" in format_delete_cookie(name, **attributes)


def test_deleting_checks_as_setting_does():
    """A name that cannot have been set cannot be deleted."""
    with pytest.raises(ValueError, match="cookie name"):
        format_delete_cookie("a b")
    with pytest.raises(ValueError, match="samesite"):
        format_delete_cookie("a", samesite="x")


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_nothing_can_split_or_extend_the_field(name, value, path, domain):
    """Whatever is accepted is visible ASCII with exactly the attributes asked for."""
    try:
        field = format_set_cookie(name, value, path="/" + path, domain=domain)
    except ValueError:
        return
    assert field.isascii()
    assert field.isprintable()
    assert [part.partition("=")[0] for part in field.split("; ")] == [name, "Domain", "Path", "SameSite"]
