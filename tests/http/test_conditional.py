"""Facts about HTTP dates (RFC 9110 §5.6.7) and conditional requests (§13)."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from areion_http._conditional import (
    check_etag,
    if_range_holds,
    matches_strongly,
    matches_weakly,
    parse_etags,
)
from areion_http.files import evaluate_conditionals, format_http_date, parse_http_date
from areion_http.headers import Headers
from hypothesis import given, settings
from hypothesis import strategies as st

NOVEMBER = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
T = 784111777  # NOVEMBER
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"


@pytest.mark.parametrize(
    "text",
    [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT"],
)
def test_three_forms_of_a_date_are_read(text):
    """RFC 9110 §5.6.7: IMF-fixdate, rfc850-date and asctime-date; the day's name is not compared."""
    assert parse_http_date(text, now=NOW) == NOVEMBER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        DATE + " ",
        " " + DATE,
        DATE + "\n",
        DATE + ", " + DATE,
        DATE.lower(),
        DATE.replace("GMT", "UTC"),
        DATE.replace("GMT", "+0000"),
        DATE.replace("06", "6"),
        DATE.replace("Nov", "Now"),
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Fri, 31 Dec 9999 23:59:60 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 29-Feb-70 08:49:37 GMT",
        "Sun Nov 06 08:49:37 1994 GMT",
        "Sun Nov 6 08:49:37 1994",
        "1994-11-06T08:49:37Z",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37 GMT".replace("1", "\u0661"),
    ],
)
def test_what_is_no_date_is_none(text):
    """RFC 9110 §13.1.3: a value that is no HTTP-date is ignored, so reading it gives None, never an error."""
    assert parse_http_date(text, now=NOW) is None


@pytest.mark.parametrize(
    ("year", "now", "century"),
    [
        ("94", 2026, 1994),
        ("26", 2026, 2026),
        ("76", 2026, 2076),  # exactly 50 years ahead, same second
        ("77", 2026, 1977),
        ("00", 2099, 2100),
        ("40", 2099, 2140),
        ("50", 2099, 2050),
        ("99", 2000, 1999),
        ("49", 2000, 2049),
    ],
)
def test_a_two_digit_year_is_at_most_fifty_years_ahead(year, now, century):
    """RFC 9110 §5.6.7: more than 50 years in the future means the most recent past year with these digits."""
    parsed = parse_http_date(
        f"Sunday, 06-Nov-{year} 08:49:37 GMT", now=datetime(now, 11, 6, 8, 49, 37, tzinfo=UTC)
    )
    assert parsed.year == century


def test_fifty_years_and_a_second_ahead_is_past():
    """RFC 9110 §5.6.7: the rule holds to the second."""
    now = datetime(2026, 11, 6, 8, 49, 37, tzinfo=UTC)
    parsed = parse_http_date("Friday, 06-Nov-76 08:49:38 GMT", now=now)
    assert parsed.year == 1976


def test_a_leap_second_is_the_next_second():
    """RFC 9110 §5.6.7: the grammar admits second 60."""
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == datetime(2017, 1, 1, tzinfo=UTC)


def test_a_two_digit_leap_day_finds_a_year_that_has_it():
    """29 February of a year ``00`` is 2000's: 2100 has none."""
    parsed = parse_http_date("Tuesday, 29-Feb-00 00:00:00 GMT", now=datetime(2080, 1, 1, tzinfo=UTC))
    assert parsed == datetime(2000, 2, 29, tzinfo=UTC)


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_dates_survive_the_way_there_and_back(moment):
    """What is written is what the standard library writes, and is read as the same second."""
    text = format_http_date(moment)
    assert text == format_datetime(moment.replace(microsecond=0), usegmt=True)
    assert parse_http_date(text) == moment.replace(microsecond=0)


@settings(deadline=None)
@given(st.integers(0, 10**10), st.floats(0, 0.999))
def test_numbers_are_seconds_since_the_epoch(seconds, fraction):
    """Fractions are cut off, not rounded: a date must not lie after the moment."""
    assert format_http_date(seconds + fraction) == format_http_date(datetime.fromtimestamp(seconds, UTC))


def test_other_time_zones_are_converted():
    """RFC 9110 §5.6.7: an HTTP-date is in UTC."""
    assert format_http_date(NOVEMBER.astimezone(timezone(timedelta(hours=9)))) == DATE


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), 10**15, -(10**15)])
def test_a_moment_that_cannot_be_written_is_refused(moment):
    """A datetime without a zone is not guessed to be UTC; years end at 9999."""
    with pytest.raises(ValueError, match="moment"):
        format_http_date(moment)


@settings(deadline=None)
@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_reading_a_date_never_raises(text):
    """Any text gives a date or None."""
    assert parse_http_date(text) is None or text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*", "*"),
        ('"a"', ['"a"']),
        ('"a", W/"b","c"', ['"a"', 'W/"b"', '"c"']),
        (' ,, "a" ,\t, "b",', ['"a"', '"b"']),
        ('""', ['""']),
        ('"a,b"', ['"a,b"']),
        ('"a\\"', ['"a\\"']),
        ('"\x80\xff"', ['"\x80\xff"']),
        ("a", []),
        ('w/"a"', []),
        ('"a" "b"', []),
        ('"a', []),
        ('"a b"', []),
        ('*, "a"', []),
        ("", []),
        (",", []),
        ('"a"\n', []),
    ],
)
def test_entity_tag_lists(value, expected):
    """RFC 9110 §8.8.3, §13.1.1, §5.6.1.2: a list of quoted tags or *; what is malformed matches nothing."""
    assert parse_etags(value) == expected


def test_a_long_malformed_list_is_refused_in_linear_time():
    """A list that fails at its end is not tried again from every position."""
    assert parse_etags('"a",' * 20_000 + "x") == []
    assert parse_etags("," * 60_000 + "x") == []
    assert parse_etags(" \t" * 30_000) == []


def test_weak_and_strong_comparison():
    """RFC 9110 §8.8.3.2: the table of the RFC."""
    table = [('W/"1"', 'W/"1"', False, True), ('W/"1"', 'W/"2"', False, False)]
    table += [('W/"1"', '"1"', False, True), ('"1"', '"1"', True, True)]
    for one, other, strong, weak in table:
        assert matches_strongly(one, [other]) is strong
        assert matches_weakly(one, [other]) is weak
    assert not matches_strongly(None, ['"1"'])
    assert not matches_weakly(None, ['"1"'])


def headers(**fields):
    return Headers({name.replace("_", "-"): value for name, value in fields.items()})


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        # §13.1.1 If-Match: strong comparison; * is any current representation.
        ("GET", {"If_Match": '"v1"'}, None),
        ("PUT", {"If_Match": '"v1"'}, None),
        ("PUT", {"If_Match": '"v0", "v1"'}, None),
        ("PUT", {"If_Match": "*"}, None),
        ("PUT", {"If_Match": '"v0"'}, 412),
        ("PUT", {"If_Match": 'W/"v1"'}, 412),
        ("PUT", {"If_Match": "v1"}, 412),
        # §13.1.4 If-Unmodified-Since; ignored beside If-Match and when it is no date.
        ("PUT", {"If_Unmodified_Since": DATE}, None),
        ("PUT", {"If_Unmodified_Since": LATER}, None),
        ("PUT", {"If_Unmodified_Since": EARLIER}, 412),
        ("PUT", {"If_Unmodified_Since": "yesterday"}, None),
        ("PUT", {"If_Unmodified_Since": EARLIER, "If_Match": '"v1"'}, None),
        # §13.1.2 If-None-Match: weak comparison; 304 for GET and HEAD, else 412.
        ("GET", {"If_None_Match": '"v1"'}, 304),
        ("HEAD", {"If_None_Match": '"v1"'}, 304),
        ("GET", {"If_None_Match": 'W/"v1"'}, 304),
        ("GET", {"If_None_Match": '"v0", "v1"'}, 304),
        ("GET", {"If_None_Match": "*"}, 304),
        ("GET", {"If_None_Match": '"v0"'}, None),
        ("GET", {"If_None_Match": "v1"}, None),
        ("PUT", {"If_None_Match": "*"}, 412),
        ("DELETE", {"If_None_Match": '"v1"'}, 412),
        # §13.1.3 If-Modified-Since: GET and HEAD only, ignored beside If-None-Match and when it is no date.
        ("GET", {"If_Modified_Since": DATE}, 304),
        ("HEAD", {"If_Modified_Since": LATER}, 304),
        ("GET", {"If_Modified_Since": "Sun Nov  6 08:49:37 1994"}, 304),
        ("GET", {"If_Modified_Since": EARLIER}, None),
        ("GET", {"If_Modified_Since": "x"}, None),
        ("POST", {"If_Modified_Since": DATE}, None),
        ("GET", {"If_Modified_Since": DATE, "If_None_Match": '"v0"'}, None),
        ("GET", {"If_Modified_Since": EARLIER, "If_None_Match": '"v1"'}, 304),
        # §13.2.2: the order of precedence.
        ("GET", {"If_Match": '"v0"', "If_None_Match": '"v1"'}, 412),
        ("GET", {"If_Match": '"v1"', "If_None_Match": '"v1"'}, 304),
        ("GET", {"If_Unmodified_Since": EARLIER, "If_None_Match": '"v1"'}, 412),
        # §13.2.1: methods without a representation to select.
        ("OPTIONS", {"If_Match": '"v0"'}, None),
        ("CONNECT", {"If_None_Match": "*"}, None),
        ("TRACE", {"If_None_Match": "*"}, None),
        ("GET", {}, None),
    ],
)
def test_preconditions(method, fields, expected):
    """RFC 9110 §13: each field alone, and their order."""
    assert evaluate_conditionals(method, headers(**fields), etag='"v1"', last_modified=T + 0.5) == expected
    assert evaluate_conditionals(method, headers(**fields), '"v1"', NOVEMBER) == expected


def test_fields_on_several_lines_are_one_list():
    """RFC 9110 §5.3: tags are joined; two dates are no date (§13.1.3) and are ignored."""
    tags = Headers([("If-None-Match", '"v0"'), ("if-none-match", '"v1"')])
    assert evaluate_conditionals("GET", tags, '"v1"') == 304
    dates = Headers([("If-Modified-Since", DATE), ("If-Modified-Since", DATE)])
    assert evaluate_conditionals("GET", dates, None, T) is None


def test_without_a_representation_the_star_matches_nothing():
    """RFC 9110 §13.1.1, §13.1.2: * is false for If-Match and true for If-None-Match when nothing exists."""
    assert evaluate_conditionals("PUT", headers(If_Match="*"), exists=False) == 412
    assert evaluate_conditionals("PUT", headers(If_None_Match="*"), exists=False) is None


def test_without_validators_dates_are_ignored():
    """RFC 9110 §13.1.3, §13.1.4: ignored if no modification date is available."""
    assert evaluate_conditionals("GET", headers(If_Modified_Since=DATE)) is None
    assert evaluate_conditionals("GET", headers(If_Unmodified_Since=EARLIER)) is None
    assert evaluate_conditionals("GET", headers(If_Match='"v1"')) == 412


def test_wrong_validators_are_the_callers_error():
    """An etag without quotes or a datetime without a zone is refused, not repaired."""
    with pytest.raises(ValueError, match="etag"):
        evaluate_conditionals("GET", headers(), etag="v1")
    with pytest.raises(ValueError, match="last_modified"):
        evaluate_conditionals("GET", headers(), last_modified=datetime(2026, 1, 1))
    for etag in ("x", 'w/"x"', '"a"b', '"a\r\n"', '"a b"', '"a"\n'):
        with pytest.raises(ValueError, match="etag"):
            check_etag(etag)


@pytest.mark.parametrize(
    ("if_range", "etag", "holds"),
    [
        ('"v1"', '"v1"', True),
        ('"v0"', '"v1"', False),
        ('W/"v1"', 'W/"v1"', False),
        ('"v1"', 'W/"v1"', False),
        ('"v1", "v2"', '"v1"', False),
        (DATE, '"v1"', True),
        (LATER, '"v1"', False),
        (EARLIER, '"v1"', False),
        ("*", '"v1"', False),
        ("nonsense", '"v1"', False),
    ],
)
def test_if_range(if_range, etag, holds):
    """RFC 9110 §13.1.5: strong comparison, or exactly the date of the last modification."""
    assert if_range_holds(headers(If_Range=if_range), etag, T + 0.9, T + 60) is holds


def test_if_range_by_a_date_that_is_no_strong_validator():
    """RFC 9110 §8.8.2.2: within the second of the modification the date proves nothing."""
    assert not if_range_holds(headers(If_Range=DATE), '"v1"', T, T + 0.5)
    assert not if_range_holds(headers(If_Range=DATE), '"v1"', None, T + 60)


def test_without_if_range_a_range_applies():
    """RFC 9110 §13.2.2, step 5: only when Range and If-Range are both present."""
    assert if_range_holds(headers(), None, None, T)


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "HEAD", "PUT"]), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20)
)
def test_any_field_values_give_an_answer(method, match, none_match, since):
    """No field value is an error of the server."""

    class Fields:
        def getall(self, name):
            return {"if-match": [match], "if-none-match": [none_match]}.get(name, [since])

    assert evaluate_conditionals(method, Fields(), '"v1"', T) in {None, 304, 412}
